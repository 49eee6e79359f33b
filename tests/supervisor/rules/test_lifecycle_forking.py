"""Services whose main process is not the one that was started: Type=forking, PIDFile=, MAINPID=."""

from world import started

from farmhand.supervisor.rules.exitstatus import Exit, Result
from farmhand.supervisor.rules.jobs import Outcome
from farmhand.supervisor.rules.life import Slot
from farmhand.supervisor.rules.states import State

PID_FILE = {"type": "forking", "pid_file": "/run/worker.pid"}
TERM = "send SIGTERM SIGCONT to all"


def forks(world, code=0, daemon=None):
    """The process that was started ends and leaves one behind."""
    world.daemon = daemon
    world.ends(Exit(code=code), Slot.CONTROL, leaving=1)


def test_the_end_of_a_guessed_main_process_is_the_end_of_the_service():
    world = started(type="forking", restart="on-failure", restart_sec=1.0)
    forks(world, daemon=7)
    assert (world.state, world.outcomes) == (State.RUNNING, [Outcome.DONE])
    world.ends(Exit(code=5))
    assert (world.life.exit, world.life.result, world.state) == (Exit(code=5), Result.EXIT_CODE, State.AUTO_RESTART)


def test_a_pid_file_that_is_late_is_waited_for():
    world = started(**PID_FILE)
    forks(world)
    assert (world.state, world.life.awaits_pid_file, world.outcomes) == (State.START, True, [])
    world.pass_time(3)
    world.writes_pid_file(7)
    assert world.said() == ["spawn ExecStart", "start", "follow 7", "running"]
    assert (world.life.timer, world.life.awaits_pid_file) == (None, False)


def test_a_pid_file_that_never_comes_is_a_timeout():
    world = started(**PID_FILE, timeout_start_sec=2.0)
    forks(world)
    world.pass_time(2)
    assert world.said(2.0) == [TERM, "stop-sigterm", "remove PIDFile", "failed"]
    assert world.life.result is Result.TIMEOUT


def test_without_anybody_to_write_it_from_the_start_a_pid_file_is_not_waited_for():
    world = started(**PID_FILE)
    world.ends(Exit(code=0), Slot.CONTROL)
    assert (world.life.result, world.outcomes) == (Result.PROTOCOL, [Outcome.FAILED])


def test_after_its_last_start_command_it_is_stopped_as_if_it_had_run():
    world = started(**PID_FILE, exec_start_post="/bin/post", exec_stop="/bin/stop")
    world.ends(Exit(code=0), Slot.CONTROL)
    world.command_ends()
    assert (world.state, world.life.result) == (State.STOP, Result.PROTOCOL)


def test_a_pid_file_is_waited_for_even_if_nobody_is_left_to_write_it():
    world = started(**PID_FILE)
    forks(world)
    world.stragglers.clear()
    world.says("STATUS=gone")
    assert (world.state, world.life.awaits_pid_file) == (State.START, True)


def test_it_is_not_if_the_main_process_was_known_already():
    world = started(**PID_FILE, exec_start_post="/bin/post")
    forks(world, daemon=7)
    world.daemon = None
    world.ends(Exit(code=0), leaving=1)
    world.command_ends()
    assert world.life.awaits_pid_file
    world.stragglers.clear()
    world.says("STATUS=gone")
    assert (world.life.result, world.outcomes) == (Result.PROTOCOL, [Outcome.FAILED])


def test_a_command_after_the_start_may_write_the_pid_file():
    world = started(**PID_FILE, exec_start_post="/bin/q")
    forks(world)
    assert world.state is State.START_POST
    world.daemon = 7
    world.command_ends()
    assert world.said()[-2:] == ["follow 7", "running"]


def test_the_pid_file_is_removed_when_the_service_is_at_rest():
    world = started(**PID_FILE)
    forks(world, daemon=7)
    world.stop()
    assert world.said()[-4:] == [TERM, "stop-sigterm", "remove PIDFile", "dead"]


def test_a_service_may_name_another_main_process():
    world = started(type="notify")
    world.daemon = 7
    world.stragglers.append(world.processes[Slot.MAIN])
    world.says("MAINPID=7\nREADY=1")
    assert world.said() == ["spawn ExecStart", "start", "follow 7", "running"]
    world.ends(Exit(code=4))
    assert world.life.exit == Exit(code=4)


def test_a_main_process_that_is_no_member_is_not_followed():
    world = started(type="notify")
    world.says("MAINPID=7\nREADY=1")
    assert world.said() == ["spawn ExecStart", "start", "running"]
