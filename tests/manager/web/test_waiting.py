"""What waits, over real connections: the workers' bell and the live streams."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from threading import Thread

import pytest
import urllib3
from manager_server import serving
from polling import until
from pretended import SECRET, Pretended, ask, awake, job, register
from streams import http, stream

from farmhand.manager.rules.jobs import JobStatus
from farmhand.manager.storage.store import Store
from farmhand.manager.web.live import live
from farmhand.manager.web.site import build
from farmhand.worker.wire import PUSH, Status

# What nobody is told of comes with the next look, seconds later; tests/bench measures how soon what is told comes.
SOON = live.TICK / 2


def push(url: str, worker: str, since: int | str = 0, secret: str = SECRET) -> urllib3.BaseHTTPResponse:
    headers = urllib3.make_headers(basic_auth=f"{worker}:{secret}")
    return http.request("GET", f"{url}{PUSH}?since={since}", headers=headers, retries=False, timeout=40)


def waiting(store: Store, worker: Pretended) -> bool:
    """Say whether the manager knows that the worker keeps a request open."""
    return store.worker(worker.id).pushes


# -- the bell


def test_what_has_happened_already_is_told_at_once(url: str, store: Store) -> None:
    worker = awake(store, "node-1")
    before = store.bell(worker.id)
    ask(store, Status.ASLEEP, worker)
    answer = push(url, worker.id, before)
    assert (answer.status, answer.json()) == (200, {"seq": store.bell(worker.id)})


def test_a_request_rings_at_once(url: str, store: Store) -> None:
    took = []
    for n in range(5):
        worker = awake(store, f"node-{n}")
        with ThreadPoolExecutor() as pool:
            since = store.bell(worker.id)
            rung = pool.submit(lambda: (push(url, worker.id, since).status, time.monotonic()))  # noqa: B023
            until(lambda: waiting(store, worker), "the worker to wait")  # noqa: B023
            begun = time.monotonic()
            ask(store, Status.ASLEEP, worker)
            status, at = rung.result()
        assert status == 200
        took.append(at - begun)
    assert median(took) < SOON


def test_new_work_rings_the_idle(url: str, store: Store) -> None:
    worker = awake(store, "node-1")
    with ThreadPoolExecutor() as pool:
        rung = pool.submit(push, url, worker.id, store.bell(worker.id))
        until(lambda: waiting(store, worker), "the worker to wait")
        job(store)
        assert rung.result().status == 200


def test_by_asking_a_worker_says_that_it_has_seen_everything_so_far(url: str, store: Store) -> None:
    worker = awake(store, "node-1")
    ask(store, Status.ASLEEP, worker)
    seq = push(url, worker.id).json()["seq"]
    assert store.worker(worker.id).request.seen_at is None  # type: ignore[union-attr]
    with ThreadPoolExecutor() as pool:
        pool.submit(push, url, worker.id, seq)
        until(lambda: store.worker(worker.id).request.seen_at, "the request to be seen")  # type: ignore[union-attr]
        ask(store, Status.OFFLINE, worker)


def test_two_hundred_wait_at_once_and_only_one_is_rung(url: str, store: Store) -> None:
    workers = [awake(store, f"node-{n}") for n in range(200)]
    with ThreadPoolExecutor(200) as pool:
        asked = {worker: pool.submit(push, url, worker.id, store.bell(worker.id)) for worker in workers}
        until(lambda: all(worker.pushes for worker in store.workers()), "all to wait")
        chosen = workers[117]
        ask(store, Status.ASLEEP, chosen)
        assert asked[chosen].result().status == 200
        assert http.request("GET", f"{url}/workers?q=node-117").status == 200
        assert [worker for worker, answer in asked.items() if answer.done()] == [chosen]
        ask(store, Status.ASLEEP, *workers)
        assert all(answer.result().status == 200 for answer in asked.values())


def test_a_worker_that_hangs_up_has_little_time_to_be_heard_again(url: str, store: Store) -> None:
    worker = awake(store, "node-1")
    long = 3600_000
    credentials = urllib3.make_headers(basic_auth=f"{worker.id}:{SECRET}")["authorization"]
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as line:
        head = f"GET {PUSH}?since={store.newest()} HTTP/1.1\r\nHost: x\r\nAuthorization: {credentials}\r\n\r\n"
        line.sendall(head.encode())
        until(lambda: waiting(store, worker), "the request to wait")
        assert store.seen.due(worker.id, long) > store.steady() + long / 2
    until(lambda: store.seen.due(worker.id, long) < store.steady() + 6000, "the end of the connection to be noticed")
    assert store.authenticate(worker.id, SECRET)
    assert store.seen.due(worker.id, long) > store.steady() + long / 2


@pytest.mark.parametrize("since", ["x", "-1", "1.5", "9" * 30, "²"])
def test_a_since_that_is_no_number_is_refused(url: str, store: Store, since: str) -> None:
    answer = push(url, awake(store, "node-1").id, since)
    assert answer.status == 400
    assert "since" in answer.json()["message"]


def test_strangers_hear_no_bell(url: str, store: Store) -> None:
    worker = awake(store, "node-1")
    assert push(url, worker.id, secret="guessed").status == 403
    assert push(url, "nobody").status == 403
    assert http.request("GET", url + PUSH).status == 403


# -- live streams


def test_a_row_arrives_at_once(url: str, store: Store) -> None:
    worker, took = awake(store, "node-1"), []
    for status in (Status.ASLEEP, Status.AWAKE, Status.ASLEEP, Status.AWAKE, Status.OFFLINE):
        with stream(f"{url}/live/workers?since={store.newest()}") as messages:
            begun = time.monotonic()
            worker.becomes(status)
            message = next(messages)
            took.append(time.monotonic() - begun)
    assert median(took) < SOON
    told = json.loads(message["data"])
    assert int(message["id"]) == store.newest()
    assert list(told["rows"]) == told["order"] == [worker.id]
    assert "Offline" in told["rows"][worker.id]
    assert told["counts"]["offline"] == 1
    assert "0 of 1 are rendering" in told["summary"]


def test_what_was_missed_comes_first(url: str, store: Store) -> None:
    one, two = awake(store, "node-1"), awake(store, "node-2")
    seen = store.newest()
    one.signs_off()
    two.signs_off()
    with stream(f"{url}/live/workers?since=0", last=seen) as messages:
        told = json.loads(next(messages)["data"])
    assert set(told["rows"]) == {one.id, two.id}


def test_a_page_that_missed_too_much_is_told_to_fetch_itself(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farmhand.manager.web.live.feed.LIMIT", 3)
    worker = awake(store, "node-1")
    with serving(store) as url, stream(f"{url}/live/workers?since=0") as messages:
        assert next(messages)["event"] == "reload"
        worker.signs_off()
        assert "Offline" in next(messages)["data"]


def test_a_page_of_a_manager_with_other_data_is_told_to_fetch_itself(url: str, store: Store) -> None:
    worker = awake(store, "node-1")
    with stream(f"{url}/live/workers", last=1_000_000) as messages:
        first = next(messages)
        assert (first["event"], int(first["id"])) == ("reload", store.newest())
        worker.signs_off()
        assert "Offline" in next(messages)["data"]


def test_a_storm_of_events_is_four_messages_a_second_at_most(url: str, store: Store) -> None:
    worker = awake(store, "node-1")
    job(store, steps=1000)
    work = worker.asks_for_work()
    assert work is not None
    with stream(f"{url}/live/workers?since={store.newest()}") as messages:
        ended = time.monotonic() + 1.5

        def render() -> None:
            for steps in range(1, 1000):
                if time.monotonic() < ended:
                    worker.reports(work, steps)
            worker.finishes(work)

        rendering = Thread(target=render)
        rendering.start()
        count, last = 0, ""
        while "Between two tasks" not in last:
            last, count = next(messages)["data"], count + 1
        rendering.join()
    assert 3 <= count <= 9


def test_the_stream_says_which_rows_the_list_has(url: str, store: Store) -> None:
    worker = awake(store, "node-1")
    with stream(f"{url}/live/workers?status=idle&since={store.newest()}") as messages:
        worker.signs_off()
        told = json.loads(next(messages)["data"])
    assert (list(told["rows"]), told["order"]) == ([worker.id], [])


def test_a_worker_on_another_page_of_the_list_is_not_on_this_one(url: str, store: Store) -> None:
    workers = [register(store, f"node-{n:03}") for n in range(101)]
    with (
        stream(f"{url}/live/workers?since={store.newest()}") as first,
        stream(f"{url}/live/workers?page=2&since={store.newest()}") as second,
    ):
        workers[100].sign_on()
        ours, theirs = json.loads(next(first)["data"]), json.loads(next(second)["data"])
    assert ours["order"] == [worker.id for worker in workers[:100]]
    assert (theirs["order"], list(theirs["rows"])) == ([workers[100].id], [workers[100].id])


def test_a_removed_worker_is_gone(url: str, store: Store) -> None:
    worker = awake(store, "node-1")
    with stream(f"{url}/live/workers?since={store.newest()}") as messages:
        store.delete_worker(worker.id, "kim")
        assert json.loads(next(messages)["data"])["gone"] == [worker.id]


def test_the_toast_comes_with_the_rows(url: str, store: Store) -> None:
    worker = awake(store, "node-1")
    ask(store, Status.ASLEEP, worker)
    seq = store.newest()
    with stream(f"{url}/live/workers?since={seq}&follow={seq}-{seq}") as messages:
        worker.learns()
        assert "<b>1</b> seen" in json.loads(next(messages)["data"])["toast"]
        worker.becomes(Status.ASLEEP)
        assert "<b>1</b> asleep" in json.loads(next(messages)["data"])["toast"]


@pytest.mark.parametrize("stream_of", ["job", "worker", "jobs"])
def test_other_pages_hear_a_bell_when_it_concerns_them(url: str, store: Store, stream_of: str) -> None:
    worker, job_id = register(store, "node-1"), job(store)
    path = {"job": f"/live/job/{job_id}", "worker": f"/live/worker/{worker.id}", "jobs": "/live/jobs"}[stream_of]
    with stream(f"{url}{path}?since={store.newest()}") as messages:
        register(store, "node-2")
        if stream_of == "worker":
            worker.sign_on()
        else:
            store.set_job_status(job_id, JobStatus.PAUSED, "", "kim")
        message = next(messages)
    assert int(message["id"]) > 0
    assert json.loads(message["data"]).keys() == {"now"}


def test_a_word_comes_when_nothing_happens(url: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farmhand.manager.web.live.live.TICK", 0.05)
    worker = awake(store, "node-1")
    with stream(f"{url}/live/workers") as messages:
        message = next(messages)
    assert message["event"] == "tick"
    assert list(json.loads(message["data"])["seen"]) == [worker.id]


@pytest.mark.parametrize("query", ["since=x", "sort=size", "status=happy"])
def test_a_stream_that_does_not_exist_is_refused(url: str, query: str) -> None:
    assert http.request("GET", f"{url}/live/workers?{query}").status == 400


def test_as_time_passes_a_page_is_told_of_its_own_workers_and_nobody_reads_the_others(
    url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = awake(store, "node-1")
    readings: list[object] = []
    read = store.workers
    monkeypatch.setattr(store, "workers", lambda *ids: [readings.append(ids), read(*ids)][1])
    monkeypatch.setattr("farmhand.manager.web.live.live.TICK", 0.05)
    since = f"since={store.newest()}"
    with stream(f"{url}/live/workers?{since}") as one, stream(f"{url}/live/workers?q=x&{since}") as other:
        ours, theirs = json.loads(next(one)["data"]), json.loads(next(other)["data"])
    assert (list(ours["seen"]), theirs["seen"]) == ([worker.id], {})
    assert readings == []


@pytest.mark.parametrize(
    ("made_by", "told"), [("other", ["reload", "tick"]), (build(), ["tick"]), ("", ["reload", "tick"])]
)
def test_a_page_of_other_code_is_told_to_load_itself_anew(
    url: str, store: Store, monkeypatch: pytest.MonkeyPatch, made_by: str, told: list[str]
) -> None:
    monkeypatch.setattr("farmhand.manager.web.live.live.TICK", 0.05)
    with stream(f"{url}/live/jobs?build={made_by}") as messages:
        heard = [next(messages) for _ in told]
    assert [message["event"] for message in heard] == told
    assert ("outdated" in heard[0]["data"]) is (told[0] == "reload")
