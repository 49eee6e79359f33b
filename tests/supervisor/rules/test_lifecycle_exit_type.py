"""Whose end is the end of a service: ExitType=, a main process that moves or is nobody's child, leftovers."""

import pytest
from world import Process, World, service, started

from farmhand.supervisor.rules.exitstatus import Exit, Result
from farmhand.supervisor.rules.life import Event, Life, Scene, Slot
from farmhand.supervisor.rules.lifecycle import step
from farmhand.supervisor.rules.states import State

FAILED = Exit(code=3)


@pytest.mark.parametrize("code", [0, 3])
def test_with_the_group_the_last_process_counts(code):
    world = started(exit_type="cgroup", exec_stop="/bin/stop")
    world.ends(Exit(code=code), leaving=1)
    assert (world.state, world.life.main) == (State.RUNNING, False)
    world.stragglers.clear()
    world.tell(world.unit, Event.TREE_EMPTY)
    assert world.life.result is (Result.EXIT_CODE if code else Result.SUCCESS)
    assert world.state is (State.FAILED if code else State.STOP)


def test_with_the_group_an_empty_one_does_not_wait():
    world = started(exit_type="cgroup")
    world.ends(Exit(code=0))
    assert world.state is State.DEAD


def test_with_the_group_a_failure_waits_for_a_command_to_end_and_then_stops_everybody():
    world = started(exit_type="cgroup", exec_start_post="/bin/post")
    world.ends(FAILED, leaving=1)
    assert world.state is State.START_POST
    world.command_ends()
    assert world.said()[-3:] == ["send SIGTERM SIGCONT to all", "stop-sigterm", "failed"]
    assert world.life.result is Result.EXIT_CODE


def test_with_the_group_a_stop_waits_for_those_whom_nobody_signals():
    world = started(exit_type="cgroup", kill_mode="process", timeout_stop_sec=5)
    world.stragglers.append(world.processes[Slot.MAIN])
    world.stop()
    assert world.state is State.STOP_SIGTERM
    world.pass_time(5)
    assert (world.state, world.life.result) == (State.FAILED, Result.TIMEOUT)


def test_with_the_group_a_forking_start_has_no_main_process_to_lose():
    world = started(exit_type="cgroup", type="forking", guess_main_pid=False)
    world.ends(Exit(code=0), Slot.CONTROL, leaving=2)
    assert world.state is State.RUNNING
    world.stragglers.clear()
    world.tell(world.unit, Event.TREE_EMPTY)
    assert world.state is State.DEAD


def test_a_main_process_that_moves_in_time_goes_on():
    world = started(type="forking", pid_file="/run/w.pid")
    world.daemon = 7
    world.ends(Exit(code=0), Slot.CONTROL, leaving=1)
    assert world.state is State.RUNNING
    world.daemon, world.moves = 8, True
    world.ends(FAILED, leaving=1)
    assert (world.state, world.life.main, world.life.exit) == (State.RUNNING, True, None)
    assert world.said()[-1] == "follow 8"


def test_how_nobodys_child_ended_is_not_known():
    world = started(restart="on-failure")
    world.stragglers.append(world.processes.pop(Slot.MAIN))
    world.tell(world.unit, Event.MAIN_LOST)
    assert (world.state, world.life.main) == (State.RUNNING, False)
    world.stragglers.clear()
    world.tell(world.unit, Event.TREE_EMPTY)
    assert (world.state, world.life.result, world.life.exit) == (State.DEAD, Result.SUCCESS, None)


@pytest.mark.parametrize(("kill_mode", "starts"), [("control-group", False), ("mixed", False), ("process", True)])
@pytest.mark.parametrize("first", ["exec_condition", "exec_start_pre", "exec_start"])
def test_nothing_starts_beside_those_whom_nothing_may_kill(kill_mode, starts, first):
    world = World(service(kill_mode=kill_mode, send_sigkill=False, **{first: "/bin/first"}))
    world.stragglers.append(Process("ExecStart", frozenset({"SIGTERM"})))
    world.start()
    assert any(text.startswith("spawn") for text in world.said()) is starts
    assert world.life.result is (Result.SUCCESS if starts else Result.RESOURCES)


def test_a_forgiven_line_is_followed_by_the_next_even_of_one_that_is_being_stopped():
    world = started(type="oneshot", exec_start=["-/bin/a", "/bin/b"])
    world.stop()
    assert world.said()[-2:] == ["stop-sigterm", "spawn ExecStart"]
    world.ends(Exit(code=0))
    assert world.state is State.DEAD


@pytest.mark.parametrize(
    ("access", "state"), [("all", State.START), ("exec", State.START), ("main", State.FAILED)], ids=str
)
def test_another_process_may_yet_say_that_it_is_ready(access, state):
    world = started(type="notify", remain_after_exit=True, notify_access=access)
    world.ends(Exit(code=0), leaving=1)
    assert world.state is state


def test_nobody_is_left_to_say_that_it_is_ready():
    world = started(type="notify", remain_after_exit=True, notify_access="all")
    world.ends(Exit(code=0))
    assert (world.state, world.life.result) == (State.FAILED, Result.PROTOCOL)


@pytest.mark.parametrize("code", [0, 3])
def test_an_end_during_its_own_reload_stops_it_even_if_it_failed(code):
    world = started(type="notify", exec_stop="/bin/stop", remain_after_exit=True)
    world.says("READY=1")
    world.says("RELOADING=1")
    world.ends(Exit(code=code))
    assert world.said()[-2:] == ["spawn ExecStop", "stop"]


def test_with_the_group_a_start_goes_on_with_those_who_are_left():
    world = started(exit_type="cgroup", exec_start_post="/bin/post")
    world.ends(Exit(code=0), leaving=1)
    world.command_ends()
    assert world.state is State.RUNNING


def test_with_the_group_the_starter_counts_too():
    world = started(exit_type="cgroup", type="forking", guess_main_pid=False, notify_access="all")
    world.stragglers.append(Process("ExecStart"))
    world.daemon = 7
    world.says("MAINPID=7")
    world.ends(Exit(code=0))
    assert world.state is State.START


def test_the_last_process_of_a_start_need_not_be_told_of_twice():
    waiting = Life(state=State.START, main=True, main_known=True)
    lonely = service(type="notify", remain_after_exit=True, notify_access="all")
    life, _ = step(waiting, Event.MAIN_ENDED, lonely, Scene(now=0.0, exit=Exit(code=0)))
    assert (life.state, life.result) == (State.FAILED, Result.PROTOCOL)
