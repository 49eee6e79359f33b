"""A worker's life on a virtual clock, with a manager that answers what a test tells it to."""

from dataclasses import replace
from math import inf

import pytest

from farmhand.worker.rules.answers import (
    Asked,
    Denied,
    KeepRunning,
    NotAwake,
    Noted,
    NoWork,
    Registered,
    SignedOn,
    Stay,
    StopRunning,
    Task,
    Trouble,
    Work,
)
from farmhand.worker.rules.life import (
    ASKED_IN,
    Life,
    Phase,
    Question,
    bell,
    describe,
    drained,
    heard,
    question,
    rang,
    task_over,
    told_to_stop,
    too_late,
    wake_at,
)
from farmhand.worker.wire import DENIED_EXIT_CODE, Status

TASK = Task("t1", "frame 1", "j1", "blender", ())
GOOD = {
    Question.REGISTER: Registered("w1"),
    Question.SIGN_ON: SignedOn(Status.AWAKE),
    Question.TELL_AWAKE: Noted(),
    Question.TELL_ASLEEP: Noted(),
    Question.FETCH: NoWork(),
    Question.STATE: Stay(),
    Question.MAY_I_RUN: KeepRunning(),
    Question.SIGN_OFF: Noted(),
}


class World:
    """One worker, and a clock that goes forward to whatever is due."""

    def __init__(self, phase=Phase.SIGN_ON, **fields):
        self.life = Life(phase, restart_code=47, **fields)
        self.now = 0.0
        self.reports_waiting = False

    def asks(self):
        return question(self.life, self.now, reports_waiting=self.reports_waiting)

    def hears(self, answer=None):
        """Ask what there is to ask, and take the answer in; return the question."""
        asked = self.asks()
        assert asked is not None, f"nothing to ask at {self.now}: {self.life}"
        self.life = heard(self.life, asked, GOOD[asked] if answer is None else answer, self.now, 0.0)
        return asked

    def goes_to(self, *questions):
        for expected in questions:
            assert self.hears() is expected

    def waits(self):
        """Let time pass until something is due; return the seconds."""
        due = wake_at(self.life, reports_waiting=self.reports_waiting)
        passed = due - self.now
        self.now = due
        return passed

    def gets_task(self):
        assert self.hears(Work(TASK)) is Question.FETCH
        assert self.life.phase is Phase.BUSY


def awake(*, push=False):
    world = World()
    world.hears(SignedOn(Status.AWAKE, "/push" if push else None))
    world.goes_to(Question.TELL_AWAKE)
    return world


def asleep(*, push=False):
    world = World()
    world.hears(SignedOn(Status.ASLEEP, "/push" if push else None))
    world.goes_to(Question.TELL_ASLEEP)
    return world


def busy(**options):
    world = awake(**options)
    world.gets_task()
    return world


def test_a_new_worker_registers_signs_on_tells_and_fetches_without_delay():
    world = World(Phase.REGISTER)
    world.goes_to(Question.REGISTER, Question.SIGN_ON, Question.TELL_AWAKE, Question.FETCH)
    assert world.asks() is None


@pytest.mark.parametrize(
    ("world", "seconds"),
    [
        pytest.param(awake, 5.0, id="idle"),
        pytest.param(lambda: awake(push=True), 25.0, id="idle, with a bell"),
        pytest.param(asleep, 3.0, id="asleep"),
        pytest.param(lambda: asleep(push=True), 25.0, id="asleep, with a bell"),
        pytest.param(busy, 5.0, id="busy"),
        pytest.param(lambda: busy(push=True), 10.0, id="busy, with a bell"),
    ],
)
def test_how_often_it_asks_when_nothing_happens(world, seconds):
    world = world()
    if world.asks():
        world.hears()
    assert world.waits() == seconds
    world.hears()
    assert world.waits() == seconds


def test_a_bell_that_fails_makes_it_ask_more_often():
    world = awake(push=True)
    world.life = bell(world.life, works=False)
    world.hears()
    assert world.waits() == 5.0


@pytest.mark.parametrize(
    ("world", "asked"),
    [(awake, Question.FETCH), (asleep, Question.STATE), (busy, Question.MAY_I_RUN)],
    ids=["idle", "asleep", "busy"],
)
def test_the_bell_makes_it_ask_at_once(world, asked):
    world = world(push=True)
    if world.asks():
        world.hears()
    assert world.asks() is None
    world.life = rang(world.life, world.now)
    assert world.asks() is asked


@pytest.mark.parametrize("phase", [it for it in Phase if it not in (Phase.AWAKE, Phase.ASLEEP, Phase.BUSY)])
def test_the_bell_changes_nothing_elsewhere(phase):
    life = Life(phase, due=100.0)
    assert rang(life, 1.0) == life


# Every request, in every state in which a worker can learn of one: by which question, and what becomes of it.
STARTING, IDLE, ASLEEP = Question.SIGN_ON, Question.FETCH, Question.STATE


@pytest.mark.parametrize("learnt", [STARTING, IDLE, ASLEEP])
@pytest.mark.parametrize(
    ("status", "phase", "exit_code", "next_question"),
    [
        (Status.OFFLINE, Phase.LEAVE, 0, Question.SIGN_OFF),
        (Status.RESTART, Phase.LEAVE, 47, Question.SIGN_OFF),
        (Status.ASLEEP, Phase.ASLEEP, None, Question.TELL_ASLEEP),
        (Status.AWAKE, Phase.AWAKE, None, Question.TELL_AWAKE),
    ],
)
def test_requests(learnt, status, phase, exit_code, next_question):
    world = {STARTING: World, IDLE: awake, ASLEEP: asleep}[learnt]()
    if learnt is ASLEEP:
        world.waits()
    answer = SignedOn(status) if learnt is STARTING else Asked(status)
    assert world.hears(answer) is learnt
    assert (world.life.phase, world.life.exit_code, world.asks()) == (phase, exit_code, next_question)


def test_immediately_aborts_learns_what_is_asked_and_does_it():
    world = busy(push=True)
    world.life = rang(world.life, world.now)
    assert world.hears(StopRunning("requested", True)) is Question.MAY_I_RUN
    assert world.life.phase is Phase.ABORT
    assert world.asks() is None, "not before everything of the task is gone"
    world.life = task_over(world.life, world.now)
    assert world.hears(Asked(Status.RESTART)) is Question.STATE
    assert world.hears() is Question.SIGN_OFF
    assert (world.life.phase, world.life.exit_code) == (Phase.GONE, 47)


def test_a_task_that_is_no_longer_ours_is_aborted_and_the_next_one_fetched():
    world = busy()
    world.life = rang(world.life, world.now)
    world.hears(StopRunning("canceled", False))
    world.life = task_over(world.life, world.now)
    assert world.asks() is Question.FETCH


def test_a_request_withdrawn_during_the_abort_leads_back_to_work():
    world = busy()
    world.life = rang(world.life, world.now)
    world.hears(StopRunning("requested", True))
    world.life = task_over(world.life, world.now)
    world.goes_to(Question.STATE, Question.FETCH)


def test_lazily_finishes_the_task_and_then_acts():
    world = busy(push=True)
    world.life = rang(world.life, world.now)
    world.goes_to(Question.MAY_I_RUN)
    assert world.life.phase is Phase.BUSY
    world.life = task_over(world.life, world.now)
    world.life = drained(world.life, world.now)
    assert world.hears(Asked(Status.ASLEEP)) is Question.FETCH
    world.goes_to(Question.TELL_ASLEEP)


def test_the_next_task_is_fetched_as_soon_as_the_last_report_is_delivered():
    world = busy()
    world.reports_waiting = True
    world.life = task_over(world.life, world.now)
    assert world.asks() is None
    world.reports_waiting = False
    world.life = drained(world.life, world.now)
    assert world.asks() is Question.FETCH


def test_with_reports_undelivered_it_asks_for_requests_but_fetches_nothing():
    world = busy()
    world.reports_waiting = True
    world.life = task_over(world.life, world.now)
    for _ in range(5):
        world.waits()
        assert world.hears() is Question.STATE
    world.waits()
    assert world.hears(Asked(Status.OFFLINE)) is Question.STATE
    assert world.life.phase is Phase.LEAVE


def test_a_lost_worker_signs_on_again_by_itself():
    world = awake()
    assert world.hears(NotAwake("worker is in state error")) is Question.FETCH
    world.goes_to(Question.SIGN_ON, Question.TELL_AWAKE, Question.FETCH)


def test_but_not_in_a_circle():
    world = awake()
    waited = []
    for _ in range(6):
        assert world.hears(NotAwake("?")) is Question.FETCH
        waited.append(max(0.0, world.waits()))
        world.goes_to(Question.SIGN_ON, Question.TELL_AWAKE)
    assert waited == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize("phase", [Phase.REGISTER, Phase.SIGN_ON])
def test_trouble_before_sign_on_is_waited_out_for_ever(phase):
    world = World(phase)
    asked = world.asks()
    for _ in range(50):
        assert world.hears(Trouble("502")) is asked
        assert world.waits() <= 15.0
    assert world.life.phase is phase


@pytest.mark.parametrize("world", [awake, asleep, busy], ids=["idle", "asleep", "busy"])
def test_trouble_later_changes_nothing_but_the_pace(world):
    world = world()
    world.waits()
    phase, asked = world.life.phase, world.asks()
    waited = []
    for _ in range(4):
        assert world.hears(Trouble("no answer")) is asked
        waited.append(world.waits())
    assert waited == [0.5, 1.0, 2.0, 4.0]
    assert world.hears() is asked
    assert (world.life.phase, world.life.failures) == (phase, 0)


def asked_within(world, seconds):
    asked = []
    while world.now < seconds:
        asked.append(world.hears())
        world.waits()
    return asked


def test_where_no_bell_rings_a_sleeping_worker_says_now_and_then_that_it_sleeps():
    asked = asked_within(asleep(), 125)
    assert [number for number, question in enumerate(asked) if question is Question.TELL_ASLEEP] == [20, 41]
    assert set(asked) == {Question.STATE, Question.TELL_ASLEEP}
    assert set(asked_within(asleep(push=True), 125)) == {Question.STATE}


def test_a_status_that_could_not_be_told_is_told_again():
    world = World()
    world.goes_to(Question.SIGN_ON)
    world.hears(Trouble("500"))
    world.waits()
    world.goes_to(Question.TELL_AWAKE, Question.FETCH)


@pytest.mark.parametrize("world", [World, awake, asleep], ids=["starting", "idle", "asleep"])
def test_unknown_credentials_end_the_worker(world):
    world = world()
    world.waits()
    world.hears(Denied("no such worker"))
    assert (world.life.phase, world.life.exit_code) == (Phase.GONE, DENIED_EXIT_CODE)


def test_unknown_credentials_end_the_task_first():
    world = busy()
    world.waits()
    world.hears(Denied("no such worker"))
    assert world.life.phase is Phase.ABORT
    world.life = task_over(world.life, world.now)
    assert (world.life.phase, world.life.exit_code) == (Phase.GONE, DENIED_EXIT_CODE)


@pytest.mark.parametrize(
    ("world", "then"),
    [
        pytest.param(lambda: World(Phase.REGISTER), Phase.GONE, id="registering"),
        pytest.param(World, Phase.LEAVE, id="starting"),
        pytest.param(awake, Phase.LEAVE, id="idle"),
        pytest.param(asleep, Phase.LEAVE, id="asleep"),
        pytest.param(busy, Phase.ABORT, id="busy"),
    ],
)
def test_told_to_stop(world, then):
    world = world()
    world.life = told_to_stop(world.life, "received SIGTERM", world.now)
    assert (world.life.phase, world.life.exit_code) == (then, 0)
    if then is Phase.ABORT:
        world.life = task_over(world.life, world.now)
        assert world.life.phase is Phase.LEAVE
    assert told_to_stop(world.life, "again", world.now + 1) == world.life


def test_leaving_waits_for_the_reports_but_not_for_long():
    world = awake()
    world.life = told_to_stop(world.life, "received SIGTERM", world.now)
    world.reports_waiting = True
    assert world.asks() is None
    assert world.waits() == 3.0
    assert world.asks() is Question.SIGN_OFF


def test_leaving_without_a_manager_ends_after_three_tries():
    world = awake()
    world.life = told_to_stop(world.life, "received SIGTERM", world.now)
    for _ in range(3):
        assert world.life.phase is Phase.LEAVE
        world.hears(Trouble("no answer"))
        world.waits()
    assert world.life.phase is Phase.GONE


def test_leaving_ends_in_time_if_the_manager_hangs():
    world = awake()
    world.life = told_to_stop(world.life, "received SIGTERM", world.now)
    assert too_late(world.life, 5.9).phase is Phase.LEAVE
    assert too_late(world.life, 6.0).phase is Phase.GONE


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("asked", Question)
def test_an_answer_that_comes_too_late_is_ignored(phase, asked):
    life = Life(phase, task=TASK)
    assert (heard(life, asked, GOOD[asked], 0.0, 0.0) == life) is (phase not in ASKED_IN[asked])


def test_every_question_is_asked_somewhere():
    assert ASKED_IN.keys() == set(Question)


def test_nothing_is_asked_while_a_task_is_being_ended():
    assert wake_at(Life(Phase.ABORT), reports_waiting=False) == inf


@pytest.mark.parametrize(
    ("life", "text"),
    [
        (replace(Life(Phase.BUSY), task=TASK), "running task frame 1"),
        (Life(Phase.AWAKE, why="no answer"), "awake (no answer)"),
        (Life(Phase.ASLEEP), "asleep"),
    ],
)
def test_describe(life, text):
    assert describe(life) == text
