"""Nights of one worker by chance: its schedule, a person, restarts and obedience in any order."""

import shutil
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pretended import awake
from sleeping import WINDOWS
from stores import Clock, fresh

from farmhand.manager.due import mind
from farmhand.manager.rules.schedules import BY, Schedule, Verdict, judge
from farmhand.manager.rules.windows import Window
from farmhand.manager.storage import schedules
from farmhand.manager.storage.schedules import Owner
from farmhand.worker.wire import Request, Status

# The day before clocks go forward.
EVE = 1_774_656_000_000

ZONES = st.sampled_from([ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")])


class Nights(RuleBasedStateMachine):
    """What a worker is, what is pending and by whom, and since when a person's word counts, as the rules are told."""

    @initialize(windows=st.lists(WINDOWS, min_size=1, max_size=3), zone=ZONES)
    def begin(self, windows: list[Window], zone: ZoneInfo) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.clock = Clock()
        self.clock.now = EVE
        self.store = fresh(self.folder, clock=self.clock)
        self.node = awake(self.store, "node-1")
        self.schedule = Schedule(zone, tuple(windows))
        self.status, self.online = Status.AWAKE, True
        self.pending: tuple[str, Status, int] | None = None
        self.word: int | None = None
        schedules.add(self.store, Owner("worker", self.node.id), self.schedule, "kim")
        if self.says().status is Status.ASLEEP:
            self.pending = (BY, Status.ASLEEP, EVE)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder)

    def says(self) -> Verdict:
        verdict = judge([self.schedule], self.clock.now)
        assert verdict is not None
        return verdict

    @rule(minutes=st.integers(1, 1500))
    def time_passes(self, minutes: int) -> None:
        before = self.clock.now
        self.clock.passes(minutes * 60)
        mind(self.store)
        verdict = self.says()
        by_person = self.pending is not None and self.pending[0] != BY
        if verdict.since is None or verdict.since <= before or by_person:
            return
        if self.online and self.status is not verdict.status:
            self.pending = self.pending or (BY, verdict.status, self.clock.now)
        elif self.online or (self.pending and self.pending[1] is not verdict.status):
            self.pending = None

    @precondition(lambda self: self.online)
    @rule(status=st.sampled_from([Status.AWAKE, Status.ASLEEP]))
    def a_person_asks(self, status: Status) -> None:
        self.store.act([self.node.id], Request(status), "pat")
        if self.pending is not None and self.pending[:2] == ("pat", status):
            return  # what is asked again is as of its first time
        if status is not self.status:
            self.pending = ("pat", status, self.clock.now)
        elif self.pending is not None:
            self.word = self.clock.now if self.pending[0] == BY else self.word
            self.pending = None

    @precondition(lambda self: self.online and self.pending is not None)
    @rule()
    def the_worker_obeys(self) -> None:
        assert self.pending is not None
        self.becomes(self.pending[1])

    @precondition(lambda self: self.online)
    @rule()
    def it_leaves(self) -> None:
        self.node.signs_off()
        self.online = False

    @precondition(lambda self: not self.online)
    @rule()
    def it_starts_again(self) -> None:
        verdict, told = self.says(), self.node.sign_on()
        if self.pending is not None:
            assert told is self.pending[1]
        elif self.word is not None and (verdict.since is None or self.word >= verdict.since):
            assert told is self.status
        else:
            assert told is verdict.status
        self.online = True
        self.becomes(told)

    def becomes(self, status: Status) -> None:
        self.node.becomes(status)
        self.status = status
        if self.pending is not None and self.pending[1] is status:
            self.word = self.word if self.pending[0] == BY else self.pending[2]
            self.pending = None

    @invariant()
    def it_is_as_it_was_told(self) -> None:
        if not hasattr(self, "store"):
            return
        it = self.store.worker(self.node.id)
        assert it.status is (self.status if self.online else Status.OFFLINE)
        assert (it.request and (it.request.by, it.request.wish.status)) == (self.pending and self.pending[:2])


Nights.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestNights = Nights.TestCase
