"""What a service does as it enters a state. No clock, no I/O.

`enter` is systemd's service_enter_…() in one place: every move of the lifecycle ends here. Entering a state
gives the orders that belong to it; where there is nothing to do, the service passes on to the next state
at once, and nobody ever sees it in the one that was passed.
"""

from math import inf

from ...units.light import dataclass, field, replace
from ...units.spec import Service
from . import watchdog
from .exitstatus import CLEAN_RESULTS, Result
from .life import Changed, Life, Order, RemovePidFile, Scene, Signal, Slot, Spawn, TakeMain
from .moves import PASS_ON, PHASES, WITHOUT_SIGKILL
from .restart import Verdict, decide
from .states import FINAL, STOPPING, Active, State, active_state

_WITH_WATCHDOG = frozenset({State.START_POST, State.RUNNING, State.RELOAD})
_WITHOUT_PROCESSES = frozenset({State.DEAD, State.FAILED, State.AUTO_RESTART, State.EXITED})
_WATCHDOG_STATES = frozenset({State.STOP_WATCHDOG, State.FINAL_WATCHDOG})
_SIGKILL_STATES = frozenset({State.STOP_SIGKILL, State.FINAL_SIGKILL})


@dataclass
class Turn:
    """One step in the making: the life so far, the orders given, and why all this happens, for the log."""

    life: Life
    service: Service
    scene: Scene
    why: str
    orders: list[Order] = field(default_factory=list)

    def set(self, **values: object) -> None:
        self.life = replace(self.life, **values)  # type: ignore[arg-type]

    def blame(self, result: Result) -> None:
        """Keep the first result of a run that is no success."""
        if self.life.result is Result.SUCCESS:
            self.set(result=result)

    def after(self, seconds: float) -> float | None:
        """Return the time that many seconds from now, None for never."""
        return None if seconds == inf else self.scene.now + seconds


def enter(turn: Turn, state: State, result: Result = Result.SUCCESS, *, may_restart: bool = True) -> None:
    """Bring the service into a state. result: what becomes the run's result, unless it has a bad one already."""
    turn.blame(result)
    if state is State.START:
        _start_main(turn)
    elif state is State.RUNNING:
        _run(turn)
    elif state is State.DEAD:
        rest(turn, may_restart=may_restart)
    elif state in STOPPING | FINAL:
        _end_processes(turn, state)
    else:
        _enter_phase(turn, state)


def change(turn: Turn, state: State, timer: float | None = None) -> None:
    """Note the new state and when its time is up; all that a state excludes ends here."""
    life, now = turn.life, turn.scene.now
    active = active_state(turn.service, state) is Active.ACTIVE
    was_active = active_state(turn.service, life.state) in (Active.ACTIVE, Active.RELOADING)
    turn.set(
        state=state,
        timer=timer,
        awaits_pid_file=False,
        watchdog=life.watchdog if state in _WITH_WATCHDOG else None,
        active_since=now if active and not was_active else life.active_since,
        main=life.main and state not in _WITHOUT_PROCESSES,
        control=life.control and state not in _WITHOUT_PROCESSES | {State.RUNNING},
    )
    turn.orders.append(Changed(state, turn.why))


def _enter_phase(turn: Turn, state: State) -> None:
    """Run the first of the state's commands, or pass on if there are none."""
    if state is State.START_POST:
        turn.set(watchdog=watchdog.deadline(turn.service, turn.life.watchdog_sec, turn.scene.now))
    if state is State.RELOAD:
        turn.set(reload_result=Result.SUCCESS)
    phase = PHASES[state]
    if phase.commands(turn.service):
        run_command(turn, state, 0)
        change(turn, state, turn.life.timer)
    else:
        enter(turn, phase.then)


def run_command(turn: Turn, state: State, index: int) -> None:
    """Start one command of a phase, on a timeout of its own."""
    phase, service = PHASES[state], turn.service
    timeout = service.start_timeout if phase.before_stop else service.timeout_stop_sec
    command = phase.commands(service)[index]
    turn.set(control=True, command=command, index=index, timer=turn.after(timeout))
    turn.orders.append(Spawn(Slot.CONTROL, phase.directive, command))


def run_main(turn: Turn, index: int) -> None:
    """Start one line of ExecStart= as the main process."""
    turn.set(main=True, main_known=True, main_index=index)
    turn.orders.append(Spawn(Slot.MAIN, "ExecStart", turn.service.exec_start[index]))


def take_main(turn: Turn) -> None:
    """Make the process that was found the main one, if one was."""
    if turn.scene.daemon is not None:
        turn.set(main=True, main_known=True)
        turn.orders.append(TakeMain(turn.scene.daemon))


def _start_main(turn: Turn) -> None:
    service, timer = turn.service, turn.after(turn.service.start_timeout)
    if not service.exec_start:  # a oneshot that only stops something: seen starting, for those who wait for that
        change(turn, State.START)
        enter(turn, State.START_POST)
    elif service.type == "forking":
        turn.set(control=True, command=service.exec_start[0], index=0)
        turn.orders.append(Spawn(Slot.CONTROL, "ExecStart", service.exec_start[0]))
        change(turn, State.START, timer)
    elif service.type in ("simple", "idle"):
        run_main(turn, 0)
        enter(turn, State.START_POST)
    else:
        run_main(turn, 0)
        change(turn, State.START, timer)


def _run(turn: Turn) -> None:
    """Settle where a service that has started belongs: it may have ended, reported or failed meanwhile."""
    life, service = turn.life, turn.service
    turn.set(control=False)
    if life.result is not Result.SUCCESS:
        enter(turn, State.STOP_SIGTERM)
    elif life.main or (not life.main_known and turn.scene.stragglers):
        if life.told == "reloading":
            reload_by_message(turn)
        elif life.told == "stopping":
            stop_by_message(turn)
        else:
            change(turn, State.RUNNING)
            since = turn.life.active_since
            limited = service.runtime_max_sec < inf and since is not None
            turn.set(timer=since + service.runtime_max_sec if limited and since is not None else None)
    elif service.remain_after_exit:
        change(turn, State.EXITED)
    else:
        enter(turn, State.STOP)


def reload_by_message(turn: Turn) -> None:
    change(turn, State.RELOAD, turn.after(turn.service.start_timeout))


def stop_by_message(turn: Turn) -> None:
    """The service stops by itself: as if it had been sent SIGTERM."""
    change(turn, State.STOP_SIGTERM, turn.after(turn.service.timeout_stop_sec))


def _end_processes(turn: Turn, state: State) -> None:
    """Signal the processes and wait for them, or pass on if there are none; systemd.kill(5)."""
    life, service = turn.life, turn.service
    everyone = service.kill_mode == "control-group" or (service.kill_mode == "mixed" and state in _SIGKILL_STATES)
    anybody = life.main or life.control or (everyone and turn.scene.stragglers)
    if anybody and service.kill_mode != "none":
        turn.orders.append(Signal(_signals(turn, state), everyone))
        abort = service.timeout_abort_sec if state in _WATCHDOG_STATES else None
        change(turn, state, turn.after(service.timeout_stop_sec if abort is None else abort))
    else:
        following = PASS_ON[state]
        enter(turn, following if service.send_sigkill else WITHOUT_SIGKILL.get(following, following))


def _signals(turn: Turn, state: State) -> tuple[str, ...]:
    """Return the signals that belong to a state; systemd, src/core/unit.c, unit_kill_context."""
    service = turn.service
    if state in _WATCHDOG_STATES:
        return service.watchdog_signal, "SIGCONT"
    if state in _SIGKILL_STATES:
        return (
            (service.final_kill_signal,)
            if service.final_kill_signal == "SIGKILL"
            else (
                service.final_kill_signal,
                "SIGCONT",
            )
        )
    restarting = state is State.STOP_SIGTERM and turn.scene.restart_pending
    signal = (service.restart_kill_signal if restarting else None) or service.kill_signal
    hangup = ("SIGHUP",) if service.send_sighup and signal != "SIGHUP" and not restarting else ()
    # A stopped process gets its signal only when it is continued.
    return signal, *(() if signal in ("SIGKILL", "SIGCONT") else ("SIGCONT",)), *hangup


def rest(turn: Turn, *, may_restart: bool) -> None:
    """End the run: dead, failed, or through one of them into the wait for the next start."""
    life, service = turn.life, turn.service
    verdict = Verdict(False, turn.why)
    if may_restart:
        stopped = life.stop_requested or turn.scene.stop_pending
        verdict = decide(service, life.exit, life.result, stop_requested=stopped)
    turn.set(verdict=verdict, stop_requested=False)
    turn.why = verdict.reason
    if service.pid_file:
        turn.orders.append(RemovePidFile())
    change(turn, State.DEAD if life.result in CLEAN_RESULTS else State.FAILED)
    if verdict.restart:
        change(turn, State.AUTO_RESTART, turn.after(service.restart_sec))
    else:
        turn.set(forget_restarts=True)
