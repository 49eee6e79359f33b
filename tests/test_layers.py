"""Who may import whom. An arrow that is not in the table is not wanted."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "supervisor": {"units"},
    "worker": {"supervisor.platforms", "units.restart_codes", "units.carried", "units.grammar", "units.errors"},
    "manager": {"units", "worker.wire"},
    "units": set(),
}
# The rooms of supervisor/, from the ground up, and what of it each knows besides itself. `unit` is one service as it is
# held; `jobs`, `loop` and `obey` are the shell, which only those reach back to that speak for it or hand it on.
ROOMS_MAY_IMPORT = {
    "rules": set(),
    "platforms": {"rules.exitstatus", "rules.shares"},
    "execution": {"rules", "platforms"},
    "definitions": {"rules", "platforms", "unit"},
    "control": {
        *("rules", "platforms", "execution.accounts", "execution.resources", "definitions"),
        *("exit_codes", "logs", "unit", "jobs", "obey"),
    },
    "agent": {"rules", "platforms", "control.protocol", "control.verbs", "exit_codes", "say"},
    "service": {"platforms", "control.protocol", "control.verbs", "exit_codes", "say", "cli", "daemon"},
    "succession": {"rules", "platforms", "control.protocol", "exit_codes", "unit", "obey", "loop"},
}
# `units/` is pure as a whole, but for its door and for what touches the machine.
IMPURE_UNITS = {"cli.py", "commands", "files.py", "install.py", "machine.py", "present.py"}
PURE = sorted(
    [
        *ROOT.glob("*/rules/*.py"),
        *(path for path in (ROOT / "units").rglob("*.py") if not IMPURE_UNITS & set(path.relative_to(ROOT).parts)),
    ]
)
CLOCKS_AND_IO = {"os", "time", "datetime.now", "socket", "subprocess", "threading", "random", "secrets", "sqlite3"}
IMPURE = CLOCKS_AND_IO | {"flask", "sqlalchemy", "urllib3", "logging", "selectors", "signal", "psutil", "shutil"}


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted names a module imports, counted from the root of the repository."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("farmhand.") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])]).removeprefix("farmhand.")
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def foreign(package: str, path: Path) -> set[str]:
    """Return what a module takes from the other packages."""
    others = MAY_IMPORT.keys() - {package}
    return {name for name in imported(path) if name.partition(".")[0] in others}


# What happens to a service is for the supervisor's rules to say; the report that compares service managers asks them.
ASKS_THE_RULES = ROOT / "units" / "compare.py"


def within(name: str, allowed: set[str]) -> bool:
    return any(name == door or name.startswith(f"{door}.") for door in allowed)


def strays(names: set[str], allowed: set[str]) -> set[str]:
    # `from ..worker import wire` names the package on the way to the module that is allowed.
    ways = {door.partition(".")[0] for door in allowed}
    return {name for name in names if not within(name, allowed) and name not in ways}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_only_downwards(package: str) -> None:
    found = {
        str(path): strays(
            foreign(package, path), MAY_IMPORT[package] | ({"supervisor.rules"} if path == ASKS_THE_RULES else set())
        )
        for path in (ROOT / package).rglob("*.py")
    }
    assert not {path: names for path, names in found.items() if names}


@pytest.mark.parametrize("room", ROOMS_MAY_IMPORT)
def test_rooms_know_of_no_others_but_these(room: str) -> None:
    folder = ROOT / "supervisor"
    found = {}
    for path in (folder / room).rglob("*.py"):
        names = {name.removeprefix("supervisor.") for name in imported(path) if name.startswith("supervisor.")}
        found[str(path)] = strays(names, ROOMS_MAY_IMPORT[room] | {room})
    assert found
    assert not {path: names for path, names in found.items() if names}


def test_every_room_of_the_supervisor_is_in_the_table() -> None:
    assert ROOMS_MAY_IMPORT.keys() == {path.parent.name for path in (ROOT / "supervisor").glob("*/__init__.py")}


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(ROOT)))
def test_decisions_touch_nothing(path: Path) -> None:
    assert not {name for name in imported(path) if name in IMPURE or name.partition(".")[0] in IMPURE}


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(ROOT)))
def test_decisions_open_nothing_and_read_no_clock(path: Path) -> None:
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
    assert not calls & {"open", "print", "input"}
    assert not {call for call in calls if call.endswith((".now", ".utcnow", ".today", ".read_text", ".write_text"))}


def test_systems_are_told_apart_in_one_place_of_the_supervisor() -> None:
    elsewhere = [path for path in (ROOT / "supervisor").rglob("*.py") if "platforms" not in path.parts]
    assert not [str(path) for path in elsewhere if "sys.platform" in path.read_text()]
