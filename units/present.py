"""What is there: which service manager runs this machine, what is installed, and how that is. Only looks."""

import contextlib
import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import installation, records
from .dialect import Commands, Scope
from .files import read_text
from .installation import Found, Present, Record, Standing, Wanted
from .support import System

_LINES = 15  # of what a service manager says of a service that failed


class Failed(Exception):
    """Something could not be done; the text says what, why and how to mend it."""


def refused(path: str, error: OSError, hint: str = "make room or mend that, then try again") -> Failed:
    if isinstance(error, PermissionError):
        hint = "run it as root (sudo), or install your own with --scope user"
    return Failed(f"{path}: {error.strerror}; {hint}")


# -- places


def real(path: str) -> str:
    """Return a path of a user's files as this user has it; others are as they are."""
    settings = os.environ.get("XDG_CONFIG_HOME")
    if settings and path.startswith("~/.config/"):
        return settings + path.removeprefix("~/.config")
    return os.path.expanduser(path) if path.startswith("~/") else path


def records_folder(scope: Scope) -> str:
    """Return where the records are of what is installed for the machine, or for this user."""
    if sys.platform == "win32":
        variable = "PROGRAMDATA" if scope == "system" else "LOCALAPPDATA"
        return os.path.join(os.environ.get(variable, ""), "Farmhand", "installed")
    if scope == "user":
        return os.path.join(
            os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"), "farmhand/installed"
        )
    return "/var/db/farmhand/installed" if sys.platform == "darwin" else "/var/lib/farmhand/installed"


def changed_folder(scope: Scope) -> str:
    """Return where copies are kept of what somebody changed by hand."""
    return os.path.join(records_folder(scope), "changed")


def record_path(scope: Scope, dialect: str, name: str) -> str:
    return os.path.join(records_folder(scope), f"{dialect} {name.replace('/', '-')}.json")


# Linux has no one sign of its service manager: systemd's and OpenRC's are files, sd_booted(3), openrc(8); others are
# processes.
_SYSTEMS: dict[str, System] = {"darwin": "macos", "win32": "windows"}
_FILES = {"systemd": "/run/systemd/system", "openrc": "/run/openrc/softlevel"}
_PROCESSES = {"runsvdir": "runit", "s6-svscan": "s6", "supervisord": "supervisord"}


def system() -> System:
    """Say what this machine runs; what is neither macOS nor Windows is taken for Linux."""
    return _SYSTEMS.get(sys.platform, "linux")


def manager_here() -> str | None:
    """Name the service manager that runs this machine: a dialect, or the system if it has but one; None if unknown."""
    if (here := system()) != "linux":
        return here
    by_file = next((name for name, path in _FILES.items() if os.path.exists(path)), None)
    return by_file or next((name for program, name in _PROCESSES.items() if program in _running()), None)


def _running() -> set[str]:
    """Return the names of the programs that run on this machine, and not in a container of it."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            name = (path / "comm").read_text(errors="replace").strip()
            found.update([name] if name in _PROCESSES and _has_our_root(path) else [])
    return found


def _has_our_root(process: Path) -> bool:
    try:
        return os.path.samestat((process / "root").stat(), os.stat("/"))
    except PermissionError:  # somebody else's: take it for the machine's
        return True


# -- what is there


def look(wanted: Wanted) -> Found:
    """Return what is there of a service to install. Raises Failed and BadConfig."""
    record = recorded(wanted.scope, wanted.dialect, wanted.name)
    paths = {file.path for file in wanted.files} | {kept.path for kept in (record.files if record else ())}
    folders = {str(parent) for file in wanted.files for parent in Path(file.path).parents if not parent.exists()}
    return Found(
        {path: present(path) for path in paths},
        record,
        ask(wanted.commands),
        tuple(sorted(folders)),
    )


def recorded(scope: Scope, dialect: str, name: str) -> Record | None:
    path = record_path(scope, dialect, name)
    return records.read(path, read_text(path)) if os.path.exists(path) else None


def all_recorded(scope: Scope) -> list[Record]:
    """Return the records of all that is installed, as far as this user may see them."""
    paths = sorted(Path(records_folder(scope)).glob("*.json"))
    return [records.read(str(path), read_text(path)) for path in paths]


def present(path: str) -> Present | None:
    try:
        found = os.lstat(path)
        owner = (found.st_uid, found.st_gid)
        if stat.S_ISLNK(found.st_mode):
            return Present("", owner=owner, link=os.readlink(path))
        text = Path(path).read_bytes().decode("utf-8", "surrogateescape")
        return Present(text, stat.S_IMODE(found.st_mode), owner)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise refused(path, error, "move it away") from None


def ask(commands: Commands) -> Standing:
    """Return how a service is; what nobody can tell is unknown."""
    if commands.signs.running == commands.signs.enabled == "":
        return Standing()
    answer = run(commands.signs.ask or commands.status)
    return installation.standing(commands.signs, answer.out + answer.err) if answer else Standing()


def systemd_version() -> int | None:
    """Return the version of the systemd that is installed here."""
    answer = run(("systemctl", "--version"))
    found = re.match(r"systemd (\d+)", answer.out) if answer else None
    return int(found[1]) if found else None


def told(status: Sequence[str]) -> list[str]:
    """Return what a service manager says of a service to people, the last lines of it. status: how it is asked."""
    answer = run(status)
    return (answer.out + answer.err).splitlines()[-_LINES:] if answer else []


@dataclass(frozen=True)
class Answer:
    """What a program ended with, and what it said."""

    code: int
    out: str
    err: str


def run(words: Sequence[str]) -> Answer | None:
    """Run a program to its end; None if there is no such program."""
    env = {**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": ""}
    with tempfile.TemporaryFile("w+", errors="replace") as out, tempfile.TemporaryFile("w+", errors="replace") as err:
        try:  # not through pipes: what the program leaves running would keep them open
            code = subprocess.call(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise refused(words[0], error) from None
        out.seek(0)
        err.seek(0)
        return Answer(code, out.read(), err.read())
