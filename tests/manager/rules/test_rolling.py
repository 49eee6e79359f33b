"""Rolling actions: each move, and then whole histories by chance, of which one thing must be true at every moment."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmhand.manager.rules.attended import Attended
from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.rolling import Scene, advance
from farmhand.manager.rules.rollouts import (
    AWAY,
    COMMANDS,
    PLACED,
    STEPS,
    Command,
    Refused,
    Rollout,
    Seen,
    Stage,
    State,
    Turn,
    commanded,
    places,
    refuse,
)
from farmhand.manager.rules.workers import Announcement, LastTask, Pending, Worker, lose, report, sign_off, sign_on
from farmhand.worker.wire import Request, Status, TaskStatus

ID = "5c1d6f6a-0000-4000-8000-000000000000"
RESTART, LAZY, SLEEP = Request(Status.RESTART), Request(Status.RESTART, lazy=True), Request(Status.ASLEEP)
TASK = LastTask("t", "j", "frame", "film", TaskStatus.ACTIVE, 0, 1, active=True, started_at=0, ended_at=None)


@dataclass
class World:
    """Workers that do as they are told when the test says so, and what is written down of a rolling action."""

    rollout: Rollout
    workers: dict[str, Worker]
    turns: dict[str, Turn] = field(default_factory=dict)
    now: int = 1000
    told: list = field(default_factory=list)
    spare: int = 2

    def __post_init__(self):
        self.turns = {id: Turn(id, worker.name, n) for n, (id, worker) in enumerate(self.workers.items())}

    def look(self):
        """Look until there is nothing more to do; returns when to look again."""
        while True:
            move = self.move()
            self.rollout = move.rollout
            self.turns.update(move.turns)
            for id, moved in move.asked.items():
                self.workers[id] = moved.worker
            self.told += move.facts
            if not move.turns and not move.asked:
                return move.due

    def move(self):
        ordered = sorted(self.turns.values(), key=lambda turn: turn.position)
        waiting = [turn for turn in ordered if turn.stage is Stage.WAITING]
        begun = [turn for turn in ordered if turn.stage in STEPS]
        proven = any(turn.stage is Stage.DONE and turn.asked_at for turn in ordered)
        loaded = [*begun, *waiting[: self.rollout.at_once + self.spare]]
        return advance(self.rollout, Scene(loaded, dict(self.workers), len(waiting), proven), self.now)

    def passes(self, milliseconds):
        self.now += milliseconds

    def stages(self):
        return [turn.stage.value for turn in self.turns.values()]

    def change(self, id, worker):
        self.workers[id] = worker

    # What workers do.

    def goes(self, id):
        self.workers[id] = sign_off(self.workers[id], self.now).worker

    def comes(self, id, version=None, status=Status.AWAKE):
        before = self.workers[id]
        said = Announcement(before.name, version or before.version, (), before.can_restart, "")
        self.workers[id] = report(sign_on(before, said, self.now).worker, status, self.now).worker

    def obeys(self, id, version=None):
        """Do what is asked, all of it."""
        if self.rollout.wish.status is Status.RESTART:
            self.goes(id)
            self.comes(id, version)
        else:
            self.workers[id] = report(self.workers[id], self.rollout.wish.status, self.now).worker


def worker(id, **more):
    return Worker(id, f"node-{id}", Status.AWAKE, True, version="1.0", idle=True, incarnation=1, **more)


def world(number=4, *, wish=RESTART, at_once=2, **more):
    rollout = Rollout(ID, wish, "kim", at_once, patience=100, watch=30, **more)
    return World(rollout, {str(n): worker(str(n)) for n in range(number)})


# -- the tables


def test_every_stage_that_takes_a_place_is_left_again():
    assert set(STEPS) == PLACED | {Stage.FAILED}
    assert all(steps.keys() <= set(Seen) for steps in STEPS.values())
    assert all(Seen.REMOVED in steps for steps in STEPS.values())
    assert all(stage not in steps.values() for stage, steps in STEPS.items())


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("command", Command)
def test_commands(state, command):
    rollout = Rollout(ID, RESTART, "kim", 1, state=state)
    if command in COMMANDS[state]:
        assert commanded(rollout, command, "sam", 5).state is COMMANDS[state][command]
    else:
        with pytest.raises(Refused, match=f"that is {state.value} cannot be"):
            commanded(rollout, command, "sam", 5)


@pytest.mark.parametrize(
    ("wish", "more", "said"),
    [
        (RESTART, {}, None),
        (Request(Status.OFFLINE), {}, "action: "),
        (RESTART, {"workers": 0}, "query: "),
        (RESTART, {"at_once": 0}, "at_once: "),
        (RESTART, {"deadline": 5}, "deadline: "),
        (LAZY, {"deadline": 5}, None),
    ],
)
def test_what_cannot_be_rolled(wish, more, said):
    found = refuse(wish, **{"workers": 3, "at_once": 1, "deadline": None, **more})
    assert found == said if said is None else found.startswith(said)


@pytest.mark.parametrize(
    ("workers", "count", "percent", "found"),
    [(10, None, None, 1), (10, 3, None, 3), (10, None, 25, 2), (3, None, 10, 1), (10, None, 100, 10)],
)
def test_how_many_at_once(workers, count, percent, found):
    assert places(workers, count=count, percent=percent) == found


# -- moves


def test_a_canary_goes_first_and_is_watched_before_the_rest_follows():
    it = world()
    it.look()
    assert it.stages() == ["asked", "waiting", "waiting", "waiting"]
    it.goes("0")
    assert it.look() == it.now + 100
    it.comes("0")
    assert it.look() == it.now + 30
    assert it.stages() == ["back", "waiting", "waiting", "waiting"]
    it.passes(30)
    it.look()
    assert it.stages() == ["done", "asked", "asked", "waiting"]
    it.obeys("2")
    it.look()
    assert it.stages() == ["done", "asked", "back", "asked"], "the others are watched while the next ones go"
    it.obeys("1")
    it.obeys("3")
    assert it.look() == it.now + 30
    assert it.rollout.state is State.RUNNING
    it.passes(30)
    it.look()
    assert it.rollout.state is State.DONE
    turn = it.turns["0"]
    assert turn.asked_at <= turn.down_at <= turn.back_at <= turn.ended_at


def test_a_canary_is_one_without_a_task_if_there_is_one():
    it = world(wish=LAZY)
    it.change("0", replace(it.workers["0"], task=TASK))
    it.look()
    assert it.stages() == ["waiting", "asked", "waiting", "waiting"]
    it.obeys("1")
    it.look()
    it.passes(30)
    it.look()
    assert it.stages() == ["asked", "done", "asked", "waiting"]


def test_without_a_canary_all_places_are_taken_at_once():
    it = world(canary=False)
    it.look()
    assert it.stages() == ["asked", "asked", "waiting", "waiting"]
    request = it.workers["0"].request
    assert (request.by, request.wish) == ("rolling action 5c1d6f6a of kim", RESTART)


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        pytest.param(lambda it: [it.goes("0"), it.look(), it.passes(100)], "node-0 did not come back", id="late"),
        pytest.param(lambda it: it.passes(100), "node-0 did not do what was asked", id="does not go"),
        pytest.param(lambda it: it.obeys("0", "0.9"), "node-0 came back with version 0.9, it had 1.0", id="older"),
        pytest.param(
            lambda it: [it.obeys("0"), it.look(), it.goes("0")], "node-0 did not stay: it was off", id="ends again"
        ),
        pytest.param(
            lambda it: [it.obeys("0"), it.look(), it.obeys("0")], "node-0 did not stay: it started", id="crashes"
        ),
        pytest.param(
            lambda it: [it.obeys("0"), it.change("0", lose(it.workers["0"], it.now).worker)],
            "node-0 did not stay: it was error",
            id="comes back in error",
        ),
        pytest.param(
            lambda it: [it.obeys("0"), it.look(), it.change("0", lose(it.workers["0"], it.now).worker)],
            "node-0 did not stay: it was error",
            id="is lost again",
        ),
    ],
)
def test_it_halts_by_itself(happens, why):
    it = world()
    it.look()
    happens(it)
    it.look()
    assert it.rollout.state is State.HALTED
    assert it.rollout.why.startswith(why)
    assert Kind.ROLLOUT_STATUS in [fact.kind for _, fact in it.told]
    it.passes(10_000)
    it.look()
    assert it.stages()[0] in ("failed", "left")
    assert it.stages()[1:] == ["waiting", "waiting", "waiting"]


def test_who_comes_late_is_back_but_proves_nothing_and_the_halt_stays():
    it = world()
    it.look()
    it.goes("0")
    it.look()
    it.passes(100)
    it.look()
    it.comes("0")
    it.look()
    assert (it.rollout.state, it.turns["0"].stage) == (State.HALTED, Stage.LEFT)
    it.rollout = commanded(it.rollout, Command.RESUME, "kim", it.now)
    it.look()
    assert it.stages() == ["left", "asked", "waiting", "waiting"]


def test_a_halt_takes_back_what_still_waits_for_a_task():
    it = world(wish=LAZY, canary=False, at_once=2)
    it.change("1", replace(it.workers["1"], task=TASK))
    it.look()
    assert it.turns["1"].until is None
    it.passes(100)
    it.look()
    assert it.stages() == ["failed", "waiting", "waiting", "waiting"]
    assert it.workers["1"].request is None


def test_who_waits_for_a_task_has_time_until_its_deadline():
    it = world(wish=LAZY, canary=False, deadline=1000)
    it.change("0", replace(it.workers["0"], task=TASK))
    it.look()
    assert it.workers["0"].request.terms.deadline == it.now + 1000
    assert it.turns["0"].until == it.now + 1100
    it.passes(1)
    assert it.workers["1"].request.terms.deadline is not None


def test_nobody_is_late_who_could_not_be_heard_of():
    it = world()
    it.look()
    it.goes("0")
    it.look()
    it.passes(10_000)
    scene = Scene(list(it.turns.values()), it.workers, 3, proven=False, since=it.now)
    move = advance(it.rollout, scene, it.now)
    assert not move.turns
    assert move.due == it.now + 100


@pytest.mark.parametrize(
    ("makes", "why"),
    [
        (lambda it: it.goes("0"), "is offline"),
        (lambda it: it.change("0", lose(it.workers["0"], 0).worker), "is error"),
        (lambda it: it.workers.pop("0"), "was removed"),
        (lambda it: it.change("0", replace(it.workers["0"], can_restart=False)), "cannot restart"),
        (
            lambda it: it.change("0", replace(it.workers["0"], request=Pending("r", SLEEP, "sam", 0))),
            "is to go to sleep immediately, as sam asked",
        ),
        (
            lambda it: it.change("0", replace(it.workers["0"], request=Pending("r", RESTART, "rolling action x", 0))),
            "was asked already: restarts now (by rolling action x)",
        ),
    ],
)
def test_whom_nothing_can_be_asked_of_is_left_out(makes, why):
    it = world()
    makes(it)
    it.look()
    assert it.turns["0"].stage is Stage.SKIPPED
    assert it.turns["0"].why.startswith(why)
    assert it.stages()[1:] == ["asked", "waiting", "waiting"]


def test_what_a_person_takes_back_or_replaces_is_left_alone():
    it = world(canary=False)
    it.look()
    it.change("0", replace(it.workers["0"], request=None))
    it.change("1", replace(it.workers["1"], request=Pending("r", SLEEP, "sam", 0)))
    it.look()
    assert [turn.why for turn in it.turns.values()][:2] == [
        "was left out: what was asked of it was taken back",
        "is to go to sleep immediately, as sam asked",
    ]
    assert it.rollout.state is State.RUNNING
    assert it.stages() == ["skipped", "skipped", "asked", "asked"]


def test_who_is_down_is_waited_for_though_it_was_taken_back_too_late():
    it = world()
    it.look()
    it.goes("0")
    it.look()
    it.change("0", replace(it.workers["0"], request=None))
    it.look()
    assert it.stages()[0] == "down"
    it.comes("0")
    it.look()
    assert it.stages()[0] == "back"


def test_a_rolling_sleep_is_one_after_the_other():
    it = world(wish=SLEEP, at_once=1, canary=False)
    it.change("1", replace(it.workers["1"], status=Status.ASLEEP))
    it.look()
    it.obeys("0")
    it.look()
    assert it.stages() == ["back", "done", "asked", "waiting"]
    assert it.turns["1"].why.startswith("is asleep already")


def test_a_pause_asks_nobody_else():
    it = world(canary=False)
    it.look()
    it.rollout = commanded(it.rollout, Command.PAUSE, "kim", it.now)
    it.obeys("0")
    it.look()
    assert it.stages() == ["back", "asked", "waiting", "waiting"]
    it.rollout = commanded(it.rollout, Command.RESUME, "kim", it.now)
    it.look()
    assert it.stages() == ["back", "asked", "asked", "waiting"]


def test_a_cancel_takes_back_what_has_not_begun():
    it = world(canary=False)
    it.look()
    it.goes("0")
    it.look()
    it.rollout = commanded(it.rollout, Command.CANCEL, "kim", it.now)
    it.look()
    assert it.stages()[:2] == ["down", "skipped"]
    assert it.workers["1"].request is None
    it.comes("0")
    it.look()
    it.passes(30)
    it.look()
    assert it.stages()[0] == "done"
    assert not it.move().in_flight


@pytest.mark.parametrize("what", ["goes", "is lost"])
def test_one_that_does_not_stay_halts_it_whoever_it_is(what):
    it = world(canary=False, at_once=1)
    it.look()
    it.obeys("0")
    it.look()
    assert it.stages() == ["back", "asked", "waiting", "waiting"]
    it.goes("0") if what == "goes" else it.change("0", lose(it.workers["0"], it.now).worker)
    it.look()
    assert (it.rollout.state, it.stages()[0]) == (State.HALTED, "failed")
    assert it.rollout.why.startswith("node-0 did not stay")


def test_what_a_person_asks_of_one_that_is_watched_is_no_failure():
    it = world(canary=False, at_once=1)
    it.look()
    it.obeys("0")
    it.look()
    it.change("0", replace(it.workers["0"], request=Pending("p", RESTART, "sam", it.now)))
    it.look()
    it.obeys("0")
    it.look()
    assert (it.rollout.state, it.stages()[0]) == (State.RUNNING, "done")


def test_who_would_not_come_back_is_left_out_with_the_reason():
    it = world(2, canary=False)
    broken = Attended("a", "agent", "w.service", heard_at=it.now, code=47, worker_code=47, why="Restart=no")
    it.change("0", replace(it.workers["0"], attended=broken))
    it.look()
    assert it.stages() == ["skipped", "asked"]
    assert it.turns["0"].why == "would not come back: w.service: Restart=no"


def test_many_who_must_be_left_out_do_not_stop_it():
    it = world(30, canary=False)
    for id in list(it.workers)[:29]:
        it.goes(id)
    it.look()
    while it.look() == it.now:
        pass
    assert it.stages()[29] == "asked"


# -- histories by chance

DO = ["goes", "comes", "comes older", "obeys", "is lost", "passes", "finishes", "fails", "resume", "pause", "person"]


def happen(it, what, id, people):
    here = it.workers[id]
    gone = here.status in (Status.OFFLINE, Status.ERROR)
    if what == "goes" and here.request is not None and not gone and not (here.request.wish.lazy and here.busy):
        it.goes(id)
    elif what.startswith("comes") and gone:
        it.comes(id, "0.9" if what == "comes older" else None)
    elif what == "obeys" and here.request is not None and not gone:
        it.obeys(id)
    elif what == "is lost" and not gone:
        it.change(id, lose(here, it.now).worker)
    elif what == "passes":
        it.passes(40)
    elif what == "finishes":
        it.change(id, replace(here, task=None))
    elif what in ("resume", "pause") and Command(what) in COMMANDS[it.rollout.state]:
        it.rollout = commanded(it.rollout, Command(what), "kim", it.now)
        if what == "resume":
            failed = [turn for turn in it.turns.values() if turn.stage is Stage.FAILED]
            it.turns.update({turn.worker_id: replace(turn, stage=Stage.LEFT) for turn in failed})
    elif what == "person" and people:
        it.change(id, replace(here, request=None))


def holds(it, before):
    """What must be true at every moment."""
    turns = it.turns.values()
    assert sum(turn.stage in AWAY for turn in turns) <= it.rollout.at_once
    asked = [turn for turn in turns if turn.asked_at]
    proven = any(turn.stage is Stage.DONE for turn in asked)
    if it.rollout.canary and not proven:
        assert sum(turn.stage in PLACED for turn in turns) <= 1
    new = [turn for turn in turns if turn.stage is Stage.ASKED and before[turn.worker_id].stage is not Stage.ASKED]
    assert not new or it.rollout.state is State.RUNNING
    if any(turn.stage is Stage.FAILED for turn in turns):
        assert it.rollout.state is not State.RUNNING
    if it.rollout.state is State.DONE:
        assert all(turn.stage not in PLACED | {Stage.WAITING} for turn in turns)


@settings(max_examples=150, deadline=None)
@given(
    wish=st.sampled_from([RESTART, LAZY, SLEEP]),
    at_once=st.integers(1, 3),
    canary=st.booleans(),
    people=st.booleans(),
    busy=st.sets(st.integers(0, 5)),
    history=st.lists(st.tuples(st.sampled_from(DO), st.integers(0, 5)), max_size=60),
)
def test_never_more_are_down_than_may_be_and_nobody_is_asked_after_a_failure(
    wish, at_once, canary, people, busy, history
):
    it = world(6, wish=wish, at_once=at_once, canary=canary)
    for id in busy:
        it.change(str(id), replace(it.workers[str(id)], task=TASK))
    for what, id in history:
        before = dict(it.turns)
        it.look()
        holds(it, before)
        happen(it, what, str(id), people)
    _ends(it)


def _ends(it):
    """Whatever has happened, it comes to an end once all workers do as they are told and somebody goes on."""
    for _ in range(100):
        happen(it, "resume", "0", people=False)
        it.look()
        if it.rollout.state is State.DONE:
            return
        for id in it.workers:
            happen(it, "finishes", id, people=False)
            happen(it, "comes", id, people=False)
            happen(it, "obeys", id, people=False)
        it.passes(40)
    raise AssertionError(it.stages())
