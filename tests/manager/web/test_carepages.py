"""A worker's tags, and forgetting it, without JavaScript."""

import re

import pytest
from flask.testing import FlaskClient
from pretended import Pretended, awake, job, statuses

from farmhand.manager.storage import tags
from farmhand.manager.storage.store import Missing, Store


@pytest.fixture
def worker(store: Store) -> Pretended:
    return awake(store, "node-1")


def ticked(client: FlaskClient, worker: Pretended) -> list[str]:
    page = client.get(f"/workers/{worker.id}").text
    return re.findall(r'name="tag" value="[^"]+" checked><span class="cut">([^<]+)<', page)


def test_tags_are_given_and_taken_away(client: FlaskClient, store: Store, worker: Pretended) -> None:
    gpu, night = tags.add(store, "gpu", "", "kim"), tags.add(store, "night <b>", "", "kim")
    tags.give(store, worker.id, [gpu.id], "kim")
    assert ticked(client, worker) == ["gpu"]
    answer = client.post(f"/workers/{worker.id}/tags", data={"tag": [night.id]}, follow_redirects=True)
    assert "The tags are saved." in answer.text
    assert ticked(client, worker) == ["night &lt;b&gt;"]
    client.post(f"/workers/{worker.id}/tags", data={})
    assert ticked(client, worker) == []


def test_a_tag_that_is_no_more_changes_nothing(client: FlaskClient, store: Store, worker: Pretended) -> None:
    gpu = tags.add(store, "gpu", "", "kim")
    tags.give(store, worker.id, [gpu.id], "kim")
    answer = client.post(f"/workers/{worker.id}/tags", data={"tag": ["gone"]}, follow_redirects=True)
    assert "is no more" in answer.text
    assert ticked(client, worker) == ["gpu"]


def test_what_forgetting_does_is_said_before(client: FlaskClient, store: Store, worker: Pretended) -> None:
    job_id = job(store, "Shot 7", tasks=1)
    worker.asks_for_work()
    page = client.get(f"/workers/{worker.id}/forget").text
    assert "<b>Shot 7, Frame 1</b> is taken from it and queued again" in page
    assert "Its process runs" in page
    assert store.worker(worker.id)
    answer = client.post(f"/workers/{worker.id}/forget", follow_redirects=True)
    assert "node-1 is forgotten." in answer.text
    assert statuses(store, job_id) == ["queued"]
    with pytest.raises(Missing):
        store.worker(worker.id)


def test_forgetting_twice_is_no_error(client: FlaskClient, worker: Pretended) -> None:
    client.post(f"/workers/{worker.id}/forget")
    assert "forgotten before" in client.post(f"/workers/{worker.id}/forget", follow_redirects=True).text


def test_one_that_is_gone_is_forgotten_without_a_warning(client: FlaskClient, worker: Pretended) -> None:
    worker.signs_off()
    page = client.get(f"/workers/{worker.id}/forget").text
    assert "Its process runs" not in page
    assert "It has no task at the moment" in page
