"""Run a file, or a module after "-m", in a job that ends with this process, and all its descendants with it.

They may leave it for jobs of their own that allow less: what is tested decides for itself who may break away.
"""

import ctypes
import os
import runpy
import struct
import sys

_EXTENDED_LIMITS, _SIZE, _FLAGS_AT = 9, 144, 16  # JOBOBJECT_EXTENDED_LIMIT_INFORMATION
_BREAKAWAY_OK, _KILL_ON_CLOSE = 0x800, 0x2000


def enter_job() -> None:
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    for name in ("CreateJobObjectW", "GetCurrentProcess"):
        getattr(kernel, name).restype = ctypes.c_void_p
    job, here = ctypes.c_void_p(kernel.CreateJobObjectW(None, None)), ctypes.c_void_p(kernel.GetCurrentProcess())
    limits = bytearray(_SIZE)
    struct.pack_into("<I", limits, _FLAGS_AT, _BREAKAWAY_OK | _KILL_ON_CLOSE)
    buffer = ctypes.c_char * _SIZE
    if not (
        kernel.SetInformationJobObject(job, _EXTENDED_LIMITS, buffer.from_buffer(limits), _SIZE)
        and kernel.AssignProcessToJobObject(job, here)
    ):
        raise ctypes.WinError(ctypes.get_last_error())


def main() -> None:
    enter_job()
    del sys.argv[0]
    if sys.argv[0] == "-m":
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = os.path.dirname(sys.argv[0])
        runpy.run_path(sys.argv[0], run_name="__main__")


main()
