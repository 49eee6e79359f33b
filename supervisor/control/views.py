"""What `status`, `show`, `list-units`, `list-dependencies` and `cat` say of units."""

import functools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ...units.errors import BadConfig
from ...units.light import Any
from ...units.spec import Limit, Service
from ...units.unit_names import UNIT_TYPES, full_name, short_name, unit_type
from ..definitions.catalog import Loaded, read
from ..execution import accounts, resources
from ..exit_codes import BAD_INPUT, FAILED, NOT_RUNNING
from ..platforms import limits
from ..rules import properties
from ..rules.conditions import verdict
from ..rules.jobs import RESTING
from ..rules.life import Life, Slot
from ..rules.relations import Links, named_by
from ..rules.states import Active, State
from ..rules.why import sentence, where
from ..unit import Unit
from .desk import Desk, complaint
from .protocol import Reply

Options = Mapping[str, Any]

# Property, less "Timestamp" -> field of the stamps.
_STAMPS = {
    "ExecMainStart": "main_start",
    "ExecMainExit": "main_exit",
    "StateChange": "state",
    "InactiveExit": "inactive_exit",
    "ActiveEnter": "active_enter",
    "ActiveExit": "active_exit",
    "InactiveEnter": "inactive_enter",
    "Condition": "conditions",
    "Assert": "asserts",
}
RUNS = frozenset({Active.ACTIVE, Active.RELOADING})
# What systemd calls the reason for a state other than loaded; systemd, src/core/unit.c, bus_unit_validate_load_state.
_ERRORS = {
    "not-found": "org.freedesktop.systemd1.NoSuchUnit",
    "bad-setting": "org.freedesktop.systemd1.BadUnitSetting",
    "error": "org.freedesktop.systemd1.LoadFailed",
    "masked": "org.freedesktop.systemd1.UnitMasked",
}
# What `list-units --state=` may ask for; --type= may name a load state, too, as with systemctl.
_LOAD_STATES = frozenset({"loaded", "not-found", "bad-setting", "error", "masked"})
_STATES = _LOAD_STATES | {state.value for state in Active} | {state.value for state in State}
_DOTS = {Active.FAILED: "\N{MULTIPLICATION SIGN}", Active.INACTIVE: "○", Active.ACTIVE: "●"}


def described(desk: Desk, unit: Unit) -> dict[str, str]:
    """Return a unit's properties by systemd's names."""
    folders = {tree.kept().group for tree in unit.all_trees()} - {""}
    facts = properties.Facts(
        main_pid=unit.pid(Slot.MAIN),
        control_pid=unit.pid(Slot.CONTROL),
        last_main_pid=unit.main_pid,
        stamps={name: getattr(unit.stamps, field) for name, field in _STAMPS.items()},
        monotonic_zero=time.time() - desk.supervisor.waiter.now(),
        ran=unit.ran,
        invocation=unit.invocation,
        log_path=desk.log_path(unit.name) or "",
        memory=resources.memory(),
        tasks=resources.tasks(),
        group=resources.group_of(folders),
        used=resources.used(folders),
        processors=resources.cpus_of(unit.service) or frozenset(),
        conditions_met=unit.checked.conditions_met if unit.checked else False,
        asserts_met=unit.checked.asserts_met if unit.checked else False,
        limits=_limits(desk),
        named_by=_named_by(desk.jobs.links).get(unit.name, {}),
        ids=_ids(unit),
        job=desk.jobs.pending[unit.name].number if unit.name in desk.jobs.pending else 0,
    )
    shown = properties.properties(unit.service, unit.life, facts)
    name = full_name(unit.name)
    loaded = desk.definitions.catalog.loaded.get(name) or Loaded(name, "loaded", unit.service)
    return shown | _target(unit) | _loading(desk, loaded, shown["FragmentPath"])


@functools.lru_cache(maxsize=1)
def _named_by(links: Links) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    return named_by(links)


def _limits(desk: Desk) -> Mapping[str, Limit]:
    files = desk.supervisor.premises.files
    return limits.limits_of_service(files) if files else {}


def _ids(unit: Unit) -> tuple[int | None, int | None]:
    """Return the user and the group that a service sets and runs as, as numbers."""
    user, group = accounts.user_of(unit.service), unit.service.group
    if unit.active in RESTING or unit.life.state is State.AUTO_RESTART or (user is None and group is None):
        return None, None
    try:
        uid, gid = accounts.ids_of(unit.service)
    except accounts.NoAccount:
        return None, None
    return None if user is None else uid, gid


def _target(unit: Unit) -> dict[str, str]:
    """Return what is different for a target, which is like a service that runs nothing."""
    return {"SubState": "active"} if unit_type(unit.name) and unit.active is Active.ACTIVE else {}


def _loading(desk: Desk, loaded: Loaded, fragment: str) -> dict[str, str]:
    """Return what is known of where a unit comes from."""
    return {
        "Id": loaded.name,
        "Names": " ".join(loaded.names or (loaded.name,)),
        "LoadState": loaded.state,
        "LoadError": "" if loaded.state == "loaded" else f'{_ERRORS[loaded.state]} "{complaint(desk, loaded)}"',
        "UnitFileState": desk.definitions.catalog.enablement(loaded) if loaded.state != "not-found" else "",
        "FragmentPath": loaded.fragment or fragment,
        "DropInPaths": " ".join(loaded.drop_ins),
        "NeedDaemonReload": "yes" if desk.definitions.catalog.changed(loaded.name) else "no",
    }


def stub(desk: Desk, loaded: Loaded) -> dict[str, str]:
    """Return the properties of a unit that was named and cannot be had."""
    named = _named_by(desk.jobs.links).get(short_name(loaded.name), {})
    facts = properties.Facts(stamps=dict.fromkeys(_STAMPS, 0.0), limits=_limits(desk), named_by=named)
    read = loaded.problem.service if loaded.problem else None
    shown = properties.properties(read or Service(short_name(loaded.name)), Life(), facts)
    unknown = {} if read else {"Type": "", "OOMPolicy": ""}
    return shown | unknown | {"CanStart": "no"} | _loading(desk, loaded, "")


def show(shown: Mapping[str, str], options: Options) -> Reply:
    """Answer with the properties asked for, in systemd's order; without a choice the empty ones are no lines."""
    names = options.get("property")
    if names:
        asked = {name for item in (names if isinstance(names, list) else [names]) for name in str(item).split(",")}
        shown = {name: value for name, value in shown.items() if name in asked}
    whole = names or options.get("all")
    told = {name: value for name, value in shown.items() if whole or not properties.is_empty(name, value)}
    lines = tuple(f"{name}={line}" for name, value in told.items() for line in value.split("\n"))
    return Reply(0, lines, dict(shown))


def status(desk: Desk, unit: Unit, options: Options) -> Reply:
    shown, life = described(desk, unit), unit.life
    lines = [
        f"{_DOTS.get(unit.active, '●')} {unit.name} - {shown['Description']}",
        f"   Loaded: {shown['LoadState']} ({shown['FragmentPath']})",
        *(f"  Drop-In: {path}" for path in shown["DropInPaths"].split()),
        f"    State: {shown['ActiveState']} ({shown['SubState']}) since {shown['StateChangeTimestamp'] or 'the start'}",
    ]
    if shown["NeedDaemonReload"] == "yes":
        lines.insert(0, f"{unit.name}: its files have changed; 'farmhand daemon-reload' reads them again")
    if told := verdict(unit.checked):
        lines.append(f"   Checks: {told}")
    if unit.pid(Slot.MAIN):
        count = len(unit.members())
        lines.append(f" Main PID: {unit.pid(Slot.MAIN)}{f', {count} processes in all' if count > 1 else ''}")
    if life.status_text:
        lines.append(f"   Status: {life.status_text}")
    if life.exit is not None:
        lines.append(f"Last exit: {life.exit}, result {life.result.value}")
    if life.verdict is not None and unit.active not in RUNS:
        lines.append(f"      Why: {sentence(unit.service, life, desk.supervisor.waiter.now())}")
    if unit_type(unit.name) is None:
        lines.append(f" Restarts: {life.restarts}, Restart={unit.service.restart}{where(unit.service, 'Restart')}")
    lines += _not_in_force(desk, unit)
    if unit_type(unit.name) is None and shown["LogPath"]:
        lines.append(f"      Log: {shown['LogPath']}")
    return Reply(0 if unit.active in RUNS else NOT_RUNNING, tuple(lines), shown)


def status_of_absent(desk: Desk, loaded: Loaded) -> Reply:
    """Answer for a unit that is there and cannot be used."""
    lines = (
        f"{_DOTS[Active.INACTIVE]} {short_name(loaded.name)}",
        f"   Loaded: {loaded.state} ({loaded.why})",
        "    State: inactive (dead)",
    )
    return Reply(NOT_RUNNING, lines, stub(desk, loaded))


def _not_in_force(desk: Desk, unit: Unit) -> Iterator[str]:
    """Name what a service says and what is not acted on, by Farmhand or on this system: in a line each."""
    from ...units.directives import without_effect  # the whole table, which nothing else here needs

    if kept := dict.fromkeys(f"{line.key}=" for line in without_effect(unit.service)):
        yield f" Not in force: {', '.join(kept)}; 'farmhand check' says more"
    if unmet := sorted(desk.supervisor.platform.unmet(unit.service)):
        yield f" Not in force: {', '.join(f'{name}=' for name in unmet)}: not on this system"


def list_services(desk: Desk, units: list[Unit], options: Options) -> Reply:
    """Give a line a service, with what people look for first."""
    rows = [("NAME", "ACTIVE", "SUB", "PID", "RESTARTS", "STATUS")]
    for unit in units:
        pid = str(unit.pid(Slot.MAIN) or "-")
        life = unit.life
        state = _target(unit).get("SubState", life.state.value)
        rows.append((unit.name, unit.active.value, state, pid, str(life.restarts), life.status_text))
    return Reply(0, _table(rows), [described(desk, unit) for unit in units])


def list_units(desk: Desk, units: list[Unit], options: Options) -> Reply:
    """Give a line a unit as systemctl does: without --all or --state= only what is active, failed or has a job."""
    states = _words(options, "state") | ({"failed"} if options.get("failed") else set())
    types = _words(options, "type")
    if asked := ("--type", UNIT_TYPES) if "help" in types else ("--state", _STATES) if "help" in states else None:
        return Reply(0, (f"{asked[0]}=: one or some of", *sorted(asked[1])))
    if strange := types - UNIT_TYPES - _LOAD_STATES:
        choice = ", ".join(sorted(UNIT_TYPES))
        return Reply(BAD_INPUT, (f'--type: "{min(strange)}" is no type of unit; choose from {choice}',))
    states, types = states | types & _LOAD_STATES, types & UNIT_TYPES
    shown = []
    for unit in units:
        known = described(desk, unit)
        at = {known["LoadState"], known["ActiveState"], known["SubState"]}
        lives = unit.active is not Active.INACTIVE or unit.name in desk.jobs.pending
        if (at & states if states else lives or options.get("all")) and (not types or _type(unit) in types):
            shown.append(known)
    shown.sort(key=lambda known: (known["Id"].rpartition(".")[2], known["Id"]))
    columns = ("Id", "LoadState", "ActiveState", "SubState", "Description")
    rows = [
        ("UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION"),
        *(tuple(known[key] for key in columns) for known in shown),
    ]
    more = "" if states or options.get("all") else "; --all shows the inactive ones, too"
    count = f"{len(shown)} unit{'' if len(shown) == 1 else 's'} listed{more}"
    return Reply(0, (*_table(rows), "", count), shown)


def _words(options: Options, name: str) -> set[str]:
    return set(str(options.get(name) or "").split(",")) - {""}


def _type(unit: Unit) -> str:
    return unit_type(unit.name) or "service"


def _table(rows: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return tuple("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows)


_NEEDS = ("requires", "requisite", "wants", "binds_to", "upholds")


def list_dependencies(desk: Desk, name: str, options: Options) -> Reply:
    """Draw the tree of what a unit needs, or with `reverse` of what needs it; below targets always, else with `all`."""
    units = desk.supervisor.units

    def below(name: str) -> list[str]:
        if options.get("reverse"):
            found = [other.name for other in units.values() if name in _needed_by(other.service)]
        else:
            found = _needed_by(units[name].service) if name in units else []
        return sorted(dict.fromkeys(found), key=lambda name: (unit_type(name) == "target", name.lower()))

    def draw(name: str, before: str, path: tuple[str, ...]) -> Iterator[str]:
        deeper = below(name) if name not in path else []
        for each in deeper:
            last = each == deeper[-1]
            unit = units.get(each)
            dot = _DOTS.get(unit.active, "●") if unit else "○"
            yield f"{dot} {before}{'└─' if last else '├─'}{full_name(each)}"
            if options.get("all") or unit_type(each) == "target":
                yield from draw(each, before + ("  " if last else "│ "), (*path, name))

    return Reply(0, (full_name(name), *draw(name, "", ())), [full_name(each) for each in below(name)])


def _needed_by(service: Service) -> list[str]:
    return [short_name(name) for field in _NEEDS for name in getattr(service, field)]


def cat(desk: Desk, loaded: Loaded) -> Reply:
    """Give the files of a unit as they are now; a service from YAML as the unit file that it comes to."""
    if loaded.state == "masked":
        return Reply(0, (f"# {loaded.name} is masked",))
    paths = [path for path in (loaded.fragment, *loaded.drop_ins) if path]
    if not paths and loaded.service is not None:
        from ...units.dialects import systemd  # the whole language, of which nothing else here needs anything

        return Reply(0, (f"# {loaded.name}, as a unit file", *systemd.write(loaded.service).text.splitlines()))
    if not paths or (loaded.state == "not-found" and not loaded.fragment):
        return Reply(FAILED, complaints=(complaint(desk, loaded),))
    lines: list[str] = []
    if desk.definitions.catalog.changed(loaded.name):
        lines.append(f"# {loaded.name} has changed since it was read; 'farmhand daemon-reload' reads it again")
    for path in paths:
        lines += [*([""] if lines else []), f"# {path}", *_lines(path)]
    return Reply(0, tuple(lines), {"paths": paths})


def _lines(path: str) -> Iterable[str]:
    try:
        return read(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace").splitlines()
    except BadConfig as bad:
        return (f"# {bad}",)


def is_enabled(desk: Desk, loaded: Loaded) -> Reply:
    """Say whether something has the unit started: a link in NAME.wants, or that its file was named."""
    state = desk.definitions.catalog.enablement(loaded)
    return Reply(0 if state in ("enabled", "static", "indirect", "alias") else FAILED, (state,), state)


EACH: Mapping[str, Callable[[Desk, Unit, Options], Reply]] = {
    "show": lambda desk, unit, options: show(described(desk, unit), options),
    "status": status,
}
