"""Anything may happen to a service in any order: what holds all the same."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from world import World, service

from farmhand.supervisor.rules.exitstatus import Exit
from farmhand.supervisor.rules.life import Slot
from farmhand.supervisor.rules.states import State, active_state
from farmhand.units.spec import StatusSet

BURST, INTERVAL = 4, 10.0
EXITS = st.sampled_from([Exit(code=0), Exit(code=1), Exit(code=47), Exit(signal="SIGKILL"), Exit(signal="SIGTERM")])
COMMANDS = st.sampled_from([(), ("/bin/a",), ("-/bin/a", "/bin/b")])
LISTS = ("condition", "start_pre", "start_post", "reload", "stop", "stop_post")
SERVICES = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["simple", "exec", "notify", "oneshot", "idle"]),
        "restart": st.sampled_from(["no", "always", "on-success", "on-failure", "on-abnormal", "on-watchdog"]),
        "restart_sec": st.sampled_from([0.0, 0.5, 3.0]),
        "kill_mode": st.sampled_from(["control-group", "mixed"]),
        "send_sigkill": st.booleans(),
        "remain_after_exit": st.booleans(),
        "watchdog_sec": st.sampled_from([0.0, 2.0]),
        "runtime_max_sec": st.sampled_from([1.0, float("inf")]),
        "timeout_start_failure_mode": st.sampled_from(["terminate", "abort", "kill"]),
        "timeout_stop_failure_mode": st.sampled_from(["terminate", "abort", "kill"]),
        **{
            f"exec_{name}": COMMANDS for name in ("condition", "start_pre", "start_post", "reload", "stop", "stop_post")
        },
    }
)


class ServiceLife(RuleBasedStateMachine):
    """The world itself fails the test if a second main or control process is spawned beside a living one."""

    @initialize(directives=SERVICES, stubborn=st.booleans(), refused=st.sampled_from(["", "ExecStart", "ExecStop"]))
    def begin(self, directives, stubborn, refused):
        what = service(
            **directives,
            restart_force_exit_status=StatusSet(frozenset({47})),
            start_limit_burst=BURST,
            start_limit_interval_sec=INTERVAL,
            timeout_start_sec=4.0,
            timeout_stop_sec=2.0,
        )
        self.world = World(what, ignores=frozenset({"SIGTERM"} if stubborn else ()), refuse=frozenset({refused}))
        self.wanted = False
        self.stopped_at = 0

    @rule(verb=st.sampled_from(["start", "restart"]))
    def ask_to_run(self, verb):
        self.wanted = True
        getattr(self.world, verb)()

    @rule()
    def ask_to_stop(self):
        self.wanted = False
        self.world.stop()
        self.stopped_at = len(self.world.log)

    @rule()
    def ask_to_reload(self):
        self.world.reload()

    @rule()
    def reset_failed(self):
        if self.world.state is State.FAILED:
            self.world.log.append((self.world.now, "reset"))
        self.world.reset_failed()

    @precondition(lambda self: Slot.MAIN in self.world.processes)
    @rule(exit=EXITS, leaving=st.integers(0, 2))
    def main_process_ends(self, exit, leaving):
        self.world.ends(exit, leaving=leaving)

    @precondition(lambda self: Slot.CONTROL in self.world.processes)
    @rule(exit=EXITS, leaving=st.integers(0, 1))
    def command_ends(self, exit, leaving):
        self.world.ends(exit, Slot.CONTROL, leaving=leaving)

    @precondition(lambda self: Slot.MAIN in self.world.processes)
    @rule(text=st.sampled_from(["READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "EXTEND_TIMEOUT_USEC=3000000"]))
    def main_process_tells(self, text):
        self.world.says(text)

    @precondition(lambda self: self.world.service.type == "exec" and Slot.MAIN in self.world.processes)
    @rule()
    def program_is_executed(self):
        self.world.execs()

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 30.0]))
    def time_passes(self, seconds):
        self.world.pass_time(seconds)

    @invariant()
    def a_requested_stop_is_never_followed_by_a_start(self):
        if not self.wanted:
            assert "spawn ExecStart" not in [text for _, text in self.world.log[self.stopped_at :]]

    @invariant()
    def the_start_limit_holds(self):
        """In any window that opens with a start there are at most twice the burst: the windows are fixed."""
        runs = self.world.log[max((i for i, (_, text) in enumerate(self.world.log) if text == "reset"), default=0) :]
        oneshot_lines = len(self.world.service.exec_start)
        starts = [when for when, text in runs if text == "spawn ExecStart"]
        for start in starts:
            assert sum(start <= other < start + INTERVAL for other in starts) <= 2 * BURST * oneshot_lines

    @invariant()
    def a_service_at_rest_has_no_process_and_no_deadline(self):
        """But for what is left when ExecStopPost= itself has to be ended, or when a start comes too often while the
        service is being stopped: systemd lets that be, too."""
        world = self.world
        given_up = world.life.verdict is not None and world.life.verdict.directive == "StartLimitBurst"
        if world.state in (State.DEAD, State.FAILED) and world.service.send_sigkill and not given_up:
            assert (world.processes, world.life.timer, world.life.watchdog) == ({}, None, None)
            assert not world.stragglers or world.service.exec_stop_post

    @invariant()
    def the_rules_know_which_processes_live(self):
        world = self.world
        assert (Slot.MAIN in world.processes, Slot.CONTROL in world.processes) == (world.life.main, world.life.control)

    @invariant()
    def no_request_waits_for_ever_at_rest(self):
        assert not (active_state(self.world.service, self.world.state).value == "inactive" and self.world.jobs.pending)

    def teardown(self):
        """Whatever happened, a stop brings it to rest in bounded time."""
        if not hasattr(self, "world"):
            return
        self.world.stop()
        self.world.pass_time(60)
        assert self.world.state in (State.DEAD, State.FAILED), self.world.said()


TestServiceLife = ServiceLife.TestCase
TestServiceLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
