"""What the services print: kept in one file a service, rotated by size, without a line cut in two.

A service writes into a pipe that outlives its restarts, and the supervisor too: it has a name on disk, and the service
holds both of its ends (docs/decisions/0018). Here it is only copied, never taken apart into lines, so that a chatty
service costs its neighbours nothing. A service that names a file itself (StandardOutput=append:) gets that
file, and nothing passes through here.
"""

import errno
import os
from collections.abc import Callable, Iterator, Mapping

from ..units.light import BinaryIO, dataclass
from .platforms import Forget, Pipe, Watch, native, native_places

MOST_BYTES = 10 << 20  # of one file
KEEP = 5  # rotated files of a service
_PART = 1 << 16  # what a pipe holds
_LAST_PARTS = 16
_SPLICE: Callable[..., int] | None = getattr(os, "splice", None)  # Linux

Echo = Callable[[str, bytes], None]


@dataclass(eq=False)
class _Stream:
    """The output of one service: its pipe, and the file it goes to."""

    name: str
    path: str | None
    pipe: Pipe
    file: int
    size: int


class Logs:
    """The output of all services, copied as it comes from `attach` on. folder: None keeps nothing, for want of a place.

    echo: told of everything that is written, too. pipe: makes the pipe of a service.
    """

    def __init__(
        self,
        folder: str | None,
        *,
        most_bytes: int = MOST_BYTES,
        keep: int = KEEP,
        echo: Echo | None = None,
        pipe: Callable[[str], Pipe] | None = None,
    ) -> None:
        self.folder = folder
        self._places = native_places()
        self._pipe = pipe or (lambda name: native().pipe())
        self._watch: Watch = lambda descriptor, copy: None
        self._unwatch: Forget = lambda descriptor: None
        self._most_bytes = most_bytes
        self._keep = keep
        self._echo = echo
        self._streams: dict[str, _Stream] = {}
        if folder is not None:
            os.makedirs(folder, exist_ok=True)
            if not os.access(folder, os.W_OK):
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def attach(self, watch: Watch, forget: Forget) -> None:
        """Be waited for from now on."""
        self._watch, self._unwatch = watch, forget
        for stream in self._streams.values():
            self._watch_over(stream)

    def path(self, name: str) -> str | None:
        """Return the file that a service's output is in; the older it is, the higher the number after it."""
        return os.path.join(self.folder, f"{name.replace(os.sep, '-')}.log") if self.folder is not None else None

    def journal(self, name: str) -> int:
        """Return the descriptor that a service writes to; it stays open here, for its next start. OSError: no file."""
        if name not in self._streams:
            path = self.path(name)
            file = -1 if path is None else self._places.open_log(path)
            self._add(name, self._pipe(name), file)
        return self._streams[name].pipe.writer

    def _add(self, name: str, pipe: Pipe, file: int) -> None:
        size = 0 if file == -1 else os.fstat(file).st_size
        stream = self._streams[name] = _Stream(name, self.path(name), pipe, file, size)
        self._watch_over(stream)

    def _watch_over(self, stream: _Stream) -> None:
        self._watch(stream.pipe.fileno(), lambda: self._copy(stream))

    def kept(self, heirs: list[int]) -> dict[str, list[int]]:
        """Return the descriptors of each service's output, for `resume` after execve(2)."""
        kept = {name: [each.pipe.fileno(), each.pipe.writer, each.file] for name, each in self._streams.items()}
        heirs += [fd for fds in kept.values() for fd in fds if fd != -1]
        return kept

    def resume(self, kept: Mapping[str, list[int]]) -> None:
        from .platforms import pipe  # only where a process can be replaced

        for name, fds in kept.items():
            for fd in fds:
                if fd != -1:
                    os.set_inheritable(fd, False)
            reader, writer, file = fds
            self._add(name, pipe.Pipe((reader, writer)), self._current(name, file))

    def _current(self, name: str, file: int) -> int:
        """Return the descriptor of the file that is at the service's path now: the folder may be another one."""
        if (path := self.path(name)) is None:
            return file
        try:
            if file != -1 and os.path.samestat(os.fstat(file), os.stat(path)):
                return file
        except FileNotFoundError:
            pass
        new = self._places.open_log(path)
        if file != -1:
            os.close(file)
        return new

    def last_line(self, name: str) -> str:
        """Return what a service printed last, "" if it has printed nothing, or not to here."""
        if name not in self._streams:
            return ""
        self._copy(self._streams[name])
        path = self.path(name)
        lines = tail(path, 1) if path else []
        return lines[0].decode(errors="replace").strip() if lines else ""

    def pump(self) -> None:
        """Copy what has come, a part of each service's in turn."""
        for stream in self._streams.values():
            self._copy(stream)

    def close(self) -> None:
        """Copy what is still in the pipes, and let go of them."""
        for name in list(self._streams):
            self.forget(name)

    def forget(self, name: str) -> None:
        """Copy what is still in the pipe of a service that prints no more, and let go of it."""
        if (stream := self._streams.pop(name, None)) is None:
            return
        for _ in range(_LAST_PARTS):  # somebody left behind may write for ever
            if not self._copy(stream):
                break
        self._unwatch(stream.pipe.fileno())
        stream.pipe.close()
        if stream.file != -1:
            os.close(stream.file)

    def _copy(self, stream: _Stream) -> bool:
        """Put a part of what has come where it belongs; False if nothing has."""
        if stream.path is not None:
            stream.size = os.fstat(stream.file).st_size  # somebody may have emptied it
            if stream.size + _PART <= self._most_bytes and (moved := self._move(stream)) is not None:
                return moved
        try:
            part = stream.pipe.read()
        except BlockingIOError:
            return False
        if self._echo is not None:
            self._echo(stream.name, part)
        if stream.path is None:
            return True
        if stream.size + len(part) > self._most_bytes:
            cut = _cut(part, self._most_bytes - stream.size)
            self._write(stream, part[:cut])
            if cut < len(part) or part.endswith(b"\n") or stream.size > 2 * self._most_bytes:
                self._rotate(stream)
            part = part[cut:]
        self._write(stream, part)
        return True

    def _move(self, stream: _Stream) -> bool | None:
        """Have the kernel move a part, so that nothing is in hand here if this process is killed; None: it cannot."""
        if _SPLICE is None:
            return None
        try:
            moved = _SPLICE(
                stream.pipe.fileno(), stream.file, _PART, offset_dst=stream.size, flags=os.SPLICE_F_NONBLOCK
            )
        except BlockingIOError:
            return False
        except OSError:
            return None
        if self._echo is not None:
            self._echo(stream.name, os.pread(stream.file, moved, stream.size))
        stream.size += moved
        return True

    def _write(self, stream: _Stream, part: bytes) -> None:
        """Write all of it; what a full disk does not take is lost, for the service must not wait for it."""
        try:
            while part:
                written = _write_at(stream.file, part, stream.size)
                stream.size += written
                part = part[written:]
        except OSError:
            return

    def _rotate(self, stream: _Stream) -> None:
        """Begin a new file; a folder that does not allow it leaves the old one growing."""
        if (path := stream.path) is None:
            return
        try:
            for number in range(self._keep, 0, -1):
                older = path if number == 1 else _numbered(path, number - 1)
                if os.path.exists(older):
                    os.replace(older, _numbered(path, number))
            file = self._places.open_log(path)
        except OSError:
            return
        os.close(stream.file)
        stream.file, stream.size = file, os.fstat(file).st_size


def _cut(part: bytes, room: int) -> int:
    """Say how many bytes still go into the old file: whole lines that fit, else the rest of the line that is begun."""
    fits = part.rfind(b"\n", 0, max(room, 0)) + 1
    return fits or part.find(b"\n") + 1 or len(part)


def _write_at(file: int, part: bytes, offset: int) -> int:
    if hasattr(os, "pwrite"):
        return os.pwrite(file, part, offset)
    os.lseek(file, offset, os.SEEK_SET)
    return os.write(file, part)


def _numbered(path: str, number: int) -> str:
    return f"{path}.{number}"


def tail(path: str, lines: int) -> list[bytes]:
    """Return the last lines of a log, with their line ends, going back into rotated files if the newest has too few."""
    try:
        with native_places().read_log(path) as file:
            return _tail(path, file, lines)
    except FileNotFoundError:
        return []


def follow(path: str, lines: int) -> Iterator[bytes]:
    """Yield the last lines of a log, then what is added to it, also after rotations; b"" when there is nothing new."""
    while not os.path.exists(path):
        yield b""
    file = native_places().read_log(path)
    yield b"".join(_tail(path, file, lines))
    while True:
        if part := file.read(_PART):
            yield part
        elif _rotated(path, file):
            yield file.read()  # what came between the last look and the rotation
            file.close()
            file = native_places().read_log(path)
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


def _rotated(path: str, file: BinaryIO) -> bool:
    try:
        return not os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False  # not yet


def _tail(path: str, newest: BinaryIO, lines: int) -> list[bytes]:
    """Return the last lines; leaves the newest file at its end."""
    found = _last_lines(newest, lines)
    number = 1
    while len(found) < lines and os.path.exists(_numbered(path, number)):
        with native_places().read_log(_numbered(path, number)) as file:
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
