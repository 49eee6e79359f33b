"""Who may open what on Windows: the owner, administrators and the system, and nobody else."""

import ctypes
import ctypes.wintypes as types
import functools
import os
import sys

from . import calls

assert sys.platform == "win32"

# Security descriptors in SDDL: nothing is inherited (P); the owner, the administrators, the system may do all (GA, FA).
_OURS = "D:P(A;;GA;;;OW)(A;;GA;;;BA)(A;;GA;;;SY)"
_OUR_FILE = "D:P(A;;FA;;;OW)(A;;FA;;;BA)(A;;FA;;;SY)"
_OUR_FOLDER = "D:P(A;OICI;FA;;;OW)(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)"  # and so for what is in it (OICI)
_REVISION = 1
_DACL, _PROTECTED = 0x4, 0x80000000

_advanced = ctypes.WinDLL("advapi32", use_last_error=True)
_convert = _advanced.ConvertStringSecurityDescriptorToSecurityDescriptorW
_convert.argtypes = [types.LPCWSTR, types.DWORD, ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p]
_set = _advanced.SetFileSecurityW
_set.restype, _set.argtypes = types.BOOL, [types.LPCWSTR, types.DWORD, ctypes.c_void_p]


class Attributes(ctypes.Structure):
    """SECURITY_ATTRIBUTES"""

    _fields_ = [("length", types.DWORD), ("descriptor", ctypes.c_void_p), ("inherit", types.BOOL)]


@functools.cache
def attributes() -> Attributes:
    """Return what an object of ours is made with."""
    return Attributes(ctypes.sizeof(Attributes), _descriptor(_OURS), False)


def keep_private(path: str) -> None:
    """Take a file or folder from everybody else; what is made in the folder later is as private. Raises OSError."""
    descriptor = _descriptor(_OUR_FOLDER if os.path.isdir(path) else _OUR_FILE)
    try:
        if not _set(path, _DACL | _PROTECTED, descriptor):
            raise calls.failure(path)
    finally:
        calls.free(descriptor)


def _descriptor(text: str) -> ctypes.c_void_p:
    descriptor = ctypes.c_void_p()
    if not _convert(text, _REVISION, ctypes.byref(descriptor), None):
        raise calls.failure("ConvertStringSecurityDescriptorToSecurityDescriptor")
    return descriptor
