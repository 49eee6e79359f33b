"""Answers control requests: what `farmhand start`, `status`, `show`, `why` … ask of the running supervisor.

Verbs that change something become jobs (requests.py); the others are answered at once. Exit codes are systemctl's.
"""

from collections.abc import Callable, Mapping, Sequence

from ...units.errors import BadValue
from ...units.grammar import parse_signal
from ...units.light import Any
from ...units.spec import Service
from ...units.unit_names import full_name, short_name
from ..definitions.catalog import Loaded
from ..definitions.unit_paths import is_template
from ..exit_codes import BAD_INPUT, FAILED, NOT_RUNNING, UNKNOWN
from ..rules.conditions import verdict
from ..rules.life import Event, Life, Slot
from ..rules.states import RESTING, Active
from ..rules.why import data as why_data
from ..rules.why import why
from ..unit import Unit
from . import requests, views
from .desk import Chosen, Desk, LogPath, choose, complaint, is_pattern, matches
from .protocol import Answer, Reply, Request
from .requests import rejoin

__all__ = ["Desk", "LogPath", "handle", "rejoin"]

Options = Mapping[str, Any]


def handle(desk: Desk, request: Request, answer: Answer) -> None:
    """Answer a request: `answer` is called once, now or when the jobs it made are settled."""
    verb = request.verb
    if verb in _WITHOUT_NAMES:
        _WITHOUT_NAMES[verb](desk, request, answer)
    elif verb not in (*requests.VERBS, *_EACH, *_LISTS, *_FILES, "await-change"):
        known = ", ".join(sorted({*requests.VERBS, *_EACH, *_LISTS, *_FILES, *_WITHOUT_NAMES, "await-change"}))
        answer(Reply(BAD_INPUT, (f"{verb}: it is no request; known are {known}",)))
    elif not request.names and verb not in (*_EVERYTHING, *_LISTS):
        answer(Reply(BAD_INPUT, (f"{verb}: no service is named; name one, or a pattern such as 'worker@*'",)))
    elif verb in _FILES:
        names = [name for each in request.names for name in (matches(desk, each) if is_pattern(each) else [each])]
        whole = _together(verb, [_FILES[verb](desk, name, request.options) for name in names])
        answer(whole if names else Reply(_OF_NONE.get(verb, 0)))
    elif verb == "await-change":
        _await_change(desk, request, answer)
    else:
        chosen = choose(desk, request.names)
        if verb in requests.VERBS:
            requests.handle(desk, request, chosen, answer)
        elif verb in _LISTS:
            answer(_LISTS[verb](desk, chosen.units, request.options))
        else:
            answer(_each(desk, request, chosen))


def _each(desk: Desk, request: Request, chosen: Chosen) -> Reply:
    """Ask about each unit and put the answers together; those that cannot be had have theirs, too."""
    verb = request.verb
    replies: dict[str, Reply] = {}
    for each in chosen.found:
        if isinstance(each, Unit):
            replies[each.name] = _EACH[verb](desk, each, request.options)
        else:
            replies[short_name(each.name)] = _absent(desk, request, each)
    whole = _together(verb, list(replies.values()))
    code = _OF_NONE.get(verb, 0) if not replies else whole.exit_code if request.names or verb != "status" else 0
    notes = () if verb in _ANSWER_ALONE else chosen.notes
    data = {name: reply.data for name, reply in replies.items()}
    return Reply(code, whole.lines, data, (*notes, *whole.complaints))


def _together(verb: str, replies: list[Reply]) -> Reply:
    """Put answers together: 0 if any is, where a verb asks for any; else what the first one that is not 0 says."""
    codes = [reply.exit_code for reply in replies]
    code = next((code for code in codes if code), 0)
    if verb in _ANY and 0 in codes:
        code = 0
    lines: list[str] = []
    for reply in replies:
        lines += [*([""] if lines and reply.lines and verb in _APART else []), *reply.lines]
    complaints = tuple(line for reply in replies for line in reply.complaints)
    return Reply(code, tuple(lines), [reply.data for reply in replies], complaints)


def _absent(desk: Desk, request: Request, loaded: Loaded) -> Reply:
    """Answer for a unit that was named and cannot be had."""
    match request.verb:
        case _ if is_template(loaded.name):
            return Reply(FAILED, complaints=(complaint(desk, loaded),))
        case "show":
            return views.show(views.stub(desk, loaded), request.options)
        case "is-active":
            return Reply(NOT_RUNNING, ("inactive",), "inactive")
        case "is-failed":
            return Reply(FAILED, ("inactive",), "inactive")
        case "reset-failed" if loaded.state != "not-found":
            return Reply()
        case "kill" if loaded.state != "not-found":
            return _kill(desk, Unit(Service(loaded.name)), request.options)
        case "status" if loaded.state != "not-found":
            return views.status_of_absent(desk, loaded)
        case "status" | "why":
            code = UNKNOWN if loaded.state == "not-found" else NOT_RUNNING
            return Reply(code, complaints=(complaint(desk, loaded),))
        case _:
            return Reply(FAILED, complaints=(complaint(desk, loaded),))


def _kill(desk: Desk, unit: Unit, options: Options) -> Reply:
    """Send a signal: systemctl kill, --signal=, --kill-whom=main|control|all."""
    try:
        name = parse_signal(str(options.get("signal") or "SIGTERM"))
    except BadValue as bad:
        return Reply(BAD_INPUT, (f"--signal: {bad.problem}; {bad.hint}",))
    whom = str(options.get("kill_whom") or "all")
    if whom == "all":
        unit.signal((name,), everyone=True)
        return Reply()
    if whom not in ("main", "control"):
        return Reply(BAD_INPUT, (f"--kill-whom: {whom!r} is not known; choose main, control or all",))
    if Slot(whom) not in unit.trees:
        return Reply(FAILED, (f"{unit.name}: there is no {whom} process to kill",))
    unit.trees[Slot(whom)].signal(name, whom="main")
    return Reply()


def _reset_failed(desk: Desk, unit: Unit, options: Options) -> Reply:
    desk.supervisor.tell(unit, Event.RESET_FAILED)
    return Reply()


def _is_active(desk: Desk, unit: Unit, options: Options) -> Reply:
    return Reply(0 if unit.active in views.RUNS else NOT_RUNNING, (unit.active.value,), unit.active.value)


def _is_failed(desk: Desk, unit: Unit, options: Options) -> Reply:
    return Reply(0 if unit.active is Active.FAILED else FAILED, (unit.active.value,), unit.active.value)


def _why(desk: Desk, unit: Unit, options: Options) -> Reply:
    now = desk.supervisor.waiter.now()
    about = (unit.service, unit.life, now, verdict(unit.checked))
    return Reply(0, tuple(why(*about)), why_data(*about))


def _logs(desk: Desk, unit: Unit, options: Options) -> Reply:
    """Say where the log is: whoever asked reads the file."""
    path = desk.log_path(unit.name)
    if path is None:
        return Reply(FAILED, (f"{unit.name}: its output is not kept here; see StandardOutput=",))
    return Reply(0, (path,), path)


def _loaded(desk: Desk, name: str) -> Loaded:
    """Return what was read of a unit, which need not be there, or not by a file."""
    (loaded,) = desk.definitions.find([name])
    unit = desk.supervisor.units.get(short_name(full_name(name)))
    return Loaded(full_name(unit.name), "loaded", unit.service) if unit and not loaded.service else loaded


def _cat(desk: Desk, name: str, options: Options) -> Reply:
    return views.cat(desk, _loaded(desk, name))


def _is_enabled(desk: Desk, name: str, options: Options) -> Reply:
    return views.is_enabled(desk, _loaded(desk, name))


def _list_dependencies(desk: Desk, name: str, options: Options) -> Reply:
    return views.list_dependencies(desk, short_name(_loaded(desk, name).name), options)


def _await_change(desk: Desk, request: Request, answer: Answer) -> None:
    """Answer with a mark of how the services are, as soon as that is not the mark that was given."""
    since = request.options.get("since")

    def look() -> bool:
        mark = _mark(choose(desk, request.names).units)
        if mark != since:
            answer(Reply(0, (mark,), mark))
        return mark != since

    if not look():
        read = _as_read(desk)
        desk.watch(lambda: bool(desk.supervisor.touched or _as_read(desk) != read) and look())


def _as_read(desk: Desk) -> tuple[int, ...]:
    """Return something that is another after files were read again."""
    return tuple(id(unit.service) for unit in desk.supervisor.units.values())


def _mark(units: Sequence[Unit]) -> str:
    """Return a text that is another one whenever a service, or one more or less of them, is in another state."""
    known = tuple((unit.name, _state(unit.life), unit.invocation, id(unit.service)) for unit in units)
    return f"{hash(known) % 2**64:016x}"


def _state(life: Life) -> tuple[str, str, int]:
    return life.state.value, life.result.value, life.restarts


def _reload(desk: Desk, request: Request, answer: Answer) -> None:
    """Read all files again: systemctl daemon-reload. What is wrong with some is told, and the exit code is 1."""
    problems, notes = desk.reload()
    answer(Reply(FAILED if problems else 0, (*problems, *notes)))


def _shut_down(desk: Desk, request: Request, answer: Answer) -> None:
    """Stop everything, and answer when that is done; at once if whoever asks does not want to wait."""
    desk.shut_down()
    units, pending = desk.supervisor.units, desk.jobs.pending

    def is_over() -> bool:
        over = not pending and all(unit.life.state in RESTING for unit in units.values())
        if over:
            answer(Reply(0, ("all services have stopped",)))
        return over

    if request.options.get("no_block"):
        answer(Reply(0, ("stopping all services",)))
    else:
        desk.watch(is_over)


_EACH: Mapping[str, Callable[[Desk, Unit, Options], Reply]] = {
    **views.EACH,
    "kill": _kill,
    "reset-failed": _reset_failed,
    "is-active": _is_active,
    "is-failed": _is_failed,
    "why": _why,
    "logs": _logs,
}
_LISTS: Mapping[str, Callable[[Desk, list[Unit], Options], Reply]] = {
    "list": views.list_services,
    "list-units": views.list_units,
}
_FILES: Mapping[str, Callable[[Desk, str, Options], Reply]] = {
    "cat": _cat,
    "is-enabled": _is_enabled,
    "list-dependencies": _list_dependencies,
}
_WITHOUT_NAMES: Mapping[str, Callable[[Desk, Request, Answer], None]] = {
    "ping": lambda desk, request, answer: answer(Reply(0, ("pong",))),
    "daemon-reload": _reload,
    "shutdown": _shut_down,
}
# The answers about several units are kept apart by an empty line.
_APART = frozenset({"show", "cat", "list-dependencies"})
# These ask whether any of the named is so.
_ANY = frozenset({"is-active", "is-failed", "is-enabled"})
# What these come to if a pattern matches nothing.
_OF_NONE = {"is-active": NOT_RUNNING, "is-failed": FAILED, "is-enabled": FAILED}
# What these answer is read by programs, which look for nothing else in it.
_ANSWER_ALONE = frozenset({"show", "is-active", "is-failed"})
# Without a name these mean every service.
_EVERYTHING = frozenset({"await-change", "show", "status", "why", "logs", "reset-failed", "is-active", "is-failed"})
