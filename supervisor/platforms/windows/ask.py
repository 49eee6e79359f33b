"""Ask processes of Windows to end, who know no signals: by an event of their console, or by closing their windows.

A process can send events only to the console that it is attached to itself, and has one at most: so another process
is sent, which leaves its own and goes to the one of those who are to stop.
"""

import subprocess
import sys
from collections.abc import Iterable, Mapping

from ....units.light import Literal

assert sys.platform == "win32"

Event = Literal["CTRL_C", "CTRL_BREAK"]

# What a signal becomes. SIGKILL is no request; SIGCONT has nobody to continue here; others mean nothing to anybody. By
# SIGHUP programs are asked to read their files again: an event, which ends most of them, is not that.
EVENTS: Mapping[str, Event] = {
    **dict.fromkeys(("SIGTERM", "SIGINT"), "CTRL_C"),
    **dict.fromkeys(("SIGQUIT", "SIGABRT", "SIGBREAK"), "CTRL_BREAK"),
}

_DETACHED = 0x8
# argv: the event, then the ids of the processes: the first that has a console lends it, else all windows are closed.
_MESSENGER = """
import ctypes, sys
kernel = ctypes.WinDLL("kernel32")
event, ids = int(sys.argv[1]), [int(id) for id in sys.argv[2:]]
kernel.FreeConsole()
if any(kernel.AttachConsole(id) for id in ids):
    kernel.SetConsoleCtrlHandler(None, True)
    sys.exit(not kernel.GenerateConsoleCtrlEvent(event, 0))
from ctypes import wintypes as t
user = ctypes.WinDLL("user32")
@ctypes.WINFUNCTYPE(t.BOOL, t.HWND, t.LPARAM)
def close(window, _):
    owner = t.DWORD()
    user.GetWindowThreadProcessId(window, ctypes.byref(owner))
    if owner.value in ids:
        user.PostMessageW(window, 0x10, 0, 0)
    return True
user.EnumWindows(close, 0)
"""


def ask(event: Event, ids: Iterable[int]) -> None:
    """Send somebody to the console of these processes; returns at once. Raises OSError."""
    number = {"CTRL_C": "0", "CTRL_BREAK": "1"}[event]
    command = [sys.executable, "-I", "-S", "-c", _MESSENGER, number, *map(str, ids)]
    nothing = subprocess.DEVNULL
    messenger = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, creationflags=_DETACHED)
    messenger.returncode = 0  # nobody waits for it, and Popen shall not complain of that
