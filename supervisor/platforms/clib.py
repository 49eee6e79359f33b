"""Calls of the C library that Python has no wrapper for, for a process that is to stay small: ctypes takes 0.4 MiB."""

import contextlib
import gc
import os


def call(name: str, *arguments: int) -> int:
    """Call a function that takes numbers and returns one; raises OSError where there is none by that name."""
    import _ctypes

    function = _ctypes.dlsym(_ctypes.dlopen(None, os.RTLD_NOW), name)  # type: ignore[arg-type]
    return int(_ctypes.call_function(function, arguments))


def give_back() -> None:
    """Give the system the memory that is free between what is used: 0.6 MiB after a start, and more after one of many.

    What the start has left in cycles goes first. malloc_trim(3) is glibc's; another library does as it likes.
    """
    gc.collect()
    with contextlib.suppress(ImportError, AttributeError, OSError):
        call("malloc_trim", 0)
