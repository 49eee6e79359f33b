"""What a service tells about itself: reloads, its watchdog, its status."""

import pytest
from world import service, started

from farmhand.supervisor.rules.exitstatus import Exit, Result
from farmhand.supervisor.rules.jobs import Outcome
from farmhand.supervisor.rules.life import Event, Life, OutOfPlace, Scene
from farmhand.supervisor.rules.lifecycle import step
from farmhand.supervisor.rules.states import State

TERM, KILL = "send SIGTERM SIGCONT to all", "send SIGKILL to all"


def test_a_failing_reload_fails_the_request_only():
    world = started(exec_reload="/bin/r")
    world.reload()
    world.command_ends(1)
    assert (world.state, world.outcomes) == (State.RUNNING, [Outcome.DONE, Outcome.FAILED])


def test_an_end_during_a_reload_is_noticed_after_it():
    world = started(exec_reload="/bin/r")
    world.reload()
    world.ends(Exit(code=1))
    assert world.state is State.RELOAD
    world.command_ends()
    assert world.state is State.FAILED


def test_a_reload_that_takes_too_long_is_killed():
    world = started(exec_reload="/bin/r", timeout_start_sec=2)
    world.reload()
    world.pass_time(2)
    assert world.said(2) == ["kill command", "running"]
    assert world.life.reload_result is Result.TIMEOUT


def test_ready_during_a_reload_command_does_not_end_it():
    world = started(exec_reload="/bin/r", notify_access="main")
    world.reload()
    world.says("READY=1")
    assert world.state is State.RELOAD


@pytest.mark.parametrize(("told", "state"), [("RELOADING=1", State.RELOAD), ("STOPPING=1", State.STOP_SIGTERM)])
def test_what_is_told_during_start_post_counts_after_it(told, state):
    world = started(notify_access="main", exec_start_post="/bin/q")
    world.says(told)
    assert world.state is State.START_POST
    world.command_ends()
    assert world.state is state


def test_a_service_that_reloads_by_itself_says_so():
    world = started(type="notify")
    world.says("READY=1")
    world.says("RELOADING=1")
    assert world.state is State.RELOAD
    world.says("READY=1")
    assert world.state is State.RUNNING


def test_a_service_that_stops_by_itself_is_not_signalled_until_it_takes_too_long():
    world = started(type="notify", timeout_stop_sec=5)
    world.says("READY=1")
    world.says("STOPPING=1")
    assert world.said()[-1] == "stop-sigterm"
    world.pass_time(5)
    assert world.said(5)[0] == KILL


def test_an_end_during_a_reload_of_its_own_is_noticed_at_once():
    world = started(type="notify")
    world.says("READY=1")
    world.says("RELOADING=1")
    world.ends(Exit(code=1))
    assert (world.state, world.life.reload_result) == (State.FAILED, Result.SUCCESS)


def test_the_watchdog_counts_from_ready_and_starts_anew_with_each_sign_of_life():
    world = started(type="notify", watchdog_sec=3, restart="on-watchdog")
    world.pass_time(10)
    world.says("READY=1")
    world.pass_time(2)
    world.says("WATCHDOG=1")
    world.pass_time(2)
    assert world.state is State.RUNNING
    world.pass_time(1)
    assert world.said(15) == ["send SIGABRT SIGCONT to all", "stop-watchdog", "failed", "auto-restart"]
    assert world.life.result is Result.WATCHDOG


def test_a_stop_calls_the_watchdog_off_and_an_extension_puts_it_off():
    stopped = started({"SIGTERM"}, notify_access="main", watchdog_sec=3)
    stopped.stop()
    extended = started(notify_access="main", watchdog_sec=3)
    extended.says("EXTEND_TIMEOUT_USEC=8000000")
    for world in (stopped, extended):
        world.pass_time(7)
    assert (stopped.state, extended.state) == (State.STOP_SIGTERM, State.RUNNING)


def test_a_watchdog_may_be_asked_for_and_triggered():
    asked, triggered = started(notify_access="main"), started(notify_access="main", exec_stop="/bin/s")
    asked.says("WATCHDOG_USEC=1000000")
    asked.pass_time(1)
    triggered.says("WATCHDOG=trigger")
    assert asked.life.result is triggered.life.result is Result.WATCHDOG


def test_the_status_text_outlives_the_run_and_not_the_next_start():
    world = started(notify_access="main", start_limit_burst=0)
    world.says("STATUS=hello")
    world.stop()
    assert world.life.status_text == "hello"
    world.start()
    assert world.life.status_text == ""


def test_an_event_out_of_place_is_named():
    with pytest.raises(OutOfPlace, match="worker: timer elapsed while dead"):
        step(Life(), Event.TIMER, service(), Scene(0.0))
