"""The stream of a log that grows, over real connections, on both databases and with two managers on one of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from manager_server import serving
from polling import until
from pretended import Pretended, awake, job
from signed_in import VIEWER, sign_in
from stores import DIALECTS, beside, opened
from streams import http, stream

from farmhand.manager.config import Settings
from farmhand.manager.storage import sessions
from farmhand.manager.storage.calls import Work
from farmhand.manager.storage.store import Store
from farmhand.manager.web.access.entitled import while_entitled
from farmhand.manager.web.live import logfeed
from farmhand.worker.wire import Request, Status, TaskStatus


@pytest.fixture(params=DIALECTS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request.param, tmp_path, settings=Settings(without_login=True)) as it:
        yield it


@dataclass(frozen=True)
class Rendering:
    """A worker at work on a task."""

    worker: Pretended
    work: Work

    @property
    def task_id(self) -> str:
        return self.work.task.id

    def logs(self, text: str) -> None:
        self.worker.reports(self.work, 1, text)


@pytest.fixture
def rendering(store: Store) -> Rendering:
    worker = awake(store, "node-1")
    job(store, tasks=2)
    work = worker.asks_for_work()
    assert work is not None
    return Rendering(worker, work)


def size(store: Store, rendering: Rendering) -> int:
    return store.log_path(rendering.work.task).stat().st_size


def texts(message: dict[str, str]) -> list[str]:
    return ["".join(text for _, text in line) for line in json.loads(message["data"])["lines"]]


def test_what_is_there_comes_first_and_then_what_is_added(store: Store, rendering: Rendering) -> None:
    rendering.logs("one\n")
    with serving(store) as url, stream(f"{url}/live/log/{rendering.task_id}?from=0") as messages:
        assert texts(next(messages))[1:] == ["one"]
        rendering.logs("\x1b[31mtwo\x1b[0m <b>\n")
        message = next(messages)
    assert json.loads(message["data"])["lines"] == [[["error", "two"], ["", " <b>"]]]
    assert message["id"] == str(size(store, rendering))


def test_who_was_cut_off_goes_on_where_he_was(store: Store, rendering: Rendering) -> None:
    rendering.logs("one\n")
    come = size(store, rendering)
    rendering.logs("two\n")
    with serving(store) as url, stream(f"{url}/live/log/{rendering.task_id}?from=0", last=come) as messages:
        assert texts(next(messages)) == ["two"]


def test_a_line_that_has_not_ended_is_shown_as_it_is_and_once_more_when_it_has(
    store: Store, rendering: Rendering
) -> None:
    path, begun = store.log_path(rendering.work.task), size(store, rendering)
    with serving(store) as url, stream(f"{url}/live/log/{rendering.task_id}?from={begun}") as messages:
        with path.open("ab") as file:
            file.write(b"Sav")
        store.growth.grew(rendering.task_id)
        message = next(messages)
        assert (json.loads(message["data"])["open"], message["id"]) == ([["", "Sav"]], str(begun))
        rendering.logs("ed\n")
        assert texts(next(messages)) == ["Saved"]


def test_of_much_at_once_the_end_comes_and_how_much_was_left_out(store: Store, rendering: Rendering) -> None:
    begun = size(store, rendering)
    with serving(store) as url, stream(f"{url}/live/log/{rendering.task_id}?from={begun}") as messages:
        rendering.logs("".join(f"{n:09}\n" for n in range(200_000)))
        told = json.loads(next(messages)["data"])
    assert told["lines"][-1] == [["", "000199999"]]
    assert 0 < len(told["lines"]) < 10_000
    assert told["skipped"] + 10 * len(told["lines"]) == 2_000_000


@pytest.mark.parametrize("end", ["completed", "queued again", "deleted"])
def test_it_ends_when_the_try_at_the_task_does(store: Store, rendering: Rendering, end: str) -> None:
    with serving(store) as url, stream(f"{url}/live/log/{rendering.task_id}?from=0") as messages:
        next(messages)
        if end == "completed":
            rendering.worker.finishes(rendering.work, TaskStatus.COMPLETED)
        elif end == "queued again":
            store.act([rendering.worker.id], Request(Status.OFFLINE, lazy=False), "kim")
            rendering.worker.signs_off()
        else:
            store.delete_job(rendering.work.task.job_id, "kim")
        *_, last = messages
    assert last["event"] == "over"
    assert json.loads(last["data"])["status"] == end.partition(" ")[0]


def test_the_last_lines_come_before_the_end(store: Store, rendering: Rendering) -> None:
    with serving(store) as url, stream(f"{url}/live/log/{rendering.task_id}?from=0") as messages:
        next(messages)
        rendering.logs("the last words\n")
        rendering.worker.finishes(rendering.work)
        said = [text for message in messages if "event" not in message for text in texts(message)]
    assert said[0] == "the last words"
    assert said[-1].endswith("reported: completed")


def test_another_try_at_the_task_is_not_this_one(store: Store, rendering: Rendering) -> None:
    with serving(store) as url, stream(f"{url}/live/log/{rendering.task_id}?from=0") as messages:
        next(messages)
        rendering.worker.signs_off()
        again = awake(store, "node-2").asks_for_work()
        assert again is not None
        *_, last = messages
    assert last["event"] == "over"


@pytest.mark.parametrize(("path", "status"), [("nobody", 404), ("{task}?from=x", 400), ("{task}?from=-1", 400)])
def test_what_cannot_be_followed_is_refused(store: Store, rendering: Rendering, path: str, status: int) -> None:
    with serving(store) as url:
        assert http.request("GET", f"{url}/live/log/{path.format(task=rendering.task_id)}").status == status


def test_a_manager_that_closes_lets_readers_go(store: Store, rendering: Rendering) -> None:
    with serving(store) as url:
        answer = http.request("GET", f"{url}/live/log/{rendering.task_id}?from=0", preload_content=False, timeout=20)
        answer.readline()
    assert b"data: " in answer.read()


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_it_ends_with_the_session_of_who_reads(
    store: Store, rendering: Rendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.settings = Settings(without_login=False)
    monkeypatch.setattr(logfeed, "while_entitled", partial(while_entitled, look_ms=0))
    kim = sign_in(store, "kim", *VIEWER)
    with serving(store) as url:
        path = f"{url}/live/log/{rendering.task_id}?from=0"
        assert http.request("GET", path).status == 401
        with stream(path, headers=kim.headers) as messages:
            next(messages)
            sessions.end_all(store, kim.person.id, "kim")
            rendering.logs("not for kim any more\n")
            told = [message for message in messages if message.get("event") != "reload"]
            assert [text for message in told for text in texts(message)] == []


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_log_grows_at_one_manager_and_shows_at_another(store: Store, rendering: Rendering) -> None:
    with (
        beside(store) as other,
        serving(store),
        serving(other) as url,
        stream(f"{url}/live/log/{rendering.task_id}?from=0") as messages,
    ):
        next(messages)
        rendering.logs("from the other\n")
        assert texts(next(messages)) == ["from the other"]
        rendering.worker.finishes(rendering.work)
        *_, last = messages
    assert last["event"] == "over"


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_nobody_is_told_of_logs_that_nobody_looks_at(store: Store, rendering: Rendering) -> None:
    said: list[str] = []
    with beside(store) as other, serving(store), serving(other):
        other.database.hear(said.append)
        other.growth.looks("another task")
        rendering.logs("unheard\n")
        other.growth.looks(rendering.task_id)
        other.growth.looks("the last")
        until(lambda: "looks the last" in said, "what was said to arrive")
    assert [words for words in said if words.startswith("grew")] == []
