from dataclasses import replace
from pathlib import Path

import pytest

from farmhand.manager.rules.actions import Expected, ask, refuse_terms, surprise, withdraw
from farmhand.manager.rules.attended import Attended
from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.outcomes import LABELS, OUTCOMES, outcomes_markdown
from farmhand.manager.rules.workers import LastTask, LastWish, Pending, Situation, Terms, Worker, situation
from farmhand.worker.wire import REQUESTABLE, Request, Status, TaskStatus

DOCS = Path(__file__).parents[3] / "docs" / "reference" / "worker-actions.md"

TASK = LastTask("t", "j", "frame 1", "film", TaskStatus.ACTIVE, 0, 1, active=True, started_at=0, ended_at=None)
RESTART = Pending("r0", Request(Status.RESTART), "kim", 0)

# A worker in each situation.
WORKERS = {
    Situation.WAITING: Worker("w", "node-1", Status.ASLEEP, True, waiting=True),
    Situation.STARTING: Worker("w", "node-1", Status.STARTING, True),
    Situation.IDLE: Worker("w", "node-1", Status.AWAKE, True, idle=True),
    Situation.BUSY: Worker("w", "node-1", Status.AWAKE, True, task=TASK),
    Situation.BETWEEN: Worker("w", "node-1", Status.AWAKE, True, task=replace(TASK, active=False)),
    Situation.ASLEEP: Worker("w", "node-1", Status.ASLEEP, True),
    Situation.OFFLINE: Worker("w", "node-1", Status.OFFLINE, True, resume=Status.ASLEEP),
    Situation.RESTARTING: Worker("w", "node-1", Status.OFFLINE, True, request=RESTART),
    Situation.LOST: Worker("w", "node-1", Status.ERROR, True, lost_from=Status.AWAKE),
}

# + is asked of the worker; = is so already, and nothing is asked; - is refused.
TABLE = """
                      Shut_Down  Restart  Send_to_Sleep  Wake_Up
wants_to_join         -          -        -              -
starting              +          +        +              +
awake,_idle           +          +        +              =
awake,_busy           +          +        +              =
awake,_between_tasks  +          +        +              =
asleep                +          +        =              +
offline               =          -        =              +
offline,_restarting   +          =        +              +
error                 +          +        +              +
"""


def cells():
    header, *rows = (line.split() for line in TABLE.strip().splitlines())
    statuses = {label.replace(" ", "_"): status for status, label in LABELS.items()}
    for place, *marks in rows:
        for label, mark in zip(header, marks, strict=True):
            yield Situation(place.replace("_", " ")), statuses[label], mark


NOW = 1000
MINUTE = 60_000


def asked(worker, status, *, lazy=False, by="kim", **terms):
    return ask(worker, Request(status, lazy), id="r1", by=by, now=NOW, terms=Terms(**terms))


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(("place", "status", "mark"), list(cells()))
def test_every_action_in_every_situation(place, status, mark, lazy):
    worker = WORKERS[place]
    assert situation(worker) is place
    result = asked(worker, status, lazy=lazy)
    request = result.moved.worker.request
    assert result.answer.accepted is (mark != "-"), result.answer.text
    assert result.answer.changed is (mark == "+"), result.answer.text
    if mark == "+":
        assert request == Pending("r1", Request(status, lazy), "kim", 1000)
        assert result.answer.request_id == "r1"
    else:
        assert request == worker.request


def test_the_table_above_is_whole():
    assert {(place, status) for place, status, _ in cells()} == {
        (place, status) for place in Situation for status in REQUESTABLE
    }
    assert OUTCOMES.keys() == set(Situation)
    assert all(outcomes.keys() == REQUESTABLE for outcomes in OUTCOMES.values())


@pytest.mark.parametrize("place", sorted(set(Situation) - {Situation.OFFLINE, Situation.WAITING}, key=str))
def test_a_worker_without_a_restart_code_is_not_restarted(place):
    result = asked(replace(WORKERS[place], can_restart=False), Status.RESTART)
    assert not result.answer.accepted
    assert "--restart-exit-code" in result.answer.text


def test_an_offline_worker_without_a_restart_code_is_told_to_be_started_first():
    result = asked(replace(WORKERS[Situation.OFFLINE], can_restart=False), Status.RESTART)
    assert result.answer.text == "is offline: start it on its machine"


def test_an_offline_worker_that_an_agent_looks_after_is_started_by_its_button():
    attended = Attended("a", "agent", "worker.service")
    result = asked(replace(WORKERS[Situation.OFFLINE], attended=attended), Status.RESTART)
    assert result.answer.text == "is offline: press Start in its row, and its agent starts it"


def test_only_a_busy_worker_knows_two_flavours():
    for place, outcomes in OUTCOMES.items():
        two = [
            outcome
            for outcome in outcomes.values()
            if getattr(outcome, "lazy", "") != getattr(outcome, "immediate", "")
        ]
        assert len(two) == (3 if place is Situation.BUSY else 0)


PENDING = Pending("r0", Request(Status.ASLEEP, lazy=True), "sam", 500, seq=7, seen_at=600)
BUSY = replace(WORKERS[Situation.BUSY], request=PENDING)


def test_a_new_request_replaces_the_pending_one():
    result = asked(BUSY, Status.OFFLINE)
    assert result.moved.worker.request.id == "r1"
    assert result.answer.text.endswith("instead of Send to Sleep, which sam asked for")
    [fact] = result.moved.facts
    assert fact.kind is Kind.REQUEST_MADE
    assert fact.detail == {"request": "r1", "status": "offline", "lazy": False, "replaces": "r0", "of": "sam"}


def test_the_same_request_again_keeps_its_age():
    result = asked(BUSY, Status.ASLEEP, lazy=True, by="sam")
    assert result.moved.worker.request == PENDING
    assert not result.moved.facts
    assert not result.answer.changed


def test_the_same_request_of_another_is_told_to_both_and_stays_the_first_ones():
    result = asked(BUSY, Status.ASLEEP, lazy=True)
    assert result.moved.worker.request == PENDING
    assert [fact.kind for fact in result.moved.facts] == [Kind.REQUEST_CONFIRMED]
    assert result.answer.text == "was asked already: goes to sleep when its task is finished (by sam)"


def test_another_operators_hurry_is_not_undone_unawares():
    hurried = asked(WORKERS[Situation.BUSY], Status.RESTART, by="sam").moved.worker
    result = asked(hurried, Status.RESTART, lazy=True)
    assert not result.answer.accepted
    assert result.answer.text == "is to restart immediately, as sam asked: take that back first"
    assert result.moved.worker == hurried
    assert [fact.kind for fact in result.moved.facts] == [Kind.REQUEST_REFUSED]
    assert asked(hurried, Status.RESTART, lazy=True, by="sam").moved.worker.request.wish.lazy


def test_the_farm_does_not_replace_what_a_person_asked():
    result = asked(BUSY, Status.OFFLINE, by="sleep schedule")
    assert not result.answer.accepted
    assert result.moved.worker == BUSY


def test_immediately_replaces_after_task():
    assert asked(BUSY, Status.ASLEEP).moved.worker.request.wish == Request(Status.ASLEEP, lazy=False)


def test_asking_for_the_present_status_withdraws():
    result = asked(BUSY, Status.AWAKE)
    assert result.moved.worker.request is None
    assert [fact.kind for fact in result.moved.facts] == [Kind.REQUEST_WITHDRAWN]
    assert result.answer.text == "keeps its status: Send to Sleep is withdrawn"


def test_withdrawing_nothing_is_no_error():
    result = withdraw(WORKERS[Situation.IDLE])
    assert result.answer.accepted
    assert not result.answer.changed


def test_an_offline_worker_starts_as_it_left_unless_asked():
    offline = WORKERS[Situation.OFFLINE]
    waking = asked(offline, Status.AWAKE).moved.worker
    assert waking.request.wish.status is Status.AWAKE
    assert asked(waking, Status.ASLEEP).moved.worker.request is None


# -- terms


def test_terms_are_kept_and_told():
    terms = {"deadline": NOW + 20 * MINUTE, "until": NOW + 90 * MINUTE, "reason": "fan noise"}
    result = asked(WORKERS[Situation.BUSY], Status.ASLEEP, lazy=True, **terms)
    assert result.moved.worker.request.terms == Terms(**terms)
    assert result.answer.text == (
        "goes to sleep when its task is finished, in 20 min at the latest, and is woken in 1 h 30 min"
    )
    assert terms.items() <= result.moved.facts[0].detail.items()


def test_a_sleeping_worker_can_be_told_to_sleep_longer():
    asleep = replace(WORKERS[Situation.ASLEEP], wished=LastWish("r0", Status.ASLEEP, "sam", 0, until=NOW + MINUTE))
    longer = asked(asleep, Status.ASLEEP, until=NOW + 60 * MINUTE)
    assert longer.moved.worker.wished == LastWish("r1", Status.ASLEEP, "kim", NOW, until=NOW + 60 * MINUTE)
    assert longer.moved.worker.request is None
    assert longer.answer.text == "is asleep already, and is woken in 1 h"
    assert asked(asleep, Status.ASLEEP).moved.worker.wished.until is None
    assert not asked(asleep, Status.ASLEEP, until=NOW + MINUTE).answer.changed


@pytest.mark.parametrize(
    ("status", "lazy", "terms", "refused"),
    [
        (Status.RESTART, True, {"deadline": NOW + 1}, None),
        (Status.RESTART, False, {"deadline": NOW + 1}, "deadline: only what waits for a task can have one"),
        (Status.AWAKE, True, {"deadline": NOW + 1}, "deadline: only what waits for a task can have one"),
        (Status.RESTART, True, {"deadline": NOW}, "deadline: it is over already"),
        (Status.ASLEEP, False, {"until": NOW + 1}, None),
        (Status.ASLEEP, False, {"until": NOW}, "until: it would be over before it begins"),
        (Status.ASLEEP, True, {"deadline": NOW + 5, "until": NOW + 5}, "until: it would be over before it begins"),
        (Status.OFFLINE, False, {"until": NOW + 1}, None),
        (Status.RESTART, False, {"until": NOW + 1}, "until: Restart cannot end by itself"),
        (Status.AWAKE, False, {"until": NOW + 1}, "until: Wake Up cannot end by itself"),
    ],
)
def test_terms_that_make_no_sense_are_refused(status, lazy, terms, refused):
    said = refuse_terms(Request(status, lazy), Terms(**terms), NOW)
    assert said is refused or (refused and said.startswith(refused))


def test_only_what_an_agent_can_start_is_shut_down_until_a_time():
    alone, attended = WORKERS[Situation.IDLE], replace(WORKERS[Situation.IDLE], attended=Attended("a", "node", "w@1"))
    refused = asked(alone, Status.OFFLINE, until=NOW + MINUTE)
    assert not refused.answer.accepted
    assert refused.answer.text.startswith("cannot be shut down until a time: no agent on its machine")
    taken = asked(attended, Status.OFFLINE, until=NOW + MINUTE)
    assert taken.answer.text == "shuts down now, and is started again in 1 min"
    off = replace(WORKERS[Situation.OFFLINE], attended=attended.attended)
    later = asked(off, Status.OFFLINE, until=NOW + MINUTE)
    assert (later.moved.worker.wished.until, later.moved.worker.request) == (NOW + MINUTE, None)
    assert later.answer.text == "is offline already, and is started again in 1 min"


def test_an_expectation_that_does_not_hold_is_told():
    assert surprise(BUSY, Expected("r0")) is None
    assert surprise(BUSY, Expected(None)) == "is to go to sleep when its task is finished, as sam asked"
    assert surprise(WORKERS[Situation.BUSY], Expected("r0")) == "has nothing pending now"


def test_the_docs_show_this_table():
    assert outcomes_markdown() in DOCS.read_text(encoding="utf-8")
