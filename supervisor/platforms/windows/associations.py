"""Which program Windows opens a kind of file with."""

import ctypes
import ctypes.wintypes as types
import sys

assert sys.platform == "win32"

_EXECUTABLE, _LONGEST = 2, 32768  # ASSOCSTR_EXECUTABLE; characters of a path
_query = ctypes.WinDLL("shlwapi").AssocQueryStringW
_query.argtypes = [ctypes.c_int, ctypes.c_int, *[types.LPCWSTR] * 2, types.LPWSTR, ctypes.POINTER(types.DWORD)]


def opener(suffix: str) -> str | None:
    """Return the path of the program, None if there is none for the suffix, such as ".blend"."""
    path, size = ctypes.create_unicode_buffer(_LONGEST), types.DWORD(_LONGEST)
    failed: int = _query(0, _EXECUTABLE, suffix, "open", path, ctypes.byref(size))
    return None if failed else path.value
