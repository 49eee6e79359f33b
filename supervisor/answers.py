"""Answers control requests: what `farmhand start`, `status`, `show`, `why` … ask of the running supervisor.

Verbs that change something become jobs and are answered when the job is settled, as systemctl waits;
the others are answered at once. Exit codes are systemctl's.
"""

import fnmatch
from collections.abc import Callable, Iterable, Mapping

from ..units.directives import without_effect
from ..units.errors import BadValue
from ..units.grammar import parse_signal, signal_number
from ..units.light import Any, dataclass
from . import resources
from .control import Answer, Reply, Request
from .definitions import Definitions
from .jobs import Jobs
from .obey import Supervisor
from .rules import properties
from .rules.jobs import Kind, Outcome, wanted
from .rules.life import Event, Slot
from .rules.states import Active
from .rules.transaction import Refused
from .rules.why import data as why_data
from .rules.why import where, why
from .unit import Unit

LogPath = Callable[[str], str | None]

_JOB_VERBS = frozenset({"start", "stop", "restart", "try-restart", "reload", "reload-or-restart"})
_NOT_RUNNING, _UNKNOWN = 3, 4  # systemctl(1), "Exit status"
_REFUSED = 4  # not listed there, but what systemctl ends with
_REFUSES = {
    Kind.START: "RefuseManualStart=yes: it is started only with a service that needs it",
    Kind.STOP: "RefuseManualStop=yes: it is stopped only with a service that it needs",
    Kind.RESTART: "RefuseManualStart= or RefuseManualStop= is set: it is restarted only with a service that it needs",
}
# What systemctl ends with when a request is refused, by Refused.kind.
_REFUSAL_CODES = {"destructive": 4, "absent": 5}
_RUNS = frozenset({Active.ACTIVE, Active.RELOADING})


@dataclass(frozen=True)
class Desk:
    """Whoever answers needs these. shut_down ends the supervisor, which then is `stopping`; log_path tells where a
    service's output is. definitions: where units are found that are not running yet."""

    supervisor: Supervisor
    jobs: Jobs
    shut_down: Callable[[], None]
    stopping: Callable[[], bool]
    log_path: LogPath
    definitions: Definitions


def handle(desk: Desk, request: Request, answer: Answer) -> None:
    """Answer a request: `answer` is called once, now or when the jobs it made are settled."""
    if request.verb in _JOB_VERBS or request.verb in _EACH or request.verb in _ALL:
        units, unknown = select(desk.supervisor.units, request.names)
        if unknown:
            answer(_no_such(desk.supervisor.units, unknown))
        elif request.verb in _ALL:
            answer(_ALL[request.verb](desk, units, request.options))
        elif not request.names and request.verb not in _EVERYTHING:
            answer(Reply(2, (f"{request.verb}: no service is named; name one, or a pattern such as 'worker@*'",)))
        elif request.verb in _EACH:
            answer(_each(desk, request, units))
        elif desk.stopping() and request.verb != "stop":
            answer(Reply(1, (f"{request.verb}: the supervisor is stopping; nothing is started any more",)))
        else:
            _ask_jobs(desk, request, units, answer)
    elif request.verb == "ping":
        answer(Reply(0, ("pong",)))
    elif request.verb == "shutdown":
        answer(Reply(0, ("stopping all services",)))
        desk.shut_down()
    else:
        known = ", ".join(sorted({*_JOB_VERBS, *_EACH, *_ALL, "ping", "shutdown"}))
        answer(Reply(2, (f"{request.verb}: it is no request; known are {known}",)))


def select(units: Mapping[str, Unit], names: Iterable[str]) -> tuple[list[Unit], list[str]]:
    """Return the units that are meant, and the names that mean none.

    A name may end in ".service", be a pattern, or be a template ("worker@": all its instances). No name means all.
    """
    found: dict[str, Unit] = {}
    unknown = []
    for name in list(names) or ["*"]:
        bare = name.removesuffix(".service")
        pattern = f"{bare}*" if bare.endswith("@") else bare
        matching = [known for known in units if known == bare or fnmatch.fnmatchcase(known, pattern)]
        found.update((known, units[known]) for known in matching)
        if not matching:
            unknown.append(name)
    return list(found.values()), unknown


def _no_such(units: Mapping[str, Unit], unknown: list[str]) -> Reply:
    known = ", ".join(units)
    return Reply(_UNKNOWN, tuple(f"{name}: there is no such service; there are {known}" for name in unknown))


def _ask_jobs(desk: Desk, request: Request, units: list[Unit], answer: Answer) -> None:
    """Make the jobs, and answer when the last is settled."""
    settled: dict[str, Outcome] = {}
    wants = {unit: wanted(request.verb, unit.service, unit.life.state) for unit in units}
    asked = {unit: kind for unit, kind in wants.items() if kind is not None}
    patient = not request.options.get("no_block")
    refusals: dict[str, Refused] = {}
    if refused := [f"{unit.name}: {_REFUSES[kind]}" for unit, kind in asked.items() if _refuses(unit, kind)]:
        answer(Reply(_REFUSED, tuple(refused)))
        return

    def settle(unit: Unit, outcome: Outcome) -> None:
        settled[unit.name] = outcome
        if patient and len(settled) == len(asked):
            answer(_settled(desk, settled, refusals))

    for unit, kind in asked.items():
        if kind is Kind.RELOAD and not unit.service.can_reload:
            settle(unit, Outcome.INVALID)
        else:
            try:
                desk.jobs.ask(unit, kind, lambda outcome, unit=unit: settle(unit, outcome))  # type: ignore[misc]
            except Refused as refusal:
                refusals[unit.name] = refusal
                settle(unit, Outcome.INVALID)
    if not patient or not asked:
        answer(_settled(desk, settled, refusals) if refusals else Reply())


def rejoin(desk: Desk, request: Request, answer: Answer) -> None:
    """Answer somebody who was already waiting for jobs when this program replaced another one.

    Of services whose job was settled before, the state tells how.
    """
    if request.verb not in _JOB_VERBS:
        answer(Reply(1, (f"{request.verb}: the supervisor was replaced meanwhile; ask again",)))
        return
    settled: dict[str, Outcome] = {}
    units, _ = select(desk.supervisor.units, request.names)

    def settle(unit: Unit, outcome: Outcome) -> None:
        settled[unit.name] = outcome
        if len(settled) == len(units):
            answer(_settled(desk, settled))

    for unit in units:
        if unit.name in desk.jobs.pending:
            desk.jobs.when_settled(unit.name, lambda outcome, unit=unit: settle(unit, outcome))  # type: ignore[misc]
        else:
            settle(unit, Outcome.FAILED if unit.active is Active.FAILED and request.verb != "stop" else Outcome.DONE)


def _refuses(unit: Unit, kind: Kind) -> bool:
    """Say whether the job may only come from another service's; systemd.unit(5), RefuseManualStart=."""
    start, stop = unit.service.refuse_manual_start, unit.service.refuse_manual_stop
    return {Kind.START: start, Kind.STOP: stop, Kind.RESTART: start or stop, Kind.RELOAD: False}[kind]


def _settled(desk: Desk, settled: Mapping[str, Outcome], refusals: Mapping[str, Refused] = {}) -> Reply:
    bad = {name: outcome for name, outcome in settled.items() if outcome is not Outcome.DONE}
    lines = []
    for name, outcome in bad.items():
        life = desk.supervisor.units[name].life
        reason = f": {life.verdict.reason}" if life.verdict and outcome is Outcome.FAILED else ""
        if name in refusals:
            lines.append(f"{name}: {refusals[name]}")
            continue
        if outcome is Outcome.INVALID:
            lines.append(_not_reloaded(desk.supervisor.units[name]))
            continue
        lines.append(f"{name}: job {outcome.value}{reason}; 'farmhand status {name}' says more")
    code = max((_REFUSAL_CODES.get(refused.kind, 1) for refused in refusals.values()), default=1 if bad else 0)
    return Reply(code, tuple(lines), {name: outcome.value for name, outcome in settled.items()})


def _not_reloaded(unit: Unit) -> str:
    """Say why a reload, the only job that can be invalid, makes no sense."""
    if unit.service.can_reload:
        return f"{unit.name}: it is {unit.active.value} and cannot be reloaded; start it with 'farmhand start'"
    return f"{unit.name}: it cannot be reloaded, for it has no ExecReload=; restart it with 'farmhand restart'"


def _each(desk: Desk, request: Request, units: list[Unit]) -> Reply:
    replies = {unit.name: _EACH[request.verb](desk, unit, request.options) for unit in units}
    lines = tuple(line for reply in replies.values() for line in reply.lines)
    code = max((reply.exit_code for reply in replies.values()), default=0)
    return Reply(code, lines, {name: reply.data for name, reply in replies.items()})


def _kill(desk: Desk, unit: Unit, options: Mapping[str, Any]) -> Reply:
    """Send a signal: systemctl kill, --signal=, --kill-whom=main|control|all."""
    try:
        name = parse_signal(str(options.get("signal") or "SIGTERM"))
    except BadValue as bad:
        return Reply(2, (f"--signal: {bad.problem}; {bad.hint}",))
    whom = str(options.get("kill_whom") or "all")
    if whom == "all":
        unit.signal((name,), everyone=True)
        return Reply()
    if whom not in ("main", "control"):
        return Reply(2, (f"--kill-whom: {whom!r} is not known; choose main, control or all",))
    if Slot(whom) not in unit.trees:
        return Reply(1, (f"{unit.name}: there is no {whom} process to kill",))
    unit.trees[Slot(whom)].signal(name, whom="main")
    return Reply()


def _reset_failed(desk: Desk, unit: Unit, options: Mapping[str, Any]) -> Reply:
    desk.supervisor.tell(unit, Event.RESET_FAILED)
    return Reply()


def _show(desk: Desk, unit: Unit, options: Mapping[str, Any]) -> Reply:
    shown = described(desk, unit)
    names = options.get("property")
    if names:
        asked = [name for item in ([names] if isinstance(names, str) else names) for name in str(item).split(",")]
        shown = {name: shown[name] for name in asked if name in shown}
    return Reply(0, tuple(f"{name}={value}" for name, value in shown.items()), shown)


def described(desk: Desk, unit: Unit) -> dict[str, str]:
    """Return a unit's properties by systemd's names."""
    exit = unit.life.exit
    status = 0
    if exit is not None:
        status = exit.code or 0 if exit.signal is None else signal_number(exit.signal)
    stamps = unit.stamps
    facts = properties.Facts(
        main_pid=unit.pid(Slot.MAIN),
        control_pid=unit.pid(Slot.CONTROL),
        last_main_pid=unit.main_pid,
        main_start=stamps.main_start,
        main_exit=stamps.main_exit,
        state_since=stamps.state,
        exit_status=status,
        invocation=unit.invocation,
        log_path=desk.log_path(unit.name) or "",
        memory=resources.memory(),
        tasks=resources.tasks(),
        conditions_met=unit.checked.conditions_met if unit.checked else False,
        asserts_met=unit.checked.asserts_met if unit.checked else False,
    )
    return properties.properties(unit.service, unit.life, facts)


def _status(desk: Desk, unit: Unit, options: Mapping[str, Any]) -> Reply:
    shown, life = described(desk, unit), unit.life
    lines = [
        f"{unit.name} - {shown['Description']}",
        f"    State: {shown['ActiveState']} ({shown['SubState']}) since {shown['StateChangeTimestamp'] or 'the start'}",
    ]
    if unit.pid(Slot.MAIN):
        lines.append(f" Main PID: {unit.pid(Slot.MAIN)}, {len(unit.members())} processes in all")
    if life.status_text:
        lines.append(f"   Status: {life.status_text}")
    if life.exit is not None:
        lines.append(f"Last exit: {life.exit}, result {life.result.value}")
    lines.append(f" Restarts: {life.restarts}, Restart={unit.service.restart}{where(unit.service, 'Restart')}")
    lines += [f" Not in force: {kept.key}= ({kept.path}:{kept.line})" for kept in without_effect(unit.service)]
    lines += [f" Not in force: {name}= ({place}): not on this system" for name, place in _lacking(desk, unit)]
    if shown["LogPath"]:
        lines.append(f"      Log: {shown['LogPath']}")
    return Reply(0 if unit.active in _RUNS else _NOT_RUNNING, tuple(lines), shown)


def _lacking(desk: Desk, unit: Unit) -> list[tuple[str, str]]:
    """Return the directives of a service that this system has nothing for, and where they stand."""
    return sorted(item for item in unit.service.origin.items() if item[0] in desk.supervisor.platform.lacks)


def _is_active(desk: Desk, unit: Unit, options: Mapping[str, Any]) -> Reply:
    return Reply(0 if unit.active in _RUNS else _NOT_RUNNING, (unit.active.value,), unit.active.value)


def _is_failed(desk: Desk, unit: Unit, options: Mapping[str, Any]) -> Reply:
    return Reply(0 if unit.active is Active.FAILED else 1, (unit.active.value,), unit.active.value)


def _why(desk: Desk, unit: Unit, options: Mapping[str, Any]) -> Reply:
    now = desk.supervisor.waiter.now()
    return Reply(0, tuple(why(unit.service, unit.life, now)), why_data(unit.service, unit.life, now))


def _logs(desk: Desk, unit: Unit, options: Mapping[str, Any]) -> Reply:
    """Say where the log is: whoever asked reads the file."""
    path = desk.log_path(unit.name)
    if path is None:
        return Reply(1, (f"{unit.name}: its output is not kept here; see StandardOutput=",))
    return Reply(0, (path,), path)


def _list(desk: Desk, units: list[Unit], options: Mapping[str, Any]) -> Reply:
    rows = [("NAME", "ACTIVE", "SUB", "PID", "RESTARTS", "STATUS")]
    for unit in units:
        pid = str(unit.pid(Slot.MAIN) or "-")
        life = unit.life
        rows.append((unit.name, unit.active.value, life.state.value, pid, str(life.restarts), life.status_text))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return Reply(0, tuple(lines), [described(desk, unit) for unit in units])


_EACH: Mapping[str, Callable[[Desk, Unit, Mapping[str, Any]], Reply]] = {
    "kill": _kill,
    "reset-failed": _reset_failed,
    "show": _show,
    "status": _status,
    "is-active": _is_active,
    "is-failed": _is_failed,
    "why": _why,
    "logs": _logs,
}
_ALL: Mapping[str, Callable[[Desk, list[Unit], Mapping[str, Any]], Reply]] = {"list": _list}
# Without a name these mean every service.
_EVERYTHING = frozenset({"show", "status", "why", "logs", "reset-failed", "is-active", "is-failed"})
