"""What a service's properties say to others: how it is, and what would become of a worker that asks to be restarted.

The properties are those of `farmhand show` and `systemctl show`, the same by name and format. No clock, no I/O.
"""

from collections.abc import Mapping

from ...units.errors import BadValue
from ...units.formats import tell_span
from ...units.grammar import parse_span, parse_status, status_set
from ...units.light import Any, dataclass
from ...units.spec import INFINITY, Command, Service, StatusSet
from ...units.statuses import signal_name
from .exitstatus import Exit, Result
from .restart import Verdict, decide
from .whatif import Ending, Forecast, forecast
from .why import verdict_on

# How a service is, which is told whenever it changes.
STATE = (
    *("LoadState", "ActiveState", "SubState", "Result", "NRestarts", "InvocationID"),
    *("ExecMainCode", "ExecMainStatus", "ExecMainExitTimestamp"),
    *("ExecMainExitTimestampMonotonic", "ExecMainStartTimestampMonotonic"),
)
# What decides about a restart; systemd.service(5), systemd.unit(5).
POLICY = (
    *("Type", "Restart", "RemainAfterExit", "RestartUSec"),
    *("SuccessExitStatus", "RestartPreventExitStatus", "RestartForceExitStatus"),
    *("StartLimitBurst", "StartLimitIntervalUSec", "WatchdogUSec"),
)
PROPERTIES = ("Id", *STATE, *POLICY)

# A worker that is restarted this often, each time after this many seconds, should still be started: rolling restarts
# are rarely closer together, and people who try something out are not much quicker.
_RESTARTS, _APART = 3, 20.0

_EXITED = "1"  # ExecMainCode=: what waitid(2) calls si_code


@dataclass(frozen=True)
class Attested:
    """Whether an exit with `code` is a planned restart to the service's supervisor. why: a sentence without its end."""

    code: int
    holds: bool
    why: str


def state_of(shown: Mapping[str, str]) -> dict[str, Any]:
    """Say how a service is, for programs. exit: how its main process ended last, "" where it has not.

    down: milliseconds between the end of its former run and the start of this one, only where that is known.
    """
    restarts = shown.get("NRestarts", "")
    return {
        "load": shown.get("LoadState", ""),
        "active": shown.get("ActiveState", ""),
        "sub": shown.get("SubState", ""),
        "result": shown.get("Result", ""),
        "restarts": int(restarts) if restarts.isdecimal() else 0,
        "invocation": shown.get("InvocationID", ""),
        "exit": _exit(shown),
        **_down_time(shown),
    }


def _down_time(shown: Mapping[str, str]) -> dict[str, int]:
    """Return how long nothing ran before this run; systemd forgets the end of the former run as it starts the next."""
    times = [shown.get(f"ExecMain{name}TimestampMonotonic", "") for name in ("Exit", "Start")]
    exited, started = (int(each) if each.isdecimal() else 0 for each in times)
    return {"down": (started - exited) // 1000} if 0 < exited <= started else {}


def _exit(shown: Mapping[str, str]) -> str:
    status = shown.get("ExecMainStatus", "")
    if not status.isdecimal() or shown.get("ExecMainExitTimestamp", "") in ("", "n/a"):
        return ""
    if shown.get("ExecMainCode") == _EXITED:
        return str(Exit(code=int(status)))
    return str(Exit(signal=signal_name(int(status)))) if int(status) else ""


def attest(shown: Mapping[str, str], code: int) -> Attested:
    """Say what the supervisor of a service would do if its main process ended with this exit code, and go on doing."""
    if (load := shown.get("LoadState", "")) != "loaded":
        return Attested(code, False, f"the service cannot be had: it is {load or 'unknown'}")
    try:
        service = _service(shown)
    except BadValue as strange:
        return Attested(code, False, f"what it says of itself is not understood: {strange.problem}")
    result, verdict = verdict_on(service, Exit(code=code))
    if not verdict.restart:
        return Attested(code, False, _down(service, code, verdict.directive, verdict.reason))
    if result is not Result.SUCCESS:
        return Attested(code, False, f"SuccessExitStatus= lacks {code}: each planned restart counts as a failure")
    if service.restart_sec == INFINITY:
        return Attested(code, False, "RestartSec=infinity: it waits for ever before it starts again")
    seen = forecast(service, (Ending(exit=Exit(code=code)),), times=_RESTARTS, uptime=_APART)
    if seen.limited:
        return Attested(code, False, _limited(service, seen))
    return Attested(code, True, f"{verdict.reason}; it starts again after {tell_span(service.restart_sec)}")


def policy_of(shown: Mapping[str, str]) -> dict[str, str]:
    """Say in words what the supervisor of a service does otherwise: on exit code 0, on a crash, when it hangs.

    Nothing of what is not understood; of a hang only while the service runs, as the watchdog is the run's.
    """
    if shown.get("LoadState") != "loaded":
        return {}
    try:
        service, watchdog = _service(shown), parse_span(shown.get("WatchdogUSec") or "infinity")
    except BadValue:
        return {}
    told = {
        "clean": _follows(service, verdict_on(service, Exit(code=0))[1]),
        "crash": _follows(service, verdict_on(service, Exit(signal="SIGSEGV"))[1]),
    }
    if shown.get("ActiveState") == "active":
        told["hang"] = _on_silence(service, watchdog)
    return told


def _on_silence(service: Service, watchdog: float) -> str:
    if watchdog in (0, INFINITY):
        return "nobody notices: WatchdogSec= is not set"
    verdict = decide(service, Exit(signal="SIGABRT"), Result.WATCHDOG)
    return f"killed after {tell_span(watchdog)} of silence; it {_follows(service, verdict)}"


def _follows(service: Service, verdict: Verdict) -> str:
    if not verdict.restart:
        return f"stays down: {verdict.reason}"
    burst, interval = service.start_limit_burst, service.start_limit_interval_sec
    limit = f", at most {burst} times in {tell_span(interval)}" if burst and interval else ""
    return f"starts again after {tell_span(service.restart_sec)}{limit}: {verdict.reason}"


def _down(service: Service, code: int, directive: str, reason: str) -> str:
    """Say why a service stays down."""
    if directive != "Restart":
        return reason
    clean = service.restart == "on-failure" and code in service.success_exit_status
    more = ", for which SuccessExitStatus= makes it no failure" if clean else ""
    return f"{code} is not in RestartForceExitStatus= and Restart={service.restart}{more}"


def _limited(service: Service, seen: Forecast) -> str:
    limit = f"StartLimitBurst={service.start_limit_burst} within {tell_span(service.start_limit_interval_sec)}"
    return f"{limit}: the restart after start {seen.runs} is refused"


def _service(shown: Mapping[str, str]) -> Service:
    """Make a service of what decides about its restarts, and of nothing else. Raises BadValue."""
    given: dict[str, Any] = {
        "exec_start": (Command(("worker",)),),  # without one there is nothing to foresee
        "type": shown.get("Type", "simple"),
        "restart": shown.get("Restart", "no"),
        "remain_after_exit": shown.get("RemainAfterExit") == "yes",
        "restart_sec": parse_span(shown.get("RestartUSec", "100ms")),
        "success_exit_status": _statuses(shown, "SuccessExitStatus"),
        "restart_prevent_exit_status": _statuses(shown, "RestartPreventExitStatus"),
        "restart_force_exit_status": _statuses(shown, "RestartForceExitStatus"),
        "start_limit_interval_sec": parse_span(shown.get("StartLimitIntervalUSec", "10s")),
        "start_limit_burst": int(shown.get("StartLimitBurst", "5")),
    }
    return Service("asked-about", **given)


def _statuses(shown: Mapping[str, str], name: str) -> StatusSet:
    return status_set([parse_status(word) for word in shown.get(name, "").split()])
