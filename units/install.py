"""Does what installation.py plans: files, command lines and records. The only I/O of that."""

import contextlib
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import installation, records
from .dialect import Commands, Scope
from .files import read_text
from .installation import Back, Forget, Found, Leave, Note, Present, Put, Record, Standing, Step, Tell, Wanted, Watch
from .rendered import File

_PATIENCE = 60.0  # seconds until it runs, or does not run any more
_PAUSE = 0.1
_LINES = 15  # of what a service manager says of a service that failed
_NEW = ".farmhand-new"

Say = Callable[[str], None]


class Failed(Exception):
    """Something could not be done; the text says what, why and how to mend it."""


def _refused(path: str, error: OSError, hint: str = "make room or mend that, then try again") -> Failed:
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


def _record_path(scope: Scope, dialect: str, name: str) -> str:
    return os.path.join(records_folder(scope), f"{dialect} {name.replace('/', '-')}.json")


# Linux has no one sign of its service manager: systemd's and OpenRC's are files, sd_booted(3), openrc(8); others are
# processes.
_FILES = {"systemd": "/run/systemd/system", "openrc": "/run/openrc/softlevel"}
_PROCESSES = {"runsvdir": "runit", "s6-svscan": "s6", "supervisord": "supervisord"}


def manager_here() -> str | None:
    """Name the service manager that runs this machine: a dialect, or the system if it has but one; None if unknown."""
    if sys.platform in ("darwin", "win32"):
        return {"darwin": "macos", "win32": "windows"}[sys.platform]
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
    path = _record_path(scope, dialect, name)
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
        raise _refused(path, error, "move it away") from None


def ask(commands: Commands) -> Standing:
    """Return how a service is; what nobody can tell is unknown."""
    if commands.signs.running == commands.signs.enabled == "":
        return Standing()
    answer = _run(commands.signs.ask or commands.status)
    return installation.standing(commands.signs, answer.out + answer.err) if answer else Standing()


def systemd_version() -> int | None:
    """Return the version of the systemd that is installed here."""
    answer = _run(("systemctl", "--version"))
    found = re.match(r"systemd (\d+)", answer.out) if answer else None
    return int(found[1]) if found else None


def told(commands: Commands) -> list[str]:
    """Return what the service manager says of a service to people, the last lines of it."""
    answer = _run(commands.status)
    return (answer.out + answer.err).splitlines()[-_LINES:] if answer else []


@dataclass(frozen=True)
class Answer:
    """What a program ended with, and what it said."""

    code: int
    out: str
    err: str


def _run(words: Sequence[str]) -> Answer | None:
    """Run a program to its end; None if there is no such program."""
    env = {**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": ""}
    with tempfile.TemporaryFile("w+", errors="replace") as out, tempfile.TemporaryFile("w+", errors="replace") as err:
        try:  # not through pipes: what the program leaves running would keep them open
            code = subprocess.call(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _refused(words[0], error) from None
        out.seek(0)
        err.seek(0)
        return Answer(code, out.read(), err.read())


# -- doing it


def perform(steps: Iterable[Step], say: Say) -> None:
    """Take steps, each being said first. Raises Failed at the first that cannot be taken."""
    for step in steps:
        for line in describe(step):
            say(line)
        _DO[type(step)](step)


def carry_out(steps: Sequence[Step], say: Say) -> None:
    """Take steps; if one fails or somebody interrupts them, undo those that were taken. Raises Failed."""
    try:
        perform(steps, say)
    except (Failed, KeyboardInterrupt) as problem:
        for record in {step.record.name: step.record for step in steps if isinstance(step, Note)}.values():
            _undo(record, say)
        raise Failed(str(problem) or "interrupted") from None


def _undo(noted: Record, say: Say) -> None:
    record = recorded(noted.scope, noted.dialect, noted.name)
    if record is None or record.state not in ("writing", "starting"):
        return
    if record.state == "starting":
        for line in told(record.commands):
            say(f"    {line}")
    say(f"undoing {record.name}")
    try:
        perform(installation.undo(record), say)
    except Failed as problem:
        say(f"{problem}; it is not undone wholly: the next install or uninstall goes on with that")


def describe(step: Step) -> list[str]:
    """Say what a step does, in lines; nothing of the records, which are our own."""
    match step:
        case Put(files):
            return [f"write {file.path} ({file.mode:04o})" for file in files]
        case Back(path, before):
            return [f"put back {path}" if before else f"remove {path}"]
        case Tell(words):
            return [f"run {shlex.join(words)}"]
        case Watch(name, commands, moment) if commands.signs.running:
            return [
                f"see that {name} {'runs no more' if moment is None else f'runs, and still does after {moment:g} s'}"
            ]
    return []


def _note(step: Note) -> None:
    record = step.record
    path = _record_path(record.scope, record.dialect, record.name)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    except OSError as error:
        raise _refused(path, error) from None
    _put(Put((File(path, records.text_of(record), 0o600),)))


def _forget(step: Forget) -> None:
    _remove(_record_path(step.record.scope, step.record.dialect, step.record.name))


def _put(step: Put) -> None:
    path = ""
    try:
        for file in step.files:
            path = file.path
            os.makedirs(os.path.dirname(path), exist_ok=True)
            _stage(path, file.text, file.mode)
        for file in step.files:
            path = file.path
            _replace(path)
    except OSError as error:
        for file in step.files:
            with contextlib.suppress(Failed):
                _remove(_beside(file.path))
        raise _refused(path, error) from None


def _back(step: Back) -> None:
    path, before = step.path, step.before
    _remove(_beside(path))
    if before is None:
        _remove(path)
        return
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if before.link is not None:
            os.symlink(before.link, _beside(path))
        else:
            _stage(path, before.text, before.mode, before.owner)
        _replace(path)
    except OSError as error:
        raise _refused(path, error) from None


def _beside(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}{_NEW}")


def _stage(path: str, text: str, mode: int, owner: tuple[int, int] | None = None) -> None:
    """Write a file beside where it is to be, down to the disk."""
    new = _beside(path)
    if os.path.lexists(new):
        os.unlink(new)
    with open(new, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text.encode("utf-8", "surrogateescape"))
        file.flush()
        os.fsync(file.fileno())
    if owner and hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):  # it is the user's own then
            os.chown(new, *owner)
    os.chmod(new, mode)


def _replace(path: str) -> None:
    os.replace(_beside(path), path)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise _refused(path, error) from None


def _leave(step: Leave) -> None:
    for folder in sorted(step.folders, reverse=True):
        with contextlib.suppress(OSError):  # somebody has put something there, or it is gone
            if folder in step.litter:
                shutil.rmtree(folder)
            else:
                os.rmdir(folder)


def _tell(step: Tell) -> None:
    answer = _run(step.words)
    if answer is None and step.optional:
        return
    if answer is None:
        problem = f"{step.words[0]}: there is no such program; install it, or name another service manager with --to"
    elif answer.code:
        lines = (answer.err.strip() or answer.out.strip() or "it said nothing").splitlines()
        problem = f"{shlex.join(step.words)}: exit code {answer.code}; it says: {' / '.join(lines)}"
    else:
        return
    if step.or_else == "fail":
        raise Failed(problem)
    if step.or_else == "warn":
        print(f"farmhand-units: {problem}; going on", file=sys.stderr)


def _watch(step: Watch) -> None:
    """Wait until the service runs and has done so for its moment, or until it runs no more."""
    first = _until(step, up=step.moment is not None)
    if step.moment is None or first.running is None:
        return
    until = time.monotonic() + step.moment
    while time.monotonic() < until:
        time.sleep(_PAUSE)
        found = ask(step.commands)
        if not found.running or found.process != first.process:
            raise Failed(f"{step.name}: it ended within {step.moment:g} s of its start; its last lines say why")


def _until(step: Watch, *, up: bool) -> Standing:
    """Wait until a service runs, or runs no more; return how it is then, which may be unknown."""
    deadline = time.monotonic() + _PATIENCE
    while (found := ask(step.commands)).running is not None and found.running is not up:
        if up and found.failed:
            raise Failed(f"{step.name}: it failed as it was started; its last lines say why")
        if time.monotonic() > deadline:
            problem = f"{_PATIENCE:g} s went by, and it {'does not run' if up else 'still runs'}"
            raise Failed(f"{step.name}: {problem}; '{shlex.join(step.commands.status)}' says more")
        time.sleep(_PAUSE)
    return found


_DO: Mapping[type[Any], Callable[[Any], None]] = {
    Note: _note,
    Forget: _forget,
    Put: _put,
    Back: _back,
    Leave: _leave,
    Tell: _tell,
    Watch: _watch,
}
