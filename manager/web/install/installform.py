"""The form of the Install tab: filled in with what is known of the worker. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from ....units import recipe
from ....units.dialect import Dialect, Target
from ....units.dialects.table import DIALECTS
from ....units.hardening import BARS, PROFILES
from ....units.recipe import Recipe
from ....units.support import System
from ....worker.wire import RESTART_EXIT_CODE

_SYSTEMS: Mapping[str, System] = {"linux": "linux", "windows": "windows", "darwin": "macos"}
# As whom a worker is likely to run; macOS has its services' accounts begin with a line.
_USERS: Mapping[System, str] = {"linux": "farmhand", "macos": "_farmhand", "windows": ""}


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
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tab:
    """One service manager, and the form for it."""

    title: str
    query: str
    current: bool


# An address by which only the manager's own machine reaches it.
_NEAR = re.compile(r"(https?://)?(localhost|127\.0\.0\.1|\[::1\])(:|/|$)")

# What the form asks for always, what of a container, and what only if somebody has said it.
_ASKED = {
    "name": "Name",
    "manager": "Manager",
    "code": "Restart code",
    "program": "Program",
    "user": "User",
    "folder": "Folder",
    "output": "Output folders",
}
_OF_CONTAINERS = {"image": "Image"}
_ALSO = {
    "group": "Group",
    "data": "Data folder",
    "credentials": "Credentials",
    "readable": "Read as well",
    "scope": "For",
    "oom": "OOM score",
    "stop": "Seconds to stop",
    "farmhand": "Supervisor",
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
    hints = _hints(dialect, said, known)
    asked = {**_ASKED, **(_OF_CONTAINERS if dialect.contained else {})}
    form = [Field(name, label, said[name], hints.get(name, "")) for name, label in asked.items()]
    if dialect.hardens:
        profiles = tuple(name for name in PROFILES if name != "manager")
        form.append(Field("profile", "Hardening", said["profile"], hints["profile"], profiles))
    kinds = tuple(name for name in dialect.variants if name != "drop-in")
    if len(kinds) > 1:
        form.append(Field("as", "Kind", said["as"], choices=kinds))
    return [*form, *(Field(name, label, said[name]) for name, label in _ALSO.items() if said[name])]


def _hints(dialect: Dialect, said: Mapping[str, str], known: Known) -> dict[str, str]:
    """Return what is said below fields."""
    bars = (
        f"{PROFILES[name]}. Exposed: {bar:.1f} of 10 at most" for name, bar in BARS.items() if name in said["profile"]
    )
    nobody = "the image's own" if dialect.contained else "root, which is not advised"
    apart = "semicolons" if _system(dialect, known) == "windows" else "colons"
    only = "; they have to be there. It can write nowhere else" if said["profile"] else ""
    return {
        "manager": "Only its own machine reaches it by this address" if _NEAR.match(said["manager"]) else "",
        "code": "Empty: it cannot be restarted from here",
        "program": "In the image" if dialect.contained else "On that machine",
        "user": "" if _system(dialect, known) == "windows" else f"Empty: {nobody}",
        "folder": "Where it runs; flamenco-worker.yaml may be there",
        "output": f"Where tasks write, apart by {apart}{only}",
        "image": "What it is made of; it needs the program in it",
        "profile": next(bars, "Empty: it is kept from nothing"),
    }


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
    windows = _system(dialect, known) == "windows"
    return {
        "name": known.name,
        "manager": known.manager,
        "code": str(RESTART_EXIT_CODE),
        "program": "C:\\farmhand\\Scripts\\farmhand-worker.exe" if windows else "/opt/farmhand/bin/farmhand-worker",
        "user": "" if dialect.contained else _USERS[_system(dialect, known)],
        "folder": "" if dialect.contained else "C:\\ProgramData\\Farmhand" if windows else "/var/lib/farmhand",
        "output": known.storage if known.storage.startswith("/") and not windows else "",
        "image": Target.image if dialect.contained else "",
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
