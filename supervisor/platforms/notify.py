"""The socket of sd_notify(3): where services say READY=1. A socket for each service: its address tells whose it is."""

import contextlib
import os
import socket
import struct

from . import Datagram

_LARGEST = 1 << 16
_UCRED = struct.Struct("3i")  # pid, uid, gid; unix(7), SCM_CREDENTIALS


class LinuxNotifySocket:
    """In the abstract namespace: every user can reach it, and nothing is left behind. The kernel names the sender."""

    def __init__(self) -> None:
        name = f"farmhand-notify-{os.urandom(8).hex()}"
        self.address = f"@{name}"
        self._socket = datagram_socket(f"\0{name}")
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> list[Datagram]:
        received = []
        room = socket.CMSG_SPACE(_UCRED.size) + socket.CMSG_SPACE(253 * 4)  # SCM_MAX_FD descriptors
        with contextlib.suppress(BlockingIOError):
            while True:
                data, ancillary, _, _ = self._socket.recvmsg(_LARGEST, room, socket.MSG_CMSG_CLOEXEC)
                pid, uid = _sender(ancillary)
                received.append(Datagram(data, pid, uid))
        return received

    def close(self) -> None:
        self._socket.close()


def datagram_socket(address: str) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    bound.setblocking(False)
    bound.bind(address)
    return bound


def _sender(ancillary: list[tuple[int, int, bytes]]) -> tuple[int | None, int | None]:
    """Return process and user id of the sender, and close what descriptors came along."""
    pid = uid = None
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            for (descriptor,) in struct.iter_unpack("i", content[: len(content) // 4 * 4]):
                os.close(descriptor)
        elif (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            pid, uid, _ = _UCRED.unpack(content)
    return pid, uid
