"""The manager's settings and the file they come from, config/manager.yaml."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from ..units.errors import BadValue
from ..units.grammar import parse_span
from .document import Document, Place, load
from .rules.variables import Variable, Variables
from .zones import own_zone, read_zone

# What Flamenco calls the platforms: Go's names.
PLATFORMS = ("linux", "windows", "darwin")
_LONGEST = 100 * 365.25 * 24 * 3600

AUDIENCES = ("all", "workers", "users")


@dataclass(frozen=True)
class Settings:
    """What can be set. Times are seconds.

    worker_timeout: how long a worker that polls may be silent before it counts as lost; push_timeout: the same for one
    that keeps a request open. task_timeout: the same for a task. shared_storage_path: what {jobs} stands for.
    host_names: by which names browsers may call the manager over the loopback, beside its addresses and localhost.
    autodiscoverable: whether workers that look for a manager in their network find this one.
    time_zone: in which sleep schedules are that name none; an IANA name. job_types: a folder with more job types.
    database: its URL, empty for the file in --data. trusted_proxies: addresses and networks whose word is taken for who
    calls.
    """

    manager_name: str = "Farmhand"
    worker_timeout: float = 60.0
    push_timeout: float = 15.0
    task_timeout: float = 600.0
    blocklist_threshold: int = 3
    task_fail_after_softfail_count: int = 3
    shared_storage_path: str = ""
    host_names: tuple[str, ...] = ()
    autodiscoverable: bool = False
    time_zone: str = "UTC"
    variables: Variables = field(default_factory=dict)
    job_types: str = ""
    database: str = ""
    trusted_proxies: tuple[str, ...] = ()


def this_platform() -> str:
    """Name this machine's system as Flamenco does."""
    return {"win32": "windows", "darwin": "darwin"}.get(sys.platform, "linux")


# What tasks may count on without a configuration; Flamenco's names, and the Python that runs the manager, which is the
# workers' own where they share its machine.
VARIABLES: Variables = {
    "blender": (Variable("blender"),),
    "blenderArgs": (Variable("-b -y"),),
    "ffmpeg": (Variable("ffmpeg"),),
    "python": (
        Variable(sys.executable, platforms=frozenset({this_platform()})),
        Variable("python", platforms=frozenset({"windows"})),
        Variable("python3"),
    ),
}


def settings(path: Path | None, data: Path) -> Settings:
    """Return the settings in a file, or those that hold without one; raises units.errors.BadConfig.

    data: the manager's folder, in which jobs put their files unless shared_storage_path says otherwise.
    """
    storage = str((data / "shared").absolute())
    base = Settings(shared_storage_path=storage, time_zone=own_zone(os.environ), variables=VARIABLES)
    return base if path is None else _read(load(path), base)


def _read(document: Document, base: Settings) -> Settings:
    document.refuse_unknown((), document.value, KEYS)
    found = {key: KEYS[key](document, (key,), value) for key, value in document.value.items() if value is not None}
    if "variables" in found:
        found["variables"] = {**base.variables, **found["variables"]}
    return replace(base, **found)


def _text(document: Document, place: Place, value: object) -> str:
    if value is None:
        document.refuse(place, "it is missing", "write it down")
    if not isinstance(value, str) or not value:
        document.refuse(place, f"{value!r} is not text", "write a word, in quotes if it looks like something else")
    return value


def _seconds(document: Document, place: Place, value: object) -> float:
    try:
        seconds = parse_span(str(value))
    except BadValue as error:
        document.refuse(place, error.problem, error.hint)
    if seconds <= 0:
        document.refuse(place, f'"{value}" is no time at all', 'write more, such as "1min"')
    if seconds > _LONGEST:
        document.refuse(place, f'"{value}" is longer than can be counted', 'write less, such as "1y"')
    return seconds


def _count(document: Document, place: Place, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        document.refuse(place, f"{value!r} is not a number of things", "write 1 or more")
    return value


def _flag(document: Document, place: Place, value: object) -> bool:
    if not isinstance(value, bool):
        document.refuse(place, f"{value!r} is neither true nor false", "write true or false")
    return value


def _folder(document: Document, place: Place, value: object) -> str:
    """Read a folder, which may be relative to that of the document."""
    folder = document.path.parent / Path(_text(document, place, value)).expanduser()
    if not folder.is_dir():
        document.refuse(place, f"{folder} is not a folder", "make it, or name another")
    return str(folder.absolute())


def _names(document: Document, place: Place, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        document.refuse(place, f"{value!r} is not a list", "write names in brackets, as in [farm.example.org]")
    return tuple(_text(document, (*place, index), each) for index, each in enumerate(value))


def _zone(document: Document, place: Place, value: object) -> str:
    try:
        return read_zone(_text(document, place, value)).key
    except BadValue as error:
        document.refuse(place, error.problem, error.hint)


def _networks(document: Document, place: Place, value: object) -> tuple[str, ...]:
    networks = _names(document, place, value)
    for index, network in enumerate(networks):
        try:
            ip_network(network)
        except ValueError:
            problem = f'"{network}" is neither an address nor a network'
            document.refuse((*place, index), problem, "write it as 127.0.0.1 or 10.20.0.0/16")
    return networks


def _variables(document: Document, place: Place, value: object) -> Variables:
    if not isinstance(value, dict):
        document.refuse(place, "it must be a mapping", 'write lines of "name: value" below it')
    return {name: _choices(document, (*place, name), given) for name, given in value.items()}


def _choices(document: Document, place: Place, given: object) -> tuple[Variable, ...]:
    if not isinstance(given, dict):
        return (Variable(_text(document, place, given)),)
    document.refuse_unknown(place, given, ("values", "is_twoway"))
    values = given.get("values")
    if not isinstance(values, list) or not values:
        document.refuse(place, "it has no values", "write one value, or a list of them below values:")
    twoway = _flag(document, (*place, "is_twoway"), given.get("is_twoway", False))
    listed = enumerate(values)
    return tuple(_choice(document, (*place, "values", index), each, is_twoway=twoway) for index, each in listed)


def _choice(document: Document, place: Place, given: object, *, is_twoway: bool) -> Variable:
    if not isinstance(given, dict):
        document.refuse(place, f"{given!r} is not a mapping", "write {platform: linux, value: ...}")
    document.refuse_unknown(place, given, ("audience", "platform", "platforms", "value"))
    platforms = given.get("platforms", [given["platform"]] if "platform" in given else [])
    if not isinstance(platforms, list) or not all(platform in (*PLATFORMS, "all") for platform in platforms):
        document.refuse(place, f"{platforms!r} are not platforms", f"write some of {', '.join(PLATFORMS)}")
    audience = given.get("audience", "all")
    if audience not in AUDIENCES:
        document.refuse(place, f"{audience!r} is not an audience", f"write one of {', '.join(AUDIENCES)}")
    anywhere = "all" in platforms
    value = _text(document, (*place, "value"), given.get("value"))
    return Variable(value, audience, frozenset() if anywhere else frozenset(platforms), is_twoway)


KEYS: Mapping[str, Callable[[Document, Place, object], Any]] = {
    "manager_name": _text,
    "worker_timeout": _seconds,
    "push_timeout": _seconds,
    "task_timeout": _seconds,
    "blocklist_threshold": _count,
    "task_fail_after_softfail_count": _count,
    "shared_storage_path": _text,
    "host_names": _names,
    "autodiscoverable": _flag,
    "time_zone": _zone,
    "variables": _variables,
    "database": _text,
    "trusted_proxies": _networks,
    "job_types": _folder,
}
