"""The form of the Install tab: filled in with what is known of the worker. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from ...units import recipe
from ...units.dialect import Dialect
from ...units.dialects.table import DIALECTS
from ...units.hardening import BARS, PROFILES
from ...units.recipe import Recipe
from ...units.support import System
from ...worker.wire import RESTART_EXIT_CODE

_SYSTEMS: Mapping[str, System] = {"linux": "linux", "windows": "windows", "darwin": "macos"}


@dataclass(frozen=True)
class Known:
    """What is known of a worker before anybody has said a word. platform: as workers call it.

    installed: of what the definition was made that it runs under. storage: where jobs put their files.
    """

    name: str
    platform: str
    manager: str
    storage: str = ""
    installed: Recipe | None = None


@dataclass(frozen=True)
class Field:
    """One field: its name in the address, its label, what it says now, a hint, and what can be chosen, if not all."""

    name: str
    label: str
    value: str
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Tab:
    """One service manager, and the form for it."""

    title: str
    query: str
    current: bool


# An address by which only the manager's own machine reaches it.
_NEAR = re.compile(r"(https?://)?(localhost|127\.0\.0\.1|\[::1\])(:|/|$)")

_OUTPUT = "Where tasks write, apart by colons; they have to be there. It can write nowhere else"
_OUTPUT_ANYWHERE = "Where tasks write, apart by colons or semicolons"

# What the form asks for always, and what it asks for only if somebody has said it.
_ASKED = ("name", "manager", "code", "program", "user", "folder", "output")
_ALSO = {
    "group": "Group",
    "data": "Data folder",
    "credentials": "Credentials",
    "scope": "For",
    "oom": "OOM score",
    "stop": "Seconds to stop",
    "farmhand": "Supervisor",
    "image": "Image",
    "version": "Version of it",
    "config": "Folder of its file",
}


def dialect_of(given: Mapping[str, str], known: Known) -> Dialect:
    """Return whose form it is: as asked for, as installed, or the first at home where the worker runs."""
    asked = DIALECTS.get(given.get("system", ""))
    if asked is None and known.installed is not None:
        asked = known.installed.dialect
    here = _SYSTEMS.get(known.platform, "linux")
    return asked or next((row for row in DIALECTS.values() if row.system == here), DIALECTS["farmhand"])


def fields(dialect: Dialect, given: Mapping[str, str], known: Known) -> list[Field]:
    """Return the form as it was sent, or with what is installed, or with what is likely for this worker."""
    likely = {**_likely(dialect, known), **_installed(dialect, known)}
    said = {name: given.get(name, likely.get(name, "")).strip() for name in recipe.KEYS}
    near = _NEAR.match(said["manager"])
    form = [
        Field("name", "Name", said["name"]),
        Field("manager", "Manager", said["manager"], "Only its own machine reaches it by this address" if near else ""),
        Field("code", "Restart code", said["code"], "Empty: it cannot be restarted from here"),
        Field("program", "Program", said["program"], "In the image" if dialect.contained else "On that machine"),
        Field(
            "user",
            "User",
            said["user"],
            "Empty: root, which is not advised" if _system(dialect, known) != "windows" else "",
        ),
        Field("folder", "Folder", said["folder"], "Where it runs; flamenco-worker.yaml may be there"),
        Field("output", "Output folders", said["output"], _OUTPUT if dialect.hardens else _OUTPUT_ANYWHERE),
    ]
    if dialect.hardens:
        form.append(Field("profile", "Hardening", said["profile"], _bar(said["profile"]), _profiles(said["profile"])))
    if kinds := [name for name in dialect.variants if name and name != "drop-in"][1:]:
        form.append(Field("as", "Kind", said["as"], choices=_named((dialect.variants[0], *kinds))))
    return [*form, *(Field(name, label, said[name]) for name, label in _ALSO.items() if said[name])]


def query(form: Sequence[Field], dialect: Dialect, way: str = "") -> str:
    """Write a form as the part of an address after the question mark."""
    said = {"system": dialect.name, "way": way, **{field.name: field.value for field in form}}
    return urlencode({name: text for name, text in said.items() if text or name in _ASKED}, safe="/:@,")


def tabs(current: Dialect, form: Sequence[Field]) -> list[Tab]:
    """Return a tab for each service manager; what was typed is kept, but for what only this one has."""
    kept = [field for field in form if field.name in _ASKED]
    return [Tab(row.title, query(kept, row), row is current) for row in DIALECTS.values()]


def values(form: Sequence[Field], dialect: Dialect, way: str = "") -> dict[str, str]:
    """Return what a form says, as recipe.read takes it."""
    return {"system": dialect.name, "way": way, **{field.name: field.value for field in form}}


def _likely(dialect: Dialect, known: Known) -> dict[str, str]:
    windows, linux = (_system(dialect, known) == name for name in ("windows", "linux"))
    return {
        "name": known.name,
        "manager": known.manager,
        "code": str(RESTART_EXIT_CODE),
        "program": "C:\\farmhand\\Scripts\\farmhand-worker.exe" if windows else "/opt/farmhand/bin/farmhand-worker",
        "user": "farmhand" if linux and not dialect.contained else "",
        "folder": "C:\\ProgramData\\Farmhand" if windows else "" if dialect.contained else "/var/lib/farmhand",
        "output": known.storage if known.storage.startswith("/") and not windows else "",
        "profile": "gpu" if dialect.hardens else "",
        "as": dialect.variants[0],
    }


def _installed(dialect: Dialect, known: Known) -> dict[str, str]:
    """Return what the installed definition was made of, as far as it says something for this service manager."""
    if known.installed is None:
        return {}
    said = recipe.said(known.installed)
    return {name: said.get(name, "") for name in said.keys() | {*_ASKED}} if known.installed.dialect is dialect else {}


def _system(dialect: Dialect, known: Known) -> System:
    return dialect.system or _SYSTEMS.get(known.platform, "linux")


def _profiles(chosen: str) -> tuple[tuple[str, str], ...]:
    none = () if chosen else (("", "None"),)
    return (*none, *_named([name for name in PROFILES if name != "manager"]))


def _bar(chosen: str) -> str:
    bars = (f"{PROFILES[name]}. Exposed: {bar:.1f} of 10 at most" for name, bar in BARS.items() if name == chosen)
    return next(bars, "")


def _named(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, name) for name in names)
