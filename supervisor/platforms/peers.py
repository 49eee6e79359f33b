"""Who is at the other end of a Unix socket."""

import socket
import struct

_SOL_LOCAL, _LOCAL_PEERCRED = 0, 1  # macOS, FreeBSD: struct xucred begins with a version and the user id


def peer_uid(connection: socket.socket) -> int:
    """Return the user id of the process that connected."""
    if hasattr(socket, "SO_PEERCRED"):
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", credentials)[1])
    credentials = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, 128)
    return int(struct.unpack_from("II", credentials)[1])
