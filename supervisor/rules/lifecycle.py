"""One service's life: `step` takes what happened and says what to do about it.

Nothing here waits, spawns, signals or reads a clock; `loop.py` does, and brings what came of it back as the
next event. The states are systemd's (states.py); where an event leads stands in tables (moves.py); what
belongs to a state is done on entering it (entering.py). The rest are the conditions under which something
moves the service at all: processes that end in endings.py, what the service tells in messages.py, and here
what is asked for, what cannot be started, and deadlines.

Orders are obeyed in their sequence. Where a Spawn cannot be obeyed (no memory, no environment file), the
orders after it are dropped and the next event is REFUSED: then the service was never in the state it was on its way to.
"""

from collections.abc import Callable, Mapping

from ...units.light import replace
from ...units.spec import Service
from . import watchdog
from .endings import control_ended, main_ended, main_lost, pid_file_written, tree_empty
from .entering import Turn, change, enter, reload, rest
from .exitstatus import Result
from .life import AskRestart, Event, KillControl, Life, Order, OutOfPlace, Scene, Slot
from .messages import hear
from .moves import ON_START_TIMEOUT, ON_STOP, ON_STOP_TIMEOUT, PHASES, WITHOUT_SIGKILL
from .startlimit import Starts, count_start
from .states import RELOADING, RESTING, STARTING, State


def step(life: Life, event: Event, service: Service, scene: Scene) -> tuple[Life, tuple[Order, ...]]:
    """Return the life after the event, and the orders that follow from it."""
    turn = Turn(replace(life), service, scene, event.value)
    _ON[event](turn)
    return turn.life, tuple(turn.orders)


def _start(turn: Turn) -> None:
    """Being asked for counts, also of one that is not at rest and has to be asked again (systemd, unit_start)."""
    if _admit(turn) and turn.life.state in RESTING:
        _begin(turn)


def _begin(turn: Turn) -> None:
    """Begin a run: the last one's traces go, its count of restarts may stay."""
    life, starts = turn.life, turn.life.starts
    restarts, crashes = (0, 0) if life.forget_restarts else (life.restarts, life.crashes)
    turn.why = f"restart {restarts}" if restarts else turn.why
    turn.life = Life(
        state=life.state,
        restarts=restarts,
        crashes=crashes,
        starts=starts,
        watchdog_sec=turn.service.watchdog_sec,
        verdict=life.verdict,
    )
    enter(turn, State.CONDITION)


def _admit(turn: Turn) -> bool:
    """Count a start; one too many ends the service."""
    service = turn.service
    starts, admitted = count_start(
        turn.life.starts, turn.scene.now, burst=service.start_limit_burst, interval=service.start_limit_interval_sec
    )
    turn.set(starts=starts)
    if not admitted:
        turn.why = f"more than StartLimitBurst={service.start_limit_burst} starts in StartLimitIntervalSec="
        turn.why += f"{service.start_limit_interval_sec:g}s"
        turn.blame(Result.START_LIMIT_HIT)
        rest(turn, barred_by="StartLimitBurst")
    return admitted


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
    reload(turn)


def _reset_failed(turn: Turn) -> None:
    if turn.life.state is State.FAILED:
        change(turn, State.DEAD)
    turn.set(result=Result.SUCCESS, reload_result=Result.SUCCESS)
    turn.set(restarts=0, forget_restarts=False, crashes=0, starts=Starts())


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
    elif state in PHASES:
        enter(turn, PHASES[state].next_refused if turn.life.index else PHASES[state].refused, Result.RESOURCES)
    else:
        enter(turn, State.STOP_SIGTERM, Result.RESOURCES)


def _timer(turn: Turn) -> None:
    state, service = turn.life.state, turn.service
    turn.set(timer=None)
    if state is State.AUTO_RESTART:
        if not turn.scene.stop_pending:
            _restart(turn)
    elif state is State.RUNNING:
        turn.why = f"RuntimeMaxSec={service.runtime_max_sec:g}s is over"
        enter(turn, State.STOP, Result.TIMEOUT)
    elif state in RELOADING:
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


def _restart(turn: Turn) -> None:
    """The wait is over. RestartMode=direct starts again at once, without a word to those that depend on it."""
    turn.set(restarts=turn.life.restarts + 1, forget_restarts=False)
    if turn.service.restart_mode != "direct":
        turn.orders.append(AskRestart())
    elif _admit(turn):
        _begin(turn)


def _escalate(turn: Turn, target: State) -> None:
    """Take the next harder means; what SendSIGKILL=no leaves alive is given up on, and not started again."""
    if turn.service.send_sigkill:
        enter(turn, target, Result.TIMEOUT)
    else:
        target = WITHOUT_SIGKILL.get(target, target)
        enter(turn, target, Result.TIMEOUT, barred_by="SendSIGKILL" if target is State.DEAD else "")


def _watchdog(turn: Turn) -> None:
    turn.set(watchdog=None)
    seconds = watchdog.interval(turn.service, turn.life.watchdog_sec)
    turn.why = f"no WATCHDOG=1 for WatchdogSec={seconds or 0:g}s"
    enter(turn, State.STOP_WATCHDOG, Result.WATCHDOG)


_ON: Mapping[Event, Callable[[Turn], None]] = {
    Event.START: _start,
    Event.STOP: _stop,
    Event.RELOAD: _reload,
    Event.RESET_FAILED: _reset_failed,
    Event.MAIN_ENDED: main_ended,
    Event.MAIN_LOST: main_lost,
    Event.CONTROL_ENDED: control_ended,
    Event.TREE_EMPTY: tree_empty,
    Event.EXECUTED: _executed,
    Event.REFUSED: _refused,
    Event.PID_FILE: pid_file_written,
    Event.TIMER: _timer,
    Event.WATCHDOG: _watchdog,
    Event.MESSAGE: hear,
}
