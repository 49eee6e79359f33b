"""What the pages say, as tables: pure functions on a clock of the test's own."""

from dataclasses import replace
from datetime import UTC

import pytest

from farmhand.manager.rules.actions import Answer
from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.workers import LastTask, LastWish, Pending, Situation, Terms, Worker
from farmhand.manager.storage.events import Event
from farmhand.manager.web.actions.menu import ACTIONS, change_words, menu, wish_words
from farmhand.manager.web.actions.outcome import acted, withdrawn
from farmhand.manager.web.moments import Moment, exact, span
from farmhand.manager.web.workers.rows import SHOWN, percent, row
from farmhand.manager.web.workers.timeline import last_change, steps
from farmhand.worker.wire import REQUESTABLE, Request, Status, TaskStatus

NOW = 1_795_401_126_000
LAZY, AT_ONCE = Request(Status.RESTART, lazy=True), Request(Status.RESTART)


def worker(**more: object) -> Worker:
    values = {"id": "w", "name": "node-1", "status": Status.AWAKE, "can_restart": True, "last_seen": NOW - 2000, **more}
    return Worker(**values)  # type: ignore[arg-type]


def at_work(steps: int = 3) -> LastTask:
    return LastTask("t", "j", "Frame 7", "Shot 2", TaskStatus.ACTIVE, steps, 10, True, NOW - 60_000, None)


def pending(wish: Request = LAZY, *, seen: bool = False) -> Pending:
    return Pending("r", wish, "kim", NOW - 180_000, seen_at=NOW if seen else None)


# -- rows


@pytest.mark.parametrize(
    ("made", "state", "word", "note"),
    [
        (worker(status=Status.STARTING), "starting", "Starting", "Signed on, about to begin"),
        (worker(idle=True), "idle", "Idle", "Free"),
        (worker(), "idle", "Idle", "Between two tasks"),
        (worker(task=at_work()), "working", "Working", ""),
        (worker(task=at_work(), request=pending()), "working", "Working", ""),
        (worker(task=at_work(), request=pending(seen=True)), "draining", "Draining", ""),
        (worker(task=at_work(), request=pending(AT_ONCE, seen=True)), "working", "Working", ""),
        (worker(status=Status.ASLEEP), "asleep", "Asleep", "Takes no task until somebody, or its schedule, wakes it"),
        (worker(status=Status.OFFLINE), "offline", "Offline", "Signed off"),
        (worker(status=Status.OFFLINE, request=pending(AT_ONCE)), "starting", "Restarting", "Signed off to restart"),
        (worker(status=Status.ERROR, lost_from=Status.ASLEEP), "error", "Lost", "No sign of life; it was asleep"),
    ],
)
def test_a_row_says_where_the_worker_is(made: Worker, state: str, word: str, note: str) -> None:
    said = row(made, NOW)
    assert (said.state.name, said.state.word, said.note) == (state, word, note)


@pytest.mark.parametrize(
    ("away", "overdue", "attention"), [(3_000, False, False), (14_999, False, False), (15_000, True, True)]
)
def test_a_restart_that_does_not_come_back_is_noticed(away: int, overdue: bool, attention: bool) -> None:
    said = row(worker(status=Status.OFFLINE, request=pending(AT_ONCE, seen=True), last_seen=NOW - away), NOW)
    assert said.state.word == "Restarting"
    assert said.age is not None
    assert f"{said.note}{said.age.words}{said.age.at.ago}" == f"Signed off to restart {away // 1000} s ago"
    assert (said.overdue, said.late, said.wants_attention) == (overdue, overdue, attention)


@pytest.mark.parametrize(("steps", "percents"), [(10, 30), (1, None), (0, None)])
def test_no_percents_are_made_up_for_a_task_that_does_not_tell_them(steps: int, percents: int | None) -> None:
    task = row(worker(task=replace(at_work(), steps_total=steps)), NOW).task
    assert task is not None
    assert task.percent == percents


def test_every_situation_has_its_words() -> None:
    assert set(SHOWN) == set(Situation)


def test_a_row_says_what_is_pending_and_no_more_than_is_true() -> None:
    busy = worker(task=at_work())
    asked = row(replace(busy, request=pending()), NOW).change
    seen = row(replace(busy, request=pending(seen=True)), NOW).change
    assert asked is not None
    assert (asked.to, asked.asked.ago, asked.seen) == ("restart after task", "3 min ago", False)
    assert (asked.stage, asked.within) == ("Not yet seen by the worker", "")  # the task is waited for
    assert seen is not None
    assert (seen.seen, seen.stage) == (True, "Seen by the worker")


def test_a_row_says_how_long_a_worker_that_asks_by_itself_may_take() -> None:
    said = row(worker(status=Status.ASLEEP, request=pending(AT_ONCE)), NOW).change
    assert said is not None
    assert (said.stage, said.within) == ("Not yet seen by the worker, which asks by itself: within 4 s", "within 4 s")
    told = row(worker(status=Status.ASLEEP, request=pending(AT_ONCE, seen=True)), NOW).change
    assert told is not None
    assert told.within == ""


@pytest.mark.parametrize(
    ("status", "silent", "late"),
    [
        (Status.AWAKE, 74_000, False),
        (Status.AWAKE, 76_000, True),
        (Status.ASLEEP, 76_000, True),
        (Status.OFFLINE, 900_000, False),
        (Status.ERROR, 0, True),
    ],
)
def test_late_is_who_should_have_been_heard_of(status: Status, silent: int, late: bool) -> None:
    assert row(worker(status=status, last_seen=NOW - silent), NOW).late is late


@pytest.mark.parametrize(
    ("done", "total", "percents"), [(0, 10, 0), (999, 1000, 99), (10, 10, 100), (11, 10, 100), (0, 0, 0)]
)
def test_percents_are_whole_and_100_only_at_the_end(done: int, total: int, percents: int) -> None:
    assert percent(done, total) == percents


def test_a_row_tells_the_terms_of_a_change_and_who_is_the_farm() -> None:
    asked = Pending("r", LAZY, "", NOW, terms=Terms(deadline=NOW + 1000, reason="new driver"))
    said = row(worker(request=asked), NOW).change
    assert said is not None
    assert said.terms.startswith("at the latest 2")
    assert said.terms.endswith("; “new driver”")
    assert "asked for by the farm itself" in said.title


def test_a_sleeper_says_until_when_and_why() -> None:
    wished = LastWish("r", Status.ASLEEP, "kim", NOW, "fan noise", until=NOW + 1000)
    note = row(worker(status=Status.ASLEEP, wished=wished), NOW).note
    assert note.startswith("Until 2")
    assert note.endswith("; kim: “fan noise”")
    assert row(worker(status=Status.AWAKE, idle=True, wished=wished), NOW).note == "Free"


# -- the menu


def test_the_menu_offers_both_flavours_of_all_but_wake_up() -> None:
    labels = [action.label for _, group in menu() for action in group]
    assert labels == [
        "Shut Down (after task is finished)",
        "Shut Down (immediately)",
        "Restart (after task is finished)",
        "Restart (immediately)",
        "Send to Sleep (after task is finished)",
        "Send to Sleep (immediately)",
        "Wake Up",
    ]
    assert {action.wish.status for action in ACTIONS.values()} == REQUESTABLE


@pytest.mark.parametrize(
    ("wish", "change", "subject"),
    [
        (LAZY, "restart after task", "Restart after task"),
        (Request(Status.OFFLINE), "shut down now", "Shut Down immediately"),
        (Request(Status.ASLEEP, lazy=True), "sleep after task", "Send to Sleep after task"),
        (Request(Status.AWAKE), "wake up", "Wake Up"),
    ],
)
def test_words_for_a_wish(wish: Request, change: str, subject: str) -> None:
    assert (change_words(wish), wish_words(wish)) == (change, subject)


# -- after a click


def answers(*said: tuple[str, bool, str]) -> list[Answer]:
    return [Answer(name, name, accepted, text) for name, accepted, text in said]


NO_CODE = "cannot restart: it was started without a restart code"


@pytest.mark.parametrize(
    ("given", "tone", "text"),
    [
        (
            answers(("node-1", True, "restarts when its task is finished")),
            "ok",
            "Restart after task asked of 1 worker: node-1 restarts when its task is finished.",
        ),
        (
            answers(("node-1", True, "restarts now"), ("node-2", True, "restarts now"), ("node-4", False, NO_CODE)),
            "warn",
            f"Restart after task asked of 2 workers; node-4 {NO_CODE}.",
        ),
        (
            answers(("node-4", False, NO_CODE), ("node-5", False, NO_CODE)),
            "bad",
            f"Restart after task asked of nobody; node-4 and node-5, each: {NO_CODE}.",
        ),
        (
            answers(*((f"node-{n}", False, "x") for n in range(1, 7))),
            "bad",
            "Restart after task asked of nobody; node-1, node-2, node-3, node-4 and 2 more, each: x.",
        ),
    ],
)
def test_the_outcome_says_who_was_asked_and_who_was_left_out(given: list[Answer], tone: str, text: str) -> None:
    notice = acted(LAZY, given)
    assert (notice.tone, notice.text) == (tone, text)


def test_a_name_of_any_length_is_said_in_a_few_words() -> None:
    notice = acted(LAZY, answers(("n" * 10_000, True, "restarts now")))
    assert len(notice.text) < 150


def test_taking_back_says_what_was_taken_back() -> None:
    notice = withdrawn(answers(("node-1", True, "keeps its status: Restart is withdrawn")))
    assert (notice.tone, notice.text) == ("ok", "node-1 keeps its status: Restart is withdrawn.")


# -- times


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (-5000, "0 s"),
        (59_999, "59 s"),
        (60_000, "1 min"),
        (3_599_999, "59 min"),
        (3_600_000, "1 h"),
        (172_800_000, "2 d"),
    ],
)
def test_spans(milliseconds: int, words: str) -> None:
    assert span(milliseconds) == words


@pytest.mark.parametrize(("milliseconds", "words"), [(340, "0.3 s"), (9_940, "9.9 s"), (10_000, "10 s")])
def test_short_spans_are_exact(milliseconds: int, words: str) -> None:
    assert exact(milliseconds) == words


def test_a_moment_in_all_its_forms() -> None:
    when = Moment(NOW, NOW + 8000, UTC)
    assert (when.ago, when.full, when.epoch) == ("8 s ago", "23 Nov 2026, 02:32:06", "1795401126.000")


# -- the timeline


def story(*told: tuple[int, Kind, dict[str, object]]) -> list[Event]:
    return [Event(seq, NOW + at, kind, "w", None, None, "kim", detail) for seq, (at, kind, detail) in enumerate(told)]


RESTART = {"request": "r", "status": "restart", "lazy": True}
RESTARTED = story(
    (0, Kind.WORKER_STATUS, {"from": "starting", "to": "awake"}),
    (1000, Kind.REQUEST_MADE, {**RESTART, "replaces": None}),
    (1300, Kind.REQUEST_SEEN, RESTART),
    (61_000, Kind.WORKER_SIGNED_OFF, {"from": "awake"}),
    (64_100, Kind.WORKER_SIGNED_ON, {"from": "offline", "incarnation": 2}),
    (64_100, Kind.REQUEST_DONE, {**RESTART, "took": 63_100}),
    (64_200, Kind.WORKER_STATUS, {"from": "starting", "to": "awake"}),
)


def test_a_restart_is_told_from_the_wish_to_its_end() -> None:
    assert [(step.title, step.detail) for step in last_change(steps(RESTARTED, NOW))] == [
        ("Restart after task asked for", "by kim"),
        ("Seen by the worker", "0.3 s after it was asked for"),
        ("Signed off", "to exit with its restart code: start me again"),
        ("Signed on again", "back after 3.1 s"),
        ("Restarted, as asked", "1 min after it was asked for"),
    ]


DISAGREED = story(
    (0, Kind.REQUEST_MADE, {**RESTART, "replaces": None, "deadline": NOW + 60_000, "reason": "new driver"}),
    (1000, Kind.REQUEST_CONFIRMED, {**RESTART, "of": "sam"}),
    (2000, Kind.REQUEST_REFUSED, {**RESTART, "of": "sam"}),
    (60_000, Kind.REQUEST_ESCALATED, {**RESTART, "lazy": False}),
    (61_000, Kind.REQUEST_MADE, {**RESTART, "request": "s", "status": "offline", "replaces": "r", "of": "sam"}),
    (62_000, Kind.REQUEST_WITHDRAWN, {**RESTART, "request": "s", "status": "offline", "of": "sam"}),
)


def test_a_history_tells_both_who_disagreed() -> None:
    assert [(step.title, step.detail) for step in steps(DISAGREED, NOW)] == [
        ("Restart after task asked for", "by kim; at the latest 1 min later; “new driver”"),
        ("Restart after task asked for by kim as well", "sam was first, and it stays as it was"),
        ("Restart after task refused to kim", "what sam had asked for holds"),
        ("Restart immediately from now on", "its deadline came 1 min after it was asked for"),
        ("Shut Down after task asked for", "by kim; instead of what sam had asked for"),
        ("Shut Down after task taken back", "by kim; sam had asked for it"),
    ]


def test_a_sign_off_that_nobody_asked_for_is_not_explained_by_an_older_wish() -> None:
    told = steps([*RESTARTED, *story((90_000, Kind.WORKER_SIGNED_OFF, {"from": "awake"}))], NOW)
    assert told[-1].detail == "nobody had asked it here; its machine stopped it"


def test_without_a_wish_there_is_no_last_change() -> None:
    assert not last_change(steps(RESTARTED[:1], NOW))
