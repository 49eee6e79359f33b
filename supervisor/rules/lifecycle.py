"""One service's life: `step` takes what happened and says what to do about it.

Nothing here waits, spawns, signals or reads a clock; `loop.py` does, and brings what came of it back as the
next event. The states are systemd's (states.py); where an event leads stands in tables (moves.py); what
belongs to a state is done on entering it (entering.py). This module is the rest: the conditions under
which a process that ends, a timer or a message moves the service at all.

Orders are obeyed in their sequence. Where a Spawn cannot be obeyed (no memory, no environment file), the
orders after it are dropped and the next event is REFUSED: then the service was never in the state it was on its way to.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import assert_never

from ...units.spec import Service
from . import watchdog
from .entering import Turn, change, enter, reload_by_message, rest, run_command, run_main, stop_by_message
from .exitstatus import Exit, Result, classify
from .life import AskRestart, Event, KillControl, Life, Order, OutOfPlace, Scene, Slot, TakeMain
from .moves import (
    ON_LAST_ENDED,
    ON_START_TIMEOUT,
    ON_STOP,
    ON_STOP_TIMEOUT,
    ON_TREE_EMPTY,
    PHASES,
    WITHOUT_SIGKILL,
)
from .notify import Message
from .startlimit import Starts, count_start
from .states import STARTING, State

_NO_PROGRAM = 203  # systemd.exec(5), "Process exit codes": EXIT_EXEC
# Who ends during these is noticed when the command that runs has ended.
_BUSY = frozenset({State.START_POST, State.RELOAD, State.STOP})
_WITH_MAIN = frozenset({State.START, State.START_POST, State.RUNNING, State.RELOAD})


def step(life: Life, event: Event, service: Service, scene: Scene) -> tuple[Life, tuple[Order, ...]]:
    """Return the life after the event, and the orders that follow from it."""
    turn = Turn(life, service, scene, event.value)
    _ON[event](turn)
    return turn.life, tuple(turn.orders)


def _start(turn: Turn) -> None:
    """Begin a run, if the start limit admits it; the last run's traces go, its count of restarts may stay."""
    life, service, now = turn.life, turn.service, turn.scene.now
    if life.state not in (State.DEAD, State.FAILED):
        raise OutOfPlace(f"{service.name}: {turn.why} while {life.state.value}")
    starts, admitted = count_start(
        life.starts, now, burst=service.start_limit_burst, interval=service.start_limit_interval_sec
    )
    turn.set(starts=starts)
    if not admitted:
        turn.why = f"more than StartLimitBurst={service.start_limit_burst} starts in StartLimitIntervalSec="
        turn.why += f"{service.start_limit_interval_sec:g}s"
        turn.blame(Result.START_LIMIT_HIT)
        rest(turn, may_restart=False)
        return
    restarts = 0 if life.forget_restarts else life.restarts
    turn.why = f"restart {restarts}" if restarts else turn.why
    turn.life = Life(state=life.state, restarts=restarts, starts=starts, verdict=life.verdict)
    enter(turn, State.CONDITION)


def _stop(turn: Turn) -> None:
    state = turn.life.state
    if state not in ON_STOP:
        raise OutOfPlace(f"{turn.service.name}: {turn.why} while {state.value}")
    turn.set(stop_requested=True)
    target = ON_STOP[state]
    if state is State.AUTO_RESTART:  # the run before has its result already
        if turn.scene.restart_pending:
            turn.why = "about to start again"
        change(turn, State.DEAD)
    elif target is not None:
        enter(turn, target)


def _reload(turn: Turn) -> None:
    if turn.life.state not in (State.RUNNING, State.EXITED):
        raise OutOfPlace(f"{turn.service.name}: {turn.why} while {turn.life.state.value}")
    enter(turn, State.RELOAD)


def _reset_failed(turn: Turn) -> None:
    if turn.life.state is State.FAILED:
        change(turn, State.DEAD)
    turn.set(result=Result.SUCCESS, reload_result=Result.SUCCESS)
    turn.set(restarts=0, forget_restarts=False, starts=Starts())


def _main_ended(turn: Turn) -> None:
    """Note how the main process ended, and go on if it was waited for."""
    service, exit = turn.service, _exit(turn)
    line = service.exec_start[turn.life.main_index] if service.exec_start else None
    forgiven = line is not None and line.ignore_failure
    if forgiven and not turn.scene.executed and exit.code == _NO_PROGRAM:
        exit = Exit(code=0)
    daemon = service.type != "oneshot"
    result = Result.SUCCESS if forgiven else classify(exit, service.success_exit_status, daemon=daemon)
    turn.why = f"{exit}"
    turn.set(main=False, exit=exit)
    turn.blame(result)
    state, following = turn.life.state, turn.life.main_index + 1
    if service.type == "oneshot" and result is Result.SUCCESS and following < len(service.exec_start):
        if state is State.START:
            run_main(turn, following)
            turn.set(timer=turn.after(service.start_timeout))
    elif state is State.START:
        _ended_while_starting(turn, result)
    elif state is State.RUNNING or (state is State.RELOAD and not turn.life.control):
        enter(turn, State.RUNNING, result)
    elif state not in _BUSY:
        _last_ended(turn, result)


def _ended_while_starting(turn: Turn, result: Result) -> None:
    match turn.service.type:
        case "oneshot" if result is Result.SUCCESS:
            enter(turn, State.START_POST)
        case "oneshot":
            enter(turn, State.STOP_SIGTERM, result)
        case "notify" | "notify-reload":  # only READY=1 makes it a start
            enter(turn, State.STOP_SIGTERM, Result.PROTOCOL if result is Result.SUCCESS else result)
        case _:
            enter(turn, State.RUNNING, result)


def _control_ended(turn: Turn) -> None:
    """Run the next command of the phase, or go where its success or failure leads."""
    life, service, exit = turn.life, turn.service, _exit(turn)
    state, phase = life.state, PHASES.get(life.state)
    starter = life.state is State.START
    result = classify(exit, service.success_exit_status, daemon=starter)
    if state is State.CONDITION and result is Result.EXIT_CODE and exit.code != 255:
        result = Result.EXEC_CONDITION
    commands = service.exec_start if starter else phase.commands(service) if phase else ()
    if life.index < len(commands) and commands[life.index].ignore_failure:
        result = Result.SUCCESS
    turn.set(control=False)
    if state is not State.RELOAD:
        turn.blame(result)
    if phase is None:
        turn.why = f"{'ExecStart' if starter else 'command'}: {exit}"
        _starter_ended(turn, result) if starter else _last_ended(turn, result)
        return
    turn.why = f"{phase.directive}={commands[life.index].words[0]} ended with {exit}"
    if result is Result.SUCCESS and life.index + 1 < len(commands):
        run_command(turn, state, life.index + 1)
    elif state is State.RELOAD:
        turn.set(reload_result=result)
        enter(turn, phase.then)
    elif state is State.STOP_POST:
        _last_ended(turn, result)
    else:
        enter(turn, phase.then if result is Result.SUCCESS else phase.failed, result)


def _starter_ended(turn: Turn, result: Result) -> None:
    """The first process of a forking service ended: what it left behind is the service."""
    daemon, pid_file = turn.scene.daemon, turn.service.pid_file
    if result is not Result.SUCCESS:
        enter(turn, State.STOP_SIGTERM, result)
    elif pid_file and not daemon and not turn.service.exec_start_post:
        enter(turn, State.STOP_SIGTERM, Result.PROTOCOL)
    else:
        turn.set(main=bool(daemon), main_known=bool(daemon))
        enter(turn, State.START_POST)


def _last_ended(turn: Turn, result: Result) -> None:
    """A process that is waited for ended: go on when the other one is gone, too."""
    if not turn.life.main and not turn.life.control:
        _go_on(turn, result)


def _go_on(turn: Turn, result: Result) -> None:
    if turn.life.state not in ON_LAST_ENDED:
        raise OutOfPlace(f"{turn.service.name}: {turn.why} while {turn.life.state.value}")
    enter(turn, ON_LAST_ENDED[turn.life.state], result)


def _tree_empty(turn: Turn) -> None:
    life, service = turn.life, turn.service
    if life.main or life.control:
        return
    if life.state is State.START and service.type in ("notify", "notify-reload"):
        turn.why = "nobody is left who could send READY=1"
        enter(turn, State.STOP_POST, Result.PROTOCOL)
    elif life.state in ON_TREE_EMPTY:
        enter(turn, ON_TREE_EMPTY[life.state])


def _executed(turn: Turn) -> None:
    if turn.life.state is State.START and turn.service.type == "exec":
        enter(turn, State.START_POST)


def _refused(turn: Turn) -> None:
    """A process could not be started for want of means: the phase failed before it began."""
    state = turn.life.state
    if turn.scene.refused is Slot.MAIN:
        turn.set(main=False, control=False, watchdog=None)
        enter(turn, State.STOP if turn.life.main_index else State.STOP_SIGTERM, Result.RESOURCES)
        return
    turn.set(control=False)
    if state is State.RELOAD:
        turn.set(reload_result=Result.RESOURCES)
        enter(turn, State.RUNNING)
    else:
        enter(turn, PHASES[state].refused if state in PHASES else State.STOP_SIGTERM, Result.RESOURCES)


def _timer(turn: Turn) -> None:
    state, service = turn.life.state, turn.service
    turn.set(timer=None)
    if state is State.AUTO_RESTART:
        if not turn.scene.stop_pending:
            turn.set(restarts=turn.life.restarts + 1, forget_restarts=False)
            turn.orders.append(AskRestart())
    elif state is State.RUNNING:
        turn.why = f"RuntimeMaxSec={service.runtime_max_sec:g}s is over"
        enter(turn, State.STOP, Result.TIMEOUT)
    elif state is State.RELOAD:
        turn.why = f"the reload took longer than TimeoutStartSec={service.start_timeout:g}s"
        turn.orders.append(KillControl())
        turn.set(reload_result=Result.TIMEOUT)
        enter(turn, State.RUNNING)
    elif state in STARTING:
        turn.why = f"{state.value} took longer than TimeoutStartSec={service.start_timeout:g}s"
        _escalate(turn, ON_START_TIMEOUT[state][service.timeout_start_failure_mode])
    elif state in ON_STOP_TIMEOUT:
        turn.why = f"{state.value} took longer than TimeoutStopSec={service.timeout_stop_sec:g}s"
        _escalate(turn, ON_STOP_TIMEOUT[state][service.timeout_stop_failure_mode])
    else:
        raise OutOfPlace(f"{service.name}: {turn.why} while {state.value}")


def _escalate(turn: Turn, target: State) -> None:
    """Take the next harder means; what SendSIGKILL=no leaves alive is given up on, and not started again."""
    if turn.service.send_sigkill:
        enter(turn, target, Result.TIMEOUT)
    else:
        target = WITHOUT_SIGKILL.get(target, target)
        enter(turn, target, Result.TIMEOUT, may_restart=target is not State.DEAD)


def _watchdog(turn: Turn) -> None:
    turn.set(watchdog=None)
    seconds = watchdog.interval(turn.service, turn.life.watchdog_sec)
    turn.why = f"no WATCHDOG=1 for WatchdogSec={seconds or 0:g}s"
    enter(turn, State.STOP_WATCHDOG, Result.WATCHDOG)


def _message(turn: Turn) -> None:
    """Act on what the service tells; who may tell was looked at before (notify.may_tell)."""
    message = turn.scene.message or Message()
    if message.main_pid is not None and turn.life.state in _WITH_MAIN:
        turn.orders.append(TakeMain(message.main_pid))
    if message.told is not None:
        _told(turn, message)
    if message.status is not None:
        turn.set(status_text=message.status)
    if message.errno is not None:
        turn.set(errno=message.errno)
    if message.extend_timeout is not None:
        _extend(turn, turn.scene.now + message.extend_timeout)
    if message.watchdog == "trigger":
        turn.why = "WATCHDOG=trigger received"
        enter(turn, State.STOP_WATCHDOG, Result.WATCHDOG)
        return
    if message.watchdog_sec is not None:
        turn.set(watchdog_sec=message.watchdog_sec)
    if message.watchdog == "1" or message.watchdog_sec is not None:
        turn.set(watchdog=watchdog.deadline(turn.service, turn.life.watchdog_sec, turn.scene.now))


def _told(turn: Turn, message: Message) -> None:
    life, told = turn.life, message.told
    turn.set(told=told)
    turn.why = f"{told} received".upper().replace(" RECEIVED", "=1 received")
    match told:
        case "ready":
            if turn.service.type in ("notify", "notify-reload") and life.state is State.START:
                enter(turn, State.START_POST)
            elif life.state is State.RELOAD and not life.control:
                enter(turn, State.RUNNING)
        case "reloading":
            if life.state is State.RUNNING:
                reload_by_message(turn)
        case "stopping":
            if life.state is State.RUNNING:
                stop_by_message(turn)
        case None:
            pass
        case _:
            assert_never(told)


def _extend(turn: Turn, until: float) -> None:
    """Move running deadlines, only ever to later; sd_notify(3), EXTEND_TIMEOUT_USEC=."""
    life = turn.life
    turn.life = replace(
        life,
        timer=None if life.timer is None else max(life.timer, until),
        watchdog=None if life.watchdog is None else max(life.watchdog, until),
    )


def _exit(turn: Turn) -> Exit:
    if turn.scene.exit is None:
        raise OutOfPlace(f"{turn.service.name}: {turn.why} without an exit")
    return turn.scene.exit


_ON: Mapping[Event, Callable[[Turn], None]] = {
    Event.START: _start,
    Event.STOP: _stop,
    Event.RELOAD: _reload,
    Event.RESET_FAILED: _reset_failed,
    Event.MAIN_ENDED: _main_ended,
    Event.CONTROL_ENDED: _control_ended,
    Event.TREE_EMPTY: _tree_empty,
    Event.EXECUTED: _executed,
    Event.REFUSED: _refused,
    Event.TIMER: _timer,
    Event.WATCHDOG: _watchdog,
    Event.MESSAGE: _message,
}
