"""What systemd learned after version 252: Type=notify-reload, RestartMode=direct, growing pauses; and our back-off."""

import pytest
from world import World, service, started

from farmhand.supervisor.rules.exitstatus import Exit, Result
from farmhand.supervisor.rules.jobs import Outcome
from farmhand.supervisor.rules.life import Slot
from farmhand.supervisor.rules.states import State
from farmhand.units.spec import StatusSet

BEFORE, AFTER = 999_999, 1_000_001  # microseconds: the reload is asked for at 1 s


def reloading(**directives):
    world = started(type="notify-reload", reload_signal="SIGUSR1", timeout_start_sec=5, **directives)
    world.says("READY=1")
    world.pass_time(1)
    world.reload()
    return world


def test_a_reload_is_a_signal_that_has_to_be_answered():
    world = reloading()
    assert world.said(1) == ["send SIGUSR1 SIGCONT to main alone", "reload-signal"]
    world.says(f"RELOADING=1\nMONOTONIC_USEC={AFTER}")
    assert world.state is State.RELOAD_NOTIFY
    world.says("READY=1")
    assert (world.state, world.outcomes) == (State.RUNNING, [Outcome.DONE, Outcome.DONE])


@pytest.mark.parametrize(
    ("said", "state"),
    [
        pytest.param("READY=1", State.RELOAD_SIGNAL, id="ready alone is no answer"),
        pytest.param("RELOADING=1", State.RELOAD_SIGNAL, id="nor is one without its time"),
        pytest.param(f"RELOADING=1\nMONOTONIC_USEC={BEFORE}", State.RELOAD_SIGNAL, id="nor one from before"),
        pytest.param(f"RELOADING=1\nREADY=1\nMONOTONIC_USEC={AFTER}", State.RUNNING, id="both at once"),
        pytest.param(f"READY=1\nRELOADING=1\nMONOTONIC_USEC={AFTER}", State.RUNNING, id="in any order"),
        pytest.param("READY=1\nSTOPPING=1\nRELOADING=1", State.STOP_SIGTERM, id="the end goes before all"),
    ],
)
def test_what_answers_a_reload(said, state):
    world = reloading()
    world.says(said)
    assert world.state is state


def test_a_reload_that_is_not_answered_fails_and_the_service_runs_on():
    world = reloading()
    world.pass_time(5)
    assert (world.state, world.life.reload_result) == (State.RUNNING, Result.TIMEOUT)
    assert world.outcomes == [Outcome.DONE, Outcome.FAILED]


def test_signal_and_command_go_together():
    world = reloading(exec_reload="/bin/r")
    assert world.said(1) == ["send SIGUSR1 SIGCONT to main alone", "spawn ExecReload", "reload"]
    world.ends(Exit(code=0), Slot.CONTROL)
    assert world.state is State.RUNNING


def test_a_reload_by_itself_has_a_state_of_its_own():
    world = started(type="notify-reload")
    world.says("READY=1")
    world.says("RELOADING=1")
    assert world.state is State.RELOAD_NOTIFY
    world.says("READY=1")
    assert world.state is State.RUNNING


def test_a_stop_during_a_reload():
    world = reloading()
    world.stop()
    assert world.state is State.DEAD


def test_direct_restarts_pass_through_neither_failed_nor_dead():
    world = started(restart="on-failure", restart_mode="direct")
    world.ends(Exit(code=1))
    world.pass_time(0.1)
    assert world.said() == ["spawn ExecStart", "running", "auto-restart", "spawn ExecStart", "running"]
    assert world.life.restarts == 1


def test_direct_restarts_end_in_the_start_limit():
    world = started(restart="on-failure", restart_mode="direct", start_limit_burst=2)
    for _ in range(2):
        world.ends(Exit(code=1))
        world.pass_time(0.1)
    assert (world.state, world.life.verdict.directive) == (State.FAILED, "StartLimitBurst")


def test_a_direct_restart_makes_way_for_a_stop():
    world = started(restart="on-failure", restart_mode="direct")
    world.ends(Exit(code=1))
    world.stop()
    world.pass_time(9)
    assert world.state is State.DEAD


def restart_times(world, exits):
    """Let it end like that, one second after each start, and return how long each restart waited."""
    waits = []
    for exit in exits:
        world.pass_time(1)
        world.ends(exit)
        waits.append(world.life.timer - world.now)
        world.pass_time(waits[-1])
    return waits


STEPS = {"restart": "always", "start_limit_burst": 0, "restart_sec": 1.0}


def test_the_pause_grows_by_steps():
    world = started(**STEPS, restart_steps=2, restart_max_delay_sec=4.0)
    assert restart_times(world, [Exit(code=1)] * 4) == [1.0, 2.0, 4.0, 4.0]


def test_a_crash_waits_longer_each_time_and_a_planned_restart_not_at_all():
    forced = StatusSet(frozenset({47}))
    world = started(**STEPS, backoff_max_sec=8.0, restart_force_exit_status=forced)
    exits = [Exit(code=1), Exit(code=1), Exit(code=47), Exit(code=1), Exit(signal="SIGKILL"), Exit(code=1)]
    assert restart_times(world, exits) == [1.0, 2.0, 0.0, 4.0, 8.0, 8.0]
    world.pass_time(8)
    world.ends(Exit(code=1))
    assert world.life.timer - world.now == 1.0


@pytest.mark.parametrize("forget", ["reset_failed", "restart"])
def test_an_operator_makes_the_pause_short_again(forget):
    world = started(**STEPS, backoff_max_sec=8.0)
    restart_times(world, [Exit(code=1)] * 3)
    getattr(world, forget)()
    assert restart_times(world, [Exit(code=1)]) == [1.0]


def test_time_spent_on_stopping_is_no_stable_run():
    world = started({"SIGTERM"}, **STEPS, backoff_max_sec=8.0, timeout_stop_sec=20)
    restart_times(world, [Exit(code=1)])
    world.ends(Exit(code=1), leaving=1)
    world.pass_time(20)
    assert world.life.timer - world.now == 2.0


def test_a_runtime_limit_is_stretched_at_random():
    world = World(service(runtime_max_sec=10, runtime_randomized_extra_sec=4), chance=0.5)
    world.start()
    assert world.life.timer == 12.0
