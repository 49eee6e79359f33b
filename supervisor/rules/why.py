"""What `farmhand why` says: the last decision about a service, what made it, and how it would go otherwise."""

from ...units.spec import INFINITY, Service
from .exitstatus import Exit, Result, classify
from .life import Life
from .restart import Verdict, decide
from .states import State

# The endings that people wonder about, beside those that the service's own directives name.
_USUAL = (Exit(code=0), Exit(code=1), Exit(signal="SIGTERM"), Exit(signal="SIGKILL"))


def why(service: Service, life: Life, now: float) -> list[str]:
    """Return the answer as lines: what was decided last, then every other ending with what it would bring."""
    return [f"{service.name}: {_last(service, life, now)}", *_otherwise(service)]


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


def where(service: Service, directive: str) -> str:
    """Say where a directive is set: " (farm.yaml:12)"; or that it is systemd's default."""
    if not directive:
        return ""
    return f" ({service.origin[directive]})" if directive in service.origin else " (the default)"


def _otherwise(service: Service) -> list[str]:
    outcomes = [(f"{exit}", *verdict_on(service, exit)) for exit in _endings(service)]
    if service.start_timeout != INFINITY or service.timeout_stop_sec != INFINITY:
        outcomes.append(("a timeout", Result.TIMEOUT, decide(service, None, Result.TIMEOUT)))
    lines = []
    for ending, result, verdict in outcomes:
        then = f"starts again after {service.restart_sec:g}s" if verdict.restart else "stays down"
        lines.append(f"  {ending}: {result.value}, {then}: {verdict.reason}{where(service, verdict.directive)}")
    return lines


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
