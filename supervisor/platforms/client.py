"""The other end of the control channel, where it is a Unix socket: for commands, which are over in a moment."""

import os
from collections.abc import Mapping


def default_path(environ: Mapping[str, str]) -> str:
    """Say where the socket is, if nobody has named another place."""
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        return f"{runtime}/farmhand/control.sock"
    if os.geteuid() == 0 and os.access("/run", os.W_OK):
        return "/run/farmhand/control.sock"
    folders = (environ.get("TMPDIR", "/tmp"), "/dev/shm")  # the latter in containers that may write nowhere else
    folder = next((folder for folder in folders if os.access(folder, os.W_OK)), folders[0])
    return f"{folder}/farmhand-{os.geteuid()}/control.sock"


def exchange(path: str, line: bytes, timeout: float | None) -> bytes:
    """Send a line to whoever listens at the path, and return the one that comes back, b"" for none.

    timeout: seconds, for each step. Raises OSError, PermissionError if a stranger listens there.
    """
    import socket  # which takes longer than all else that `farmhand run` needs of this module

    from .peers import peer_uid

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(os.fspath(path))
        if (owner := peer_uid(connection)) not in (0, os.geteuid()) and os.geteuid() != 0:
            raise PermissionError(0, f"it is user {owner} who listens there, not you; name yours with --control")
        connection.sendall(line)
        return connection.makefile("rb").readline()
