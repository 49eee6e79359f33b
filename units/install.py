"""Does what install_steps.py plans: writes files, runs command lines, and watches what comes of them."""

import contextlib
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from . import install_steps, records
from .install_steps import Back, Forget, Leave, Note, Put, Step, Tell, Watch
from .installation import Record, Standing
from .present import Failed, ask, record_path, recorded, refused, run, told
from .rendered import File

_PATIENCE = 60.0  # seconds until it runs, or does not run any more
_PAUSE = 0.1
_NEW = ".farmhand-new"

Say = Callable[[str], None]


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
        _tell_why(steps, say)
        for record in _noted(steps):
            _undo(record, say)
        raise Failed(str(problem) or "interrupted") from None


def _noted(steps: Sequence[Step]) -> list[Record]:
    """Return the records that are kept now of what the steps are about."""
    first = {step.record.name: step.record for step in steps if isinstance(step, Note)}.values()
    return [record for each in first if (record := recorded(each.scope, each.dialect, each.name))]


def _tell_why(steps: Sequence[Step], say: Say) -> None:
    """Say what is known of services that were told to start."""
    started = [record for record in _noted(steps) if record.state == "starting"]
    watched = [step.commands for step in steps if isinstance(step, Watch)]
    for words in dict.fromkeys(each.status for each in (*(record.commands for record in started), *watched)):
        for line in told(words) if started else ():
            say(f"    {line}")


def _undo(record: Record, say: Say) -> None:
    if record.state not in ("writing", "starting"):
        return
    say(f"undoing {record.name}")
    try:
        perform(install_steps.undo(record), say)
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
    path = record_path(record.scope, record.dialect, record.name)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    except OSError as error:
        raise refused(path, error) from None
    _put(Put((File(path, records.text_of(record), 0o600),)))


def _forget(step: Forget) -> None:
    _remove(record_path(step.record.scope, step.record.dialect, step.record.name))


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
        raise refused(path, error) from None


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
        raise refused(path, error) from None


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
        raise refused(path, error) from None


def _leave(step: Leave) -> None:
    for folder in sorted(step.folders, reverse=True):
        with contextlib.suppress(OSError):  # somebody has put something there, or it is gone
            if folder in step.litter:
                shutil.rmtree(folder)
            else:
                os.rmdir(folder)


def _tell(step: Tell) -> None:
    answer = run(step.words)
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
