"""The pages of tags, without JavaScript."""

import pytest
from flask.testing import FlaskClient
from pretended import Pretended, awake, submit

from farmhand.manager.rules.jobs import DraftTask
from farmhand.manager.storage import schedules, tagging, tags
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import Status


@pytest.fixture
def workers(store: Store) -> list[Pretended]:
    return [awake(store, f"node-{n}") for n in (1, 2, 3)]


def given(store: Store, worker: Pretended) -> list[str]:
    return [tag.name for tag in tags.of_worker(store, worker.id)]


def test_without_a_tag_the_page_says_what_they_are_for(client: FlaskClient) -> None:
    assert "No tag yet" in client.get("/tags").text


def test_a_tag_is_made_renamed_and_deleted(client: FlaskClient, store: Store) -> None:
    page = client.post("/tags", data={"name": " gpu ", "description": "fast"}, follow_redirects=True)
    assert "The tag gpu is made." in page.text
    [tag] = tags.every(store)
    page = client.post(f"/tags/{tag.id}", data={"name": "gpu-2", "description": "faster"}, follow_redirects=True)
    assert "The tag is changed." in page.text
    assert tags.every(store)[0].name == "gpu-2"
    page = client.post(f"/tags/{tag.id}", data={"do": "delete"}, follow_redirects=True)
    assert "The tag gpu-2 is deleted." in page.text
    assert tags.every(store) == []
    assert client.get(f"/tags/{tag.id}").status_code == 404


@pytest.mark.parametrize(
    ("name", "says"), [("", "name: it is missing"), ("x" * 81, "81 characters"), ("gpu", "already")]
)
def test_a_name_that_cannot_be_is_refused_and_shown_again(
    client: FlaskClient, store: Store, name: str, says: str
) -> None:
    kept = tags.add(store, "gpu", "", "kim")
    other = tags.add(store, "cpu", "", "kim")
    for path in ("/tags", f"/tags/{other.id}"):
        page = client.post(path, data={"name": name, "description": "mine"})
        assert page.status_code == 400
        assert says in page.text
    assert {tag.name for tag in tags.every(store)} == {"cpu", "gpu"}
    assert kept in tags.every(store)


def test_what_deleting_would_do_is_said_first(client: FlaskClient, store: Store, workers: list[Pretended]) -> None:
    tag = tags.add(store, "gpu", "", "kim")
    assert "nobody has it, and no job asks for it" in client.get(f"/tags/{tag.id}").text
    tagging.give(store, [worker.id for worker in workers[:2]], tag.id, "kim")
    job_id = submit(store, DraftTask("frame", "misc", ()))
    tags.set_of_job(store, job_id, "kim", tag_id=tag.id)
    text = client.get(f"/tags/{tag.id}").text
    assert "2 workers lose it" in text
    assert "1 job that asks for it waits until it gets another tag, or none" in text


def test_tags_are_given_to_the_selected_workers_and_taken(
    client: FlaskClient, store: Store, workers: list[Pretended]
) -> None:
    gpu, cpu = tags.add(store, "gpu", "", "kim"), tags.add(store, "cpu", "", "kim")
    tags.give(store, workers[0].id, [cpu.id, gpu.id], "kim")
    form = {"worker": [workers[0].id, workers[1].id], "tagging": f"give {gpu.id}", "back": "/workers?q=node"}
    page = client.post("/workers/tags", data=form, follow_redirects=True)
    assert "The tag gpu is given to 1 worker; 1 worker had it already." in page.text
    assert page.request.args["q"] == "node"
    assert [given(store, worker) for worker in workers] == [["cpu", "gpu"], ["gpu"], []]
    page = client.post("/workers/tags", data={**form, "tagging": f"take {gpu.id}"}, follow_redirects=True)
    assert "The tag gpu is taken from 2 workers." in page.text
    assert [given(store, worker) for worker in workers] == [["cpu"], [], []]


@pytest.mark.parametrize(("tagging", "status"), [("", 400), ("dance x", 400), ("give nothing", 404)])
def test_what_is_to_be_done_with_a_tag_has_to_be_clear(
    client: FlaskClient, workers: list[Pretended], tagging: str, status: int
) -> None:
    answer = client.post("/workers/tags", data={"worker": workers[0].id, "tagging": tagging})
    assert answer.status_code == status


def test_nobody_selected_is_said(client: FlaskClient, store: Store) -> None:
    tag = tags.add(store, "gpu", "", "kim")
    page = client.post("/workers/tags", data={"tagging": f"give {tag.id}"}, follow_redirects=True)
    assert "Select the workers that it is for. Nothing was changed." in page.text


def test_a_tag_has_a_sleep_schedule_like_a_worker(client: FlaskClient, store: Store, workers: list[Pretended]) -> None:
    tag = tags.add(store, "night", "", "kim")
    tagging.give(store, [workers[0].id], tag.id, "kim")
    always = {"days": "", "start": "00:00", "end": "24:00", "zone": "UTC", "lazy": "yes", "on": "active"}
    page = client.post(f"/tags/{tag.id}/sleep", data=always, follow_redirects=True)
    assert "The sleep schedule is saved" in page.text
    request = store.worker(workers[0].id).request
    assert request is not None
    assert request.wish.status is Status.ASLEEP
    assert "By schedule" in client.get("/tags").text
    assert "its sleep schedule goes too" in client.get(f"/tags/{tag.id}").text
    assert client.post(f"/tags/{tag.id}/sleep", data={**always, "start": "25:00"}).status_code == 400
    assert "is removed" in client.post(f"/tags/{tag.id}/sleep", data={"remove": "yes"}, follow_redirects=True).text
    assert schedules.every(store) == []
