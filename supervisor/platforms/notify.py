"""The socket of sd_notify(3): where services say READY=1. A socket for each service: its address tells whose it is."""

import contextlib
import os
import socket
import struct
from collections.abc import Callable

from . import Datagram

_LARGEST = 1 << 16
_MOST = 1024  # messages at a time: more than can wait, so that all sent before an exit are read before it
_MOST_DESCRIPTORS = 253  # SCM_MAX_FD
_UCRED = struct.Struct("3i")  # pid, uid, gid; unix(7), SCM_CREDENTIALS
_CREDENTIALS = getattr(socket, "SCM_CREDENTIALS", None)


class UnixNotifySocket:
    """fd: of a socket that is bound already."""

    def __init__(
        self, address: str, bind_to: str, fd: int | None = None, clean_up: Callable[[], None] = lambda: None
    ) -> None:
        self.address = address
        self._clean_up = clean_up
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM, fileno=fd)
        self._socket.setblocking(False)
        if _CREDENTIALS is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        if fd is None:
            self._socket.bind(bind_to)

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> list[Datagram]:
        received = []
        room = socket.CMSG_SPACE(_UCRED.size) + socket.CMSG_SPACE(_MOST_DESCRIPTORS * 4)
        with contextlib.suppress(BlockingIOError):
            for _ in range(_MOST):  # whoever sends without end keeps nobody else waiting
                data, ancillary, _, _ = self._socket.recvmsg(_LARGEST, room)
                received.append(Datagram(data, *_sender(ancillary)))
        return received

    def close(self) -> None:
        self._socket.close()
        self._clean_up()


def abstract_socket(address: str | None, fd: int | None) -> UnixNotifySocket:
    """Make one in the abstract namespace (Linux): every user can reach it, and nothing is left behind."""
    address = address or f"@farmhand-notify-{os.urandom(8).hex()}"
    return UnixNotifySocket(address, f"\0{address[1:]}", fd)


def path_socket(address: str | None, fd: int | None) -> UnixNotifySocket:
    """Make one in a folder of its own, which others may reach into but not list."""
    path = address or f"{os.environ.get('TMPDIR', '/tmp')}/farmhand-{os.urandom(8).hex()}/notify"
    folder = os.path.dirname(path)
    with contextlib.suppress(FileExistsError) if address else contextlib.nullcontext():
        os.mkdir(folder, 0o711)

    def remove() -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

    def clean_up() -> None:
        remove()
        os.rmdir(folder)

    if fd is None:
        remove()
    notify = UnixNotifySocket(path, path, fd, clean_up)
    os.chmod(path, 0o777)
    return notify


def _sender(ancillary: list[tuple[int, int, bytes]]) -> tuple[int | None, int | None]:
    """Return process and user id of the sender, None where the system does not tell; close what descriptors came."""
    pid = uid = None
    for _, kind, content in ancillary:
        if kind == socket.SCM_RIGHTS:
            for (descriptor,) in struct.iter_unpack("i", content[: len(content) // 4 * 4]):
                os.close(descriptor)
        elif kind == _CREDENTIALS:
            pid, uid, _ = _UCRED.unpack(content)
    return pid, uid
