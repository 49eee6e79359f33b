"""What the services print: kept in one file a service, rotated by size, without a line cut in two.

A service writes into a pipe that outlives its restarts; here it is only copied, never taken apart into lines, so that
a chatty service costs its neighbours nothing. A service that names a file itself (StandardOutput=append:) gets that
file, and nothing passes through here.
"""

import os
import selectors
from collections.abc import Callable, Iterator
from pathlib import Path

from ..units.light import BinaryIO, dataclass

MOST_BYTES = 10 << 20  # of one file
KEEP = 5  # rotated files of a service
_PART = 1 << 16  # what a pipe holds
_LAST_PARTS = 16

Echo = Callable[[str, bytes], None]


@dataclass(eq=False)
class _Stream:
    """The output of one service: its pipe, and the file it goes to."""

    name: str
    path: Path
    reader: int
    writer: int
    file: int
    size: int


class Logs:
    """The output of all services; `pump` when `fileno` is readable. echo: told of everything that is written, too."""

    def __init__(
        self, folder: Path, *, most_bytes: int = MOST_BYTES, keep: int = KEEP, echo: Echo | None = None
    ) -> None:
        self.folder = folder
        self._most_bytes = most_bytes
        self._keep = keep
        self._echo = echo
        self._streams: dict[str, _Stream] = {}
        self._selector = selectors.DefaultSelector()
        folder.mkdir(parents=True, exist_ok=True)

    def fileno(self) -> int:
        # The selectors of Linux, macOS and the BSDs have a descriptor that is itself readable when one of theirs is.
        return int(self._selector.fileno())

    def path(self, name: str) -> Path:
        """Return the file that a service's output is in; the older it is, the higher the number after it."""
        return self.folder / f"{name.replace(os.sep, '-')}.log"

    def journal(self, name: str) -> int:
        """Return the descriptor that a service writes to; it stays open here, for its next start. OSError: no file."""
        if name not in self._streams:
            path = self.path(name)
            file = _open(path)
            reader, writer = os.pipe()
            os.set_blocking(reader, False)
            self._streams[name] = _Stream(name, path, reader, writer, file, os.fstat(file).st_size)
            self._selector.register(reader, selectors.EVENT_READ, self._streams[name])
        return self._streams[name].writer

    def last_line(self, name: str) -> str:
        """Return what a service printed last, "" if it has printed nothing, or not to here."""
        if name not in self._streams:
            return ""
        self.pump()
        lines = tail(self.path(name), 1)
        return lines[0].decode(errors="replace").strip() if lines else ""

    def pump(self) -> None:
        """Copy what has come, a part of each service's in turn."""
        for key, _ in self._selector.select(0):
            self._copy(key.data)

    def close(self) -> None:
        """Copy what is still in the pipes, and let go of them."""
        for stream in self._streams.values():
            for _ in range(_LAST_PARTS):  # somebody left behind may write for ever
                if not self._copy(stream):
                    break
            for descriptor in (stream.reader, stream.writer, stream.file):
                os.close(descriptor)
        self._streams.clear()
        self._selector.close()

    def _copy(self, stream: _Stream) -> bool:
        try:
            part = os.read(stream.reader, _PART)
        except BlockingIOError:
            return False
        if self._echo is not None:
            self._echo(stream.name, part)
        if stream.size + len(part) > self._most_bytes:
            cut = _cut(part, self._most_bytes - stream.size)
            self._write(stream, part[:cut])
            if cut < len(part) or part.endswith(b"\n") or stream.size > 2 * self._most_bytes:
                self._rotate(stream)
            part = part[cut:]
        self._write(stream, part)
        return True

    def _write(self, stream: _Stream, part: bytes) -> None:
        """Write all of it; what a full disk does not take is lost, for the service must not wait for it."""
        try:
            while part:
                written = os.write(stream.file, part)
                stream.size += written
                part = part[written:]
        except OSError:
            return

    def _rotate(self, stream: _Stream) -> None:
        """Begin a new file; a folder that does not allow it leaves the old one growing."""
        try:
            for number in range(self._keep, 0, -1):
                older = stream.path if number == 1 else _numbered(stream.path, number - 1)
                if older.exists():
                    older.replace(_numbered(stream.path, number))
            file = _open(stream.path)
        except OSError:
            return
        os.close(stream.file)
        stream.file, stream.size = file, os.fstat(file).st_size


def _cut(part: bytes, room: int) -> int:
    """Say how many bytes still go into the old file: whole lines that fit, else the rest of the line that is begun."""
    fits = part.rfind(b"\n", 0, max(room, 0)) + 1
    return fits or part.find(b"\n") + 1 or len(part)


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def tail(path: Path, lines: int) -> list[bytes]:
    """Return the last lines of a log, with their line ends, going back into rotated files if the newest has too few."""
    try:
        with path.open("rb") as file:
            return _tail(path, file, lines)
    except FileNotFoundError:
        return []


def follow(path: Path, lines: int) -> Iterator[bytes]:
    """Yield the last lines of a log, then what is added to it, also after rotations; b"" when there is nothing new."""
    while not path.exists():
        yield b""
    file = path.open("rb")
    yield b"".join(_tail(path, file, lines))
    while True:
        if part := file.read(_PART):
            yield part
        elif _rotated(path, file):
            yield file.read()  # what came between the last look and the rotation
            file.close()
            file = path.open("rb")
        else:
            yield b""


class Prefixer:
    """Writes what several services print to one place: whole lines, each with the name before it."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._begun: dict[str, bytes] = {}

    def __call__(self, name: str, part: bytes) -> None:
        *lines, self._begun[name] = (self._begun.get(name, b"") + part).split(b"\n")
        prefix = f"{name}: ".encode()
        self._out.write(b"".join(b"%b%b\n" % (prefix, line) for line in lines))
        self._out.flush()


def _rotated(path: Path, file: BinaryIO) -> bool:
    try:
        return not os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False  # not yet


def _tail(path: Path, newest: BinaryIO, lines: int) -> list[bytes]:
    """Return the last lines; leaves the newest file at its end."""
    found = _last_lines(newest, lines)
    number = 1
    while len(found) < lines and _numbered(path, number).exists():
        with _numbered(path, number).open("rb") as file:
            found = _last_lines(file, lines - len(found)) + found
        number += 1
    return found


def _last_lines(file: BinaryIO, lines: int) -> list[bytes]:
    """Return a file's last lines; leaves it where its end was."""
    end = position = file.seek(0, os.SEEK_END)
    text = b""
    while position and text.count(b"\n") <= lines:
        step = min(position, _PART)
        position = file.seek(position - step)
        text = file.read(step) + text
    file.seek(end)
    return text.splitlines(keepends=True)[-lines:] if lines else []
