"""Which exit codes can mean "start me again": those that mean nothing else yet. Standard library only."""


def refuse_restart_code(code: int) -> str | None:
    """Say why an exit code cannot mean "restart", or None where it can.

    The sentence completes "47 cannot be the restart code: ...".
    """
    for low, high, reason in _TAKEN:
        if low <= code <= high:
            return reason
    return None if 0 < code <= 255 else "exit codes go from 0 to 255"


# Codes with a meaning of their own, which a restart code would hide.
_TAKEN = (
    (0, 0, "0 means a clean end, after which the worker stays down"),
    (1, 1, "1 is how any program reports a failure"),
    (2, 2, "2 reports wrong usage or configuration, which a restart does not mend"),
    (126, 127, "126 and 127 mean that a shell could not run the command"),
    (128, 165, "128 to 165 are how shells report a death by signal"),
    (200, 245, "200 to 245 are how systemd reports that it could not start the program (systemd.exec(5))"),
)
