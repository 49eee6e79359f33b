"""What `farmhand why` says: the last decision about a service, what made it, and how it would go otherwise."""

from ...units.formats import tell_span
from ...units.light import Any, dataclass, replace
from ...units.spec import INFINITY, Service
from .delay import pause
from .exitstatus import Exit, Result, classify
from .life import Life
from .restart import Verdict, decide
from .states import State

# The endings that people wonder about, beside those that the service's own directives name.
_USUAL = (Exit(code=0), Exit(code=1), Exit(signal="SIGTERM"), Exit(signal="SIGKILL"))


@dataclass(frozen=True)
class Outcome:
    """What would follow from an ending of the run, said in words."""

    ending: str
    result: Result
    verdict: Verdict


def why(service: Service, life: Life, now: float, checks: str | None = None) -> list[str]:
    """Return the answer as lines: what was decided last, then every other ending with what it would bring.

    checks: which condition or assertion kept the last start from being one, in words.
    """
    otherwise = [_line(service, outcome) for outcome in _outcomes(service, life, now)]
    return [f"{service.name}: {sentence(service, life, now, checks)}", *otherwise]


def data(service: Service, life: Life, now: float, checks: str | None = None) -> dict[str, Any]:
    """Return the same for programs. where: file and line, None for a default; after: seconds until the next start."""
    return {
        "state": life.state.value,
        "sentence": sentence(service, life, now, checks),
        **_plain(service, life.verdict),
        "otherwise": [
            {"ending": each.ending, "result": each.result.value, **_plain(service, each.verdict)}
            for each in _outcomes(service, life, now)
        ],
    }


def where(service: Service, directive: str) -> str:
    """Say where a directive is set: " (farm.yaml:12)"; or that it is systemd's default."""
    if not directive:
        return ""
    return f" ({service.origin[directive]})" if directive in service.origin else " (the default)"


def waits(service: Service, verdict: Verdict) -> str:
    """Say how long a restart waits, " in 5s", and by which directive, if not by RestartSec= alone."""
    by = "" if verdict.waits_by == "RestartSec" else f" by {verdict.waits_by}={where(service, verdict.waits_by)}"
    return f"{tell_span(verdict.wait)}{by}"


def sentence(service: Service, life: Life, now: float, checks: str | None = None) -> str:
    """Say what was decided last: about the end of a run, or that there was to be none."""
    if checks is None:
        return _last(service, life, now)
    return f"{checks}; before that: {_last(service, life, now)}" if life.verdict else checks


def _last(service: Service, life: Life, now: float) -> str:
    state = life.state.value
    if life.verdict is None:
        never = "it was never started" if life.state is State.DEAD else "it has not ended yet"
        return f"{state}; nothing was decided, for {never}"
    place = where(service, life.verdict.directive)
    if life.state is State.AUTO_RESTART and life.timer is not None:
        return f"starts again in {max(0.0, life.timer - now):.1f}s: {life.verdict.reason}{place}"
    if life.verdict.restart:
        return f"{state} (restart {life.restarts}); it was restarted: {life.verdict.reason}{place}"
    return f"{state}, not restarted: {life.verdict.reason}{place}"


def _line(service: Service, outcome: Outcome) -> str:
    verdict = outcome.verdict
    then = f"starts again after {waits(service, verdict)}" if verdict.restart else "stays down"
    return f"  {outcome.ending}: {outcome.result.value}, {then}: {verdict.reason}{where(service, verdict.directive)}"


def _plain(service: Service, verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return dict.fromkeys(("restart", "after", "reason", "directive", "where"))
    return {
        "restart": verdict.restart,
        "after": verdict.wait if verdict.restart else None,
        "reason": verdict.reason,
        "directive": verdict.directive or None,
        "where": service.origin.get(verdict.directive),
    }


def _outcomes(service: Service, life: Life, now: float) -> list[Outcome]:
    """Return what every ending would bring if it came now."""
    found = [(f"{exit}", *verdict_on(service, exit)) for exit in _endings(service)]
    if service.start_timeout != INFINITY or service.timeout_stop_sec != INFINITY:
        found.append(("a timeout", Result.TIMEOUT, decide(service, None, Result.TIMEOUT)))
    return [Outcome(ending, result, _timed(service, life, now, verdict)) for ending, result, verdict in found]


def _timed(service: Service, life: Life, now: float, verdict: Verdict) -> Verdict:
    ran = 0.0 if life.active_since is None else now - life.active_since
    forced = verdict.directive == "RestartForceExitStatus"
    wait = pause(service, restarts=life.restarts, crashes=life.crashes, ran=ran, forced=forced)
    return replace(verdict, wait=wait.seconds, waits_by=wait.directive)


def _endings(service: Service) -> list[Exit]:
    sets = (service.success_exit_status, service.restart_force_exit_status, service.restart_prevent_exit_status)
    codes = sorted(frozenset().union(*(each.codes for each in sets)))
    signals = sorted(frozenset().union(*(each.signals for each in sets)))
    named = [*(Exit(code=code) for code in codes), *(Exit(signal=name) for name in signals)]
    return [*(exit for exit in _USUAL if exit not in named), *named]


def verdict_on(service: Service, exit: Exit) -> tuple[Result, Verdict]:
    """Say what an exit of the running main process is called, and what would follow."""
    result = classify(exit, service.success_exit_status, daemon=service.type != "oneshot")
    if result is Result.SUCCESS and service.remain_after_exit:
        return result, Verdict(False, "RemainAfterExit=yes keeps it active", "RemainAfterExit")
    return result, decide(service, exit, result)
