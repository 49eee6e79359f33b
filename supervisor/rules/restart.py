"""Whether a service that ended is started again. No clock, no I/O."""

from collections.abc import Mapping

from ...units.light import dataclass
from ...units.spec import Restart, Service, StatusSet
from .exitstatus import Exit, Result

_UNCLEAN = frozenset(Result) - {Result.SUCCESS, Result.EXEC_CONDITION}

# systemd.service(5), table "Exit causes and the effect of the Restart= settings". What the table does not
# name follows src/core/service.c, service_shall_restart: a start that ExecCondition= skipped never restarts.
RESTARTS_ON: Mapping[Restart, frozenset[Result]] = {
    "no": frozenset(),
    "always": frozenset(Result) - {Result.EXEC_CONDITION},
    "on-success": frozenset({Result.SUCCESS}),
    "on-failure": _UNCLEAN,
    "on-abnormal": _UNCLEAN - {Result.EXIT_CODE},
    "on-watchdog": frozenset({Result.WATCHDOG}),
    "on-abort": frozenset({Result.SIGNAL, Result.CORE_DUMP}),
}


@dataclass(frozen=True)
class Verdict:
    """A restart decision. reason completes "It is (not) restarted: …"; directive is what decided, "Restart".

    wait: how many seconds later it is started; waits_by: the directive that says so.
    """

    restart: bool
    reason: str
    directive: str = ""
    wait: float = 0.0
    waits_by: str = ""


def decide(service: Service, exit: Exit | None, result: Result, *, stop_requested: bool = False) -> Verdict:
    """Decide what follows the end of a service; the first rule that speaks wins.

    exit: how the main process ended, None if it never ran. The order is systemd's: a manual stop, then
    Prevent, then Force, then the policy (systemd, src/core/service.c, service_shall_restart).
    """
    if stop_requested:
        return Verdict(False, "it was stopped on request")
    if exit is not None and _holds(service.restart_prevent_exit_status, exit):
        return Verdict(False, f"{exit} is in RestartPreventExitStatus=", "RestartPreventExitStatus")
    if exit is not None and _holds(service.restart_force_exit_status, exit):
        return Verdict(True, f"{exit} is in RestartForceExitStatus=", "RestartForceExitStatus")
    restart = result in RESTARTS_ON[service.restart]
    return Verdict(restart, f"Restart={service.restart} and {_told(exit, result)}", "Restart")


def _holds(statuses: StatusSet, exit: Exit) -> bool:
    return (exit.code if exit.signal is None else exit.signal) in statuses


def _told(exit: Exit | None, result: Result) -> str:
    """Say what happened: the exit where that says it all, else the result too."""
    if exit is None:
        return f"the result was {result.value}"
    if result in (Result.EXIT_CODE, Result.SIGNAL):
        return f"it ended with {exit}"
    return f"it ended with {exit}, result {result.value}"
