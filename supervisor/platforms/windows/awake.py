"""The time during which this machine was awake. Python's own clock counts on here while it sleeps."""

import ctypes
import sys

assert sys.platform == "win32"

_UNITS = 1e7  # in a second
# Precise to a microsecond since Windows 10; before, and under Wine, as the system's timer is: 15 milliseconds or so.
_precise = getattr(ctypes.WinDLL("kernelbase"), "QueryUnbiasedInterruptTimePrecise", None)
_coarse = ctypes.WinDLL("kernel32").QueryUnbiasedInterruptTime
_ask = _precise or _coarse
_ask.restype, _ask.argtypes = None if _precise else ctypes.c_int, [ctypes.POINTER(ctypes.c_uint64)]


def seconds() -> float:
    """Return the seconds since the start of the machine that it was awake."""
    found = ctypes.c_uint64()
    _ask(ctypes.byref(found))
    return found.value / _UNITS
