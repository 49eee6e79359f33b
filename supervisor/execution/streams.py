"""The standard streams of a service's process; systemd.exec(5), "Logging and Standard Input/Output"."""

import contextlib
import errno
import os
import stat
from collections.abc import Callable

from ...units.light import dataclass, replace
from ...units.spec import Service
from ...units.statuses import STATUSES

# Returns the descriptor that a service's output is written to; it stays the caller's.
Journal = Callable[[str], int | None]

_CONSOLE = "/dev/console"
_FILES = {"file": 0, "append": os.O_APPEND, "truncate": os.O_TRUNC}
_TERMINALS = {"tty": "wait", "tty-force": "force", "tty-fail": "fail"}
_FROM_SOCKETS = frozenset({"socket", "fd"})  # which no service here is given
_WITH_TERMINAL = frozenset({"ExecCondition", "ExecStartPre", "ExecStart", "ExecStopPost"})


@dataclass(frozen=True)
class Streams:
    """Descriptors, None for the null device. terminal: how to make standard input the controlling one, None for not."""

    stdin: int | None = None
    stdout: int | None = None
    stderr: int | None = None
    terminal: str | None = None


class CannotOpen(Exception):
    """Which stream cannot be opened, and the exit code that stands for it."""

    def __init__(self, stream: str, setting: str, error: OSError) -> None:
        super().__init__(f"cannot open Standard{stream}={setting}: {error.strerror}")
        self.code = STATUSES[{"Input": "STDIN", "Output": "STDOUT", "Error": "STDERR"}[stream]]


def settled(service: Service, output: str, error: str) -> Service:
    """Return the service with its streams as they are meant; output, error: what holds where it does not say.

    To inherit makes sense from a terminal or a socket only; systemd, src/core/service.c, service_fix_stdio.
    """
    stdin, stdout, stderr = service.standard_input, service.standard_output, service.standard_error
    if stdin == "null" and service.standard_input_data:
        stdin = "data"
    if stdout == "journal" and "StandardOutput" not in service.origin:
        stdout = "inherit"
    if stdin not in _TERMINALS and stdin.partition(":")[0] not in _FROM_SOCKETS:
        stderr = error if stderr == stdout == "inherit" else stderr
        stdout = output if stdout == "inherit" else stdout
    if (stdin, stdout, stderr) == (service.standard_input, service.standard_output, service.standard_error):
        return service
    return replace(service, standard_input=stdin, standard_output=stdout, standard_error=stderr)


def open_streams(service: Service, directive: str, journal: Journal, opened: contextlib.ExitStack) -> Streams:
    """Open the streams of one command; `opened` closes them. Raises CannotOpen, and OSError for what there is not."""
    settings = (service.standard_input, service.standard_output, service.standard_error)
    if any(setting.partition(":")[0] in _FROM_SOCKETS for setting in settings):
        raise OSError(errno.ENOENT, "no socket and no descriptor is handed to services here")
    opening = _Opening(service, directive, journal, opened)
    stdin = opening.tried("Input", opening.stdin)
    stdout = opening.tried("Output", lambda: opening.stdout(stdin))
    stderr = opening.tried("Error", lambda: opening.stderr(stdin, stdout))
    return Streams(stdin, stdout, stderr, _TERMINALS.get(opening.input))


class _Opening:
    def __init__(self, service: Service, directive: str, journal: Journal, opened: contextlib.ExitStack) -> None:
        self.service, self.journal, self.opened = service, journal, opened
        self.input = _input(service, directive)

    def tried(self, stream: str, opener: Callable[[], int | None]) -> int | None:
        try:
            return opener()
        except OSError as error:
            raise CannotOpen(stream, getattr(self.service, f"standard_{stream.lower()}"), error) from None

    def stdin(self) -> int | None:
        kind, _, path = self.input.partition(":")
        if kind in _TERMINALS:
            self._prepare_terminal()
            return self._terminal(os.O_RDWR)
        if kind == "data":
            return self._keep(_data(self.service.standard_input_data.encode("utf-8", "surrogateescape")))
        if kind == "file":
            both = self.input in (self.service.standard_output, self.service.standard_error)
            return self._file(path, os.O_RDWR if both else os.O_RDONLY)
        return None

    def stdout(self, stdin: int | None) -> int | None:
        setting = self.service.standard_output
        if setting != "inherit":
            return self._output(setting, stdin)
        if self.service.standard_input in _TERMINALS and self.input == "null":  # not for this command
            return self._terminal(os.O_WRONLY)
        return None if self.input == "data" else stdin

    def stderr(self, stdin: int | None, stdout: int | None) -> int | None:
        setting = self.service.standard_error
        return stdout if setting in ("inherit", self.service.standard_output) else self._output(setting, stdin)

    def _output(self, setting: str, stdin: int | None) -> int | None:
        kind, _, path = setting.partition(":")
        if kind == "null":
            return None
        if kind == "tty":
            return stdin if self.input in _TERMINALS else self._terminal(os.O_WRONLY)
        if kind in _FILES:
            return stdin if self.input == f"file:{path}" else self._file(path, _write_only(path) | _FILES[kind])
        return self.journal(self.service.name)

    def _file(self, path: str, flags: int) -> int:
        """Open a file; one that is made has what UMask= leaves it, whatever our own umask."""
        make = os.O_CREAT if flags & (os.O_WRONLY | os.O_RDWR) else 0
        before = os.umask(self.service.umask)
        try:
            return self._keep(os.open(path, flags | make | getattr(os, "O_NOCTTY", 0), 0o666))
        finally:
            os.umask(before)

    def _terminal(self, flags: int) -> int:
        return self._keep(os.open(self._terminal_path(), flags | os.O_CLOEXEC | os.O_NOCTTY))

    def _terminal_path(self) -> str:
        return self.service.tty_path or _CONSOLE

    def _prepare_terminal(self) -> None:
        """Hang it up and set it right as TTYVHangup= and TTYReset= ask; what cannot be done is left."""
        if not (self.service.tty_vhangup or self.service.tty_reset):
            return
        import fcntl
        import termios

        with contextlib.suppress(OSError, termios.error):
            fd = os.open(self._terminal_path(), os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
            with contextlib.closing(open(fd, "rb", buffering=0)):
                if self.service.tty_vhangup:
                    fcntl.ioctl(fd, _HANG_UP)
                if self.service.tty_reset:
                    _reset(fd)

    def _keep(self, fd: int) -> int:
        self.opened.callback(os.close, fd)
        return fd


def _write_only(path: str) -> int:
    """Return the flags to open a file for output; opening a FIFO would wait for a reader, and we wait for nothing."""
    try:
        return os.O_RDWR if stat.S_ISFIFO(os.stat(path).st_mode) else os.O_WRONLY
    except OSError:
        return os.O_WRONLY


_HANG_UP = 0x5437  # TIOCVHANGUP, which termios does not name


def _reset(fd: int) -> None:
    """Give a terminal its usual settings; systemd, src/basic/terminal-util.c, reset_terminal_fd."""
    import termios

    attributes = termios.tcgetattr(fd)
    attributes[0] = termios.ICRNL | termios.IMAXBEL | getattr(termios, "IUTF8", 0)
    attributes[1] = termios.OPOST | termios.ONLCR
    attributes[2] |= termios.CREAD
    attributes[3] = (
        termios.ISIG | termios.ICANON | termios.IEXTEN | termios.ECHO | termios.ECHOE | termios.ECHOK
        | termios.ECHOCTL | termios.ECHOKE
    )  # fmt: skip
    termios.tcsetattr(fd, termios.TCSANOW, attributes)


def _input(service: Service, directive: str) -> str:
    """Return what standard input is for a command of this directive."""
    setting = service.standard_input
    if setting in _TERMINALS and directive not in _WITH_TERMINAL:
        return "null"
    return "null" if setting == "data" and not service.standard_input_data else setting


def _data(data: bytes) -> int:
    """Return a descriptor to read these bytes from."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("data-fd", os.MFD_CLOEXEC)
    else:
        import tempfile

        fd, path = tempfile.mkstemp()
        os.unlink(path)
    with open(os.dup(fd), "wb") as file:
        file.write(data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
