"""The History tab, as a browser without JavaScript shows it."""

import html
import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from pretended import SECRET, Pretended, ask, awake, job

from farmhand.manager.rules.workers import Announcement
from farmhand.manager.storage import agents, calls, samples
from farmhand.manager.storage.agents import Enrolment, Seen
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import Status

RUNS = ["a" * 32, "b" * 32, "c" * 32]


@pytest.fixture
def worker(store: Store) -> Pretended:
    return awake(store, "node-1")


def shown(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def sees(store: Store, agent: str, run: str, *, exit: str = "", restarts: int = 0, down: int | None = None) -> None:
    why = "exit code 47 is in RestartForceExitStatus="
    active = "activating" if exit else "active"
    service = Seen("worker@1", run, active, "", "success", restarts, exit, 47, True, why, down)
    agents.report(store, agent, "farmhand", "", [service])


def signs_on(worker: Pretended, run: str) -> None:
    assert worker.store.authenticate(worker.id, SECRET)
    said = Announcement(worker.name, "1", ("misc",), True, "10.20.4.14", None, run, 47)
    calls.sign_on(worker.store, worker.id, said)
    worker.becomes(Status.AWAKE)


def restart(store: Store, worker: Pretended, *, seen: bool = True) -> None:
    """Restart a worker under the eyes of an agent, which sees its service end, or only that it is up again."""
    agent = agents.enrol(store, Enrolment("agent-7", "linux", "1", "secret", "00" * 32, ""))
    sees(store, agent, RUNS[0])
    signs_on(worker, RUNS[0])
    ask(store, Status.RESTART, worker)
    worker.learns()
    worker.signs_off()
    if seen:
        sees(store, agent, RUNS[0], exit="exit code 47")
    sees(store, agent, RUNS[1], restarts=1, down=3104 if seen else None)
    signs_on(worker, RUNS[1])


def test_a_restart_is_told_from_the_wish_to_the_sign_of_life(
    client: FlaskClient, store: Store, worker: Pretended
) -> None:
    restart(store, worker)
    page = shown(client, f"/workers/{worker.id}/history?show=")
    words = [
        "Restarted, as asked",
        "Signed on again",
        "Ended with exit code 47, and was started again by its supervisor in 3.1 s worker@1, attested by its agent",
        "Signed off",
        "Seen by the worker",
        "Restart immediately asked for by kim",
    ]
    found = [page.index(each) for each in words]
    assert found == sorted(found)
    assert page.count("Its service worker@1") == 1


def test_what_no_agent_saw_is_not_claimed(client: FlaskClient, store: Store, worker: Pretended) -> None:
    restart(store, worker, seen=False)
    page = shown(client, f"/workers/{worker.id}/history")
    assert "Was started again by its supervisor worker@1" in page
    assert "exit code 47, and" not in page
    assert "Not known: no agent saw it 2" in page  # this one, and the one before the agent was there


def test_ends_are_counted_by_their_cause(client: FlaskClient, store: Store, worker: Pretended) -> None:
    restart(store, worker)
    assert "Ends of its process in 14 days: restart code 1" in client.get(f"/workers/{worker.id}/history").text


def test_it_is_paged_through_to_its_begin(client: FlaskClient, store: Store, worker: Pretended) -> None:
    for _ in range(40):
        worker.becomes(Status.ASLEEP)
        worker.becomes(Status.AWAKE)
    address, page, told, pages = f"/workers/{worker.id}/history", "", 0, 0
    while address:
        page = client.get(address).text
        told, pages = told + page.count("Is now a"), pages + 1
        [older] = re.findall(r'href="([^"]+)">Older', page) or [""]
        address = html.unescape(older)
    assert "Registered" in page
    assert (told, pages) == (81, 2)


def test_a_part_of_it_can_be_asked_for(client: FlaskClient, store: Store, worker: Pretended) -> None:
    ask(store, Status.ASLEEP, worker)
    assert "Send to Sleep immediately asked for" in shown(client, f"/workers/{worker.id}/history?show=changes")
    ends = shown(client, f"/workers/{worker.id}/history?show=ends")
    assert "asked for by kim" not in ends
    assert "Signed on" in ends


@pytest.mark.parametrize("query", ["reach=year", "show=x", "before=x", "before=-1"])
def test_what_there_is_not_is_refused(client: FlaskClient, worker: Pretended, query: str) -> None:
    assert client.get(f"/workers/{worker.id}/history?{query}").status_code == 400


def test_a_worker_at_work_is_drawn_so(client: FlaskClient, store: Store, worker: Pretended) -> None:
    job(store)
    worker.asks_for_work()
    page = client.get(f"/workers/{worker.id}/history?reach=week")
    assert page.status_code == 200
    assert "The last 7 days" in page.text


@pytest.mark.parametrize("path", ["/farm", "/workers/{}/history"])
def test_charts_tell_the_time_of_the_farms_zone_whatever_the_machines_is(
    client: FlaskClient, store: Store, worker: Pretended, path: str
) -> None:
    store.clock = store.database.clock = lambda: 1_900_000_000_000  # 17:46:40 UTC
    store.settings = replace(store.settings, time_zone="Asia/Kathmandu")  # 5:45 h later
    samples.take(store)
    ticks = re.findall(r"\d\d:\d\d", shown(client, path.format(worker.id)))
    assert {"23:31", "05:31", "11:31", "17:31"} <= set(ticks)
