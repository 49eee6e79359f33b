"""A process ended, or the last of the tree: whether that moves the service at all. No clock, no I/O."""

from ...units.statuses import STATUSES
from . import notify
from .entering import Turn, enter, run_command, run_main, take_main
from .exitstatus import Exit, Result, classify
from .life import OutOfPlace
from .moves import ON_LAST_ENDED, ON_TREE_EMPTY, PHASES
from .states import RELOADING, State

_NO_PROGRAM = STATUSES["EXEC"]
_CONDITION_FAILED = 255  # systemd.service(5), ExecCondition=: below, it says no
# Nobody but the command that runs in these moves them; without it they have no end of their own.
_BUSY = RELOADING | {State.START_POST}


def main_ended(turn: Turn) -> None:
    """Note how the main process ended, and go on if it was waited for; or it moved, and said so in PIDFile= in time."""
    service, exit = turn.service, _exit(turn)
    if turn.scene.daemon is not None:
        take_main(turn)
        return
    line = service.exec_start[turn.life.main_index] if service.exec_start else None
    forgiven = line is not None and line.ignore_failure
    if forgiven and not turn.scene.executed and exit.code == _NO_PROGRAM:
        exit = Exit(code=0)
    daemon = service.type != "oneshot"
    result = Result.SUCCESS if forgiven else classify(exit, service.success_exit_status, daemon=daemon)
    turn.why = f"{exit}"
    turn.set(main=False, exit=exit)
    turn.blame(result)
    following = turn.life.main_index + 1
    if service.type == "oneshot" and result is Result.SUCCESS and following < len(service.exec_start):
        run_main(turn, following)  # even of one that is being stopped, if `-` forgave its end
        turn.set(timer=turn.after(service.start_timeout))
    elif service.exit_type == "main" or not (turn.life.control or turn.scene.stragglers):
        _main_gone(turn, result)


def _main_gone(turn: Turn, result: Result) -> None:
    state = turn.life.state
    if state is State.START:
        _ended_while_starting(turn, result)
    elif state is State.RUNNING:
        enter(turn, State.RUNNING, result)
    elif state in _BUSY:
        if not turn.life.control:
            enter(turn, State.STOP, result)
    elif state is not State.STOP:
        _last_ended(turn, result)


def _ended_while_starting(turn: Turn, result: Result) -> None:
    service = turn.service
    match service.type:
        case "oneshot" if result is Result.SUCCESS:
            enter(turn, State.START_POST)
        case "oneshot":
            enter(turn, State.STOP_SIGTERM, result)
        case "notify" | "notify-reload" if result is not Result.SUCCESS:
            enter(turn, State.STOP_SIGTERM, result)
        case "notify" | "notify-reload":  # only READY=1 makes it a start, and another process may yet send it
            if not service.remain_after_exit or notify.access(service) == "main":
                enter(turn, State.STOP_SIGTERM, Result.PROTOCOL)
            elif not turn.scene.stragglers:
                tree_empty(turn)
        case _:
            enter(turn, State.RUNNING, result)


def main_lost(turn: Turn) -> None:
    """The main process is gone and nobody knows how it ended, for it was no child: the last process's end will tell."""
    turn.set(main=False)


def control_ended(turn: Turn) -> None:
    """Run the next command of the phase, or go where its success or failure leads."""
    life, exit = turn.life, _exit(turn)
    result = _judge_command(turn, exit)
    turn.why = f"{life.command.words[0] if life.command else 'a command'} ended with {exit}"
    turn.set(control=False, command=None)
    if life.state is not State.RELOAD:
        turn.blame(result)
    begun, phase = PHASES.get(life.phase), PHASES.get(life.state)
    if result is Result.SUCCESS and begun is not None and life.index + 1 < len(begun.commands(turn.service)):
        run_command(turn, life.phase, life.index + 1)  # even if the service is being stopped by now
    elif life.state is State.START:
        _starter_ended(turn, result)
    elif phase is None:
        _last_ended(turn, result)
    elif life.state is State.RELOAD:
        turn.set(reload_result=result)
        if result is Result.SUCCESS:
            take_main(turn)
        enter(turn, phase.then)
    elif life.state is State.STOP_POST:
        _last_ended(turn, result)
    elif life.state is State.START_POST and result is Result.SUCCESS:
        _find_main(turn, State.RUNNING)
    else:
        enter(turn, phase.then if result is Result.SUCCESS else phase.failed, result)


def _judge_command(turn: Turn, exit: Exit) -> Result:
    """Name the result of a command: `-` forgives it, and an ExecCondition= may say no without failing."""
    command, service = turn.life.command, turn.service
    if command is not None and command.ignore_failure:
        return Result.SUCCESS
    result = classify(exit, service.success_exit_status, daemon=command in service.exec_start)
    if turn.life.state is State.CONDITION and result is Result.EXIT_CODE and exit.code != _CONDITION_FAILED:
        return Result.EXEC_CONDITION
    return result


def _starter_ended(turn: Turn, result: Result) -> None:
    """The first process of a forking service ended: what it left behind is the service."""
    if result is not Result.SUCCESS:
        enter(turn, State.STOP_SIGTERM, result)
    elif turn.service.exec_start_post:  # they may write PIDFile=
        take_main(turn)
        enter(turn, State.START_POST)
    else:
        _find_main(turn, State.START_POST)


def _find_main(turn: Turn, following: State) -> None:
    """Go on with the main process, if it is to be found by now; PIDFile= is waited for while anybody could write it."""
    if turn.service.pid_file and turn.scene.daemon is None:
        if turn.scene.stragglers or turn.life.main:
            turn.set(awaits_pid_file=True)
        else:
            enter(turn, State.STOP_SIGTERM if following is State.START_POST else State.STOP, Result.PROTOCOL)
    else:
        take_main(turn)
        enter(turn, following)


def pid_file_written(turn: Turn) -> None:
    if turn.life.awaits_pid_file and turn.scene.daemon is not None:
        take_main(turn)
        enter(turn, State.RUNNING)


def _last_ended(turn: Turn, result: Result) -> None:
    """A process that is waited for ended: go on when the other one is gone, too."""
    if not turn.life.main and not turn.life.control:
        _go_on(turn, result)


def _go_on(turn: Turn, result: Result) -> None:
    if turn.life.state not in ON_LAST_ENDED:
        raise OutOfPlace(f"{turn.service.name}: {turn.why} while {turn.life.state.value}")
    enter(turn, ON_LAST_ENDED[turn.life.state], result)


def tree_empty(turn: Turn) -> None:
    life, service = turn.life, turn.service
    if life.main or life.control:
        return
    if life.state is State.START and service.type in ("notify", "notify-reload"):
        turn.why = "nobody is left who could send READY=1"
        enter(turn, State.STOP_POST, Result.PROTOCOL)
    elif life.state is State.START and service.exit_type == "cgroup":
        enter(turn, State.START_POST)
    elif life.awaits_pid_file and life.main_known:  # else somebody outside may yet write it
        turn.why = "nobody is left who could write PIDFile="
        enter(turn, State.STOP_SIGTERM if life.state is State.START else State.STOP, Result.PROTOCOL)
    elif life.state in ON_TREE_EMPTY:
        enter(turn, ON_TREE_EMPTY[life.state])


def _exit(turn: Turn) -> Exit:
    if turn.scene.exit is None:
        raise OutOfPlace(f"{turn.service.name}: {turn.why} without an exit")
    if turn.scene.exit.lost and turn.life.stop_requested:
        return Exit(code=0)  # nobody saw it, but it was told to end
    return turn.scene.exit
