"""The application log of Windows: who looks for what befell a service looks there first."""

import contextlib
import ctypes
import ctypes.wintypes as types
import sys
import winreg
from collections.abc import Mapping

from ..services import Kind
from . import calls

assert sys.platform == "win32"

_TYPES: Mapping[Kind, int] = {"error": 1, "warning": 2, "information": 4}
_SOURCES = r"SYSTEM\CurrentControlSet\Services\EventLog\Application"
# A program that every Windows has: its messages 1 to 1000 are all "%1", which spares us a library of our own.
_MESSAGES = r"%SystemRoot%\System32\EventCreate.exe"
_EVENT = 1
_LONGEST = 31_839  # characters of one text; ReportEvent

_advapi = ctypes.WinDLL("advapi32", use_last_error=True)
_register = _advapi.RegisterEventSourceW
_register.restype, _register.argtypes = types.HANDLE, [types.LPCWSTR, types.LPCWSTR]
_report = _advapi.ReportEventW
_report.argtypes = [
    *(types.HANDLE, types.WORD, types.WORD, types.DWORD, ctypes.c_void_p, types.WORD, types.DWORD),
    *(ctypes.POINTER(types.LPCWSTR), ctypes.c_void_p),
]
_deregister = _advapi.DeregisterEventSource
_deregister.argtypes = [types.HANDLE]


def add_source(name: str) -> None:
    """Have the event viewer show this source's texts as they are; raises OSError for who is no administrator."""
    with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, rf"{_SOURCES}\{name}") as key:
        winreg.SetValueEx(key, "EventMessageFile", 0, winreg.REG_EXPAND_SZ, _MESSAGES)
        winreg.SetValueEx(key, "TypesSupported", 0, winreg.REG_DWORD, sum(_TYPES.values()))


def remove_source(name: str) -> None:
    """Forget a source; its entries stay. One that is not there is no error."""
    with contextlib.suppress(FileNotFoundError):
        winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, rf"{_SOURCES}\{name}")


def report(source: str, kind: Kind, text: str) -> None:
    """Write one entry; raises OSError."""
    log = _register(None, source)
    if not log:
        raise calls.failure("RegisterEventSource")
    try:
        if not _report(log, _TYPES[kind], 0, _EVENT, None, 1, 0, types.LPCWSTR(text[:_LONGEST]), None):
            raise calls.failure("ReportEvent")
    finally:
        _deregister(log)
