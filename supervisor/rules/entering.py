"""What a service does as it enters a state. No clock, no I/O.

`enter` is systemd's service_enter_…() in one place: every move of the lifecycle ends here. Entering a state
gives the orders that belong to it; where there is nothing to do, the service passes on to the next state
at once, and nobody ever sees it in the one that was passed.
"""

from ...units.light import amend, dataclass, field, replace
from ...units.spec import INFINITY, Service
from . import watchdog
from .delay import pause
from .exitstatus import CLEAN_RESULTS, Result
from .life import Changed, CleanUp, Life, Order, RemovePidFile, Scene, Signal, SignalMain, Slot, Spawn, TakeMain
from .moves import PASS_ON, PHASES, WITHOUT_SIGKILL
from .restart import Verdict, decide
from .states import FINAL, RELOADING, STOPPING, Active, State, active_state

_WITH_WATCHDOG = RELOADING | {State.START_POST, State.RUNNING}
_ACTIVE = frozenset({Active.ACTIVE, Active.RELOADING})
_WITHOUT_PROCESSES = frozenset({State.DEAD, State.FAILED, State.AUTO_RESTART, State.EXITED})
# Nothing may be started in these while a run before has processes left that are not to be killed.
_WARY = frozenset({State.CONDITION, State.START_PRE})
_WATCHDOG_STATES = frozenset({State.STOP_WATCHDOG, State.FINAL_WATCHDOG})
_SIGKILL_STATES = frozenset({State.STOP_SIGKILL, State.FINAL_SIGKILL})


@dataclass
class Turn:
    """One step in the making: the life so far, the orders given, and why all this happens, for the log.

    life: this turn's own, changed as it goes on.
    """

    life: Life
    service: Service
    scene: Scene
    why: str
    orders: list[Order] = field(default_factory=list)

    def set(self, **values: object) -> None:
        amend(self.life, **values)

    def blame(self, result: Result) -> None:
        """Keep the first result of a run that is no success."""
        if self.life.result is Result.SUCCESS:
            self.set(result=result)

    def after(self, seconds: float) -> float | None:
        """Return the time that many seconds from now, None for never."""
        return None if seconds == INFINITY else self.scene.now + seconds


def enter(turn: Turn, state: State, result: Result = Result.SUCCESS, *, barred_by: str = "") -> None:
    """Bring the service into a state. result: what becomes the run's result, unless it has a bad one already.

    barred_by: the directive that forbids a restart, if one does.
    """
    if result is not Result.SUCCESS:
        turn.blame(result)
    if state is State.START:
        _start_main(turn)
    elif state is State.RUNNING:
        _run(turn)
    elif state is State.DEAD:
        rest(turn, barred_by=barred_by)
    elif state in STOPPING | FINAL:
        _end_processes(turn, state)
    else:
        _enter_phase(turn, state)


def change(turn: Turn, state: State, timer: float | None = None) -> None:
    """Note the new state and when its time is up; all that a state excludes ends here."""
    life, now = turn.life, turn.scene.now
    active = active_state(turn.service, state) in _ACTIVE
    was_active = active_state(turn.service, life.state) in _ACTIVE
    since = life.active_since if was_active or not active else now
    turn.set(
        state=state,
        timer=timer,
        awaits_pid_file=False,
        watchdog=life.watchdog if state in _WITH_WATCHDOG else None,
        active_since=since,
        ran=now - since if was_active and not active and since is not None else life.ran,
        main=life.main and state not in _WITHOUT_PROCESSES,
        control=life.control and state not in _WITHOUT_PROCESSES | {State.RUNNING},
    )
    turn.orders.append(Changed(state, turn.why))


def _enter_phase(turn: Turn, state: State) -> None:
    """Run the first of the state's commands, or pass on if there are none."""
    if state is State.START_POST:
        turn.set(watchdog=watchdog.deadline(turn.service, turn.life.watchdog_sec, turn.scene.now))
    if turn.life.control:  # it is waited for no more
        turn.set(control=False)
        turn.scene = replace(turn.scene, stragglers=True)
    phase = PHASES[state]
    if not phase.commands(turn.service):
        enter(turn, phase.then)
    elif state in _WARY and _is_haunted(turn):
        enter(turn, phase.refused, Result.RESOURCES)
    else:
        run_command(turn, state, 0)
        change(turn, state, turn.life.timer)


def _is_haunted(turn: Turn) -> bool:
    """Say whether processes of an earlier run must not have a new one beside them: they may be at work on its data.

    systemd, src/core/service.c, service_adverse_to_leftover_processes.
    """
    service = turn.service
    waits = not service.send_sigkill and service.kill_mode in ("control-group", "mixed")
    if haunted := waits and turn.scene.stragglers:
        turn.why = "there are processes left, and SendSIGKILL=no"
    return haunted


def run_command(turn: Turn, state: State, index: int) -> None:
    """Start one command of a phase, on a timeout of its own."""
    phase, service = PHASES[state], turn.service
    starting = phase.before_stop and turn.life.state not in STOPPING | FINAL
    timeout = service.start_timeout if starting else service.timeout_stop_sec
    command = phase.commands(service)[index]
    turn.set(control=True, command=command, phase=state, index=index, timer=turn.after(timeout))
    turn.orders.append(Spawn(Slot.CONTROL, phase.directive, command))


def run_main(turn: Turn, index: int) -> None:
    """Start one line of ExecStart= as the main process."""
    turn.set(main=True, main_known=True, main_index=index, exit=None)
    turn.orders.append(Spawn(Slot.MAIN, "ExecStart", turn.service.exec_start[index]))


def take_main(turn: Turn) -> None:
    """Make the process that was found the main one, if one was."""
    if turn.scene.daemon is not None:
        turn.set(main=True, main_known=True, exit=None)
        turn.orders.append(TakeMain(turn.scene.daemon))


def _start_main(turn: Turn) -> None:
    service, timer = turn.service, turn.after(turn.service.start_timeout)
    if _is_haunted(turn):
        enter(turn, State.STOP_SIGTERM, Result.RESOURCES)
    elif not service.exec_start:  # a oneshot that only stops something: seen starting, for those who wait for that
        change(turn, State.START)
        enter(turn, State.START_POST)
    elif service.type == "forking":
        turn.set(control=True, command=service.exec_start[0], phase=State.START, index=0)
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
    elif life.main or (turn.scene.stragglers and (not life.main_known or service.exit_type == "cgroup")):
        if life.told == "reloading":
            reload_by_message(turn)
        elif life.told == "stopping":
            stop_by_message(turn)
        else:
            change(turn, State.RUNNING)
            turn.set(timer=_end_of_runtime(turn))
    elif service.remain_after_exit:
        change(turn, State.EXITED)
    else:
        enter(turn, State.STOP)


def _end_of_runtime(turn: Turn) -> float | None:
    service, since = turn.service, turn.life.active_since
    if service.runtime_max_sec == INFINITY or since is None:
        return None
    return since + service.runtime_max_sec + service.runtime_randomized_extra_sec * turn.scene.chance


def reload(turn: Turn) -> None:
    """Make the service read its configuration again: by a signal that it has to answer, a command, or both."""
    signal = turn.service.reload_signal
    signalled = turn.service.type == "notify-reload" and turn.life.main
    turn.set(reload_result=Result.SUCCESS, reload_begin=turn.scene.now)
    if signalled:
        turn.orders.append(SignalMain(continued(signal)))
    if signalled and not turn.service.exec_reload:
        change(turn, State.RELOAD_SIGNAL, turn.after(turn.service.start_timeout))
    else:
        enter(turn, State.RELOAD)


def reload_by_message(turn: Turn) -> None:
    """The service reloads by itself; systemd 253 gave that a state of its own, with the type that came with it."""
    state = State.RELOAD_NOTIFY if turn.service.type == "notify-reload" else State.RELOAD
    change(turn, state, turn.after(turn.service.start_timeout))


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
        return continued(service.final_kill_signal)
    restarting = state is State.STOP_SIGTERM and turn.scene.restart_pending
    signal = (service.restart_kill_signal if restarting else None) or service.kill_signal
    hangup = ("SIGHUP",) if service.send_sighup and signal != "SIGHUP" and not restarting else ()
    return *continued(signal), *hangup


def continued(signal: str) -> tuple[str, ...]:
    """A stopped process gets its signal only when it is continued."""
    return (signal,) if signal in ("SIGKILL", "SIGCONT") else (signal, "SIGCONT")


def rest(turn: Turn, *, barred_by: str) -> None:
    """End the run: dead, failed, or through one of them into the wait for the next start."""
    life, service = turn.life, turn.service
    verdict = Verdict(False, turn.why, barred_by)
    if not barred_by:
        stopped = life.stop_requested or turn.scene.stop_pending
        verdict = decide(service, life.exit, life.result, stop_requested=stopped)
    turn.set(verdict=verdict, stop_requested=False)
    turn.why = verdict.reason
    if service.pid_file:
        turn.orders.append(RemovePidFile())
    if service.runtime_directory or service.has_credentials:
        again = verdict.restart or turn.scene.restart_pending
        kept = {"no": False, "yes": True, "restart": again}[service.runtime_directory_preserve]
        turn.orders.append(CleanUp(kept))
    if not verdict.restart or service.restart_mode != "direct":
        change(turn, State.DEAD if life.result in CLEAN_RESULTS else State.FAILED)
    if verdict.restart:
        _await_restart(turn, verdict)
    else:
        turn.set(forget_restarts=True)


def _await_restart(turn: Turn, verdict: Verdict) -> None:
    life, forced = turn.life, verdict.directive == "RestartForceExitStatus"
    wait = pause(turn.service, restarts=life.restarts, crashes=life.crashes, ran=life.ran, forced=forced)
    turn.set(crashes=wait.crashes, verdict=replace(verdict, wait=wait.seconds, waits_by=wait.directive))
    change(turn, State.AUTO_RESTART, turn.after(wait.seconds))
