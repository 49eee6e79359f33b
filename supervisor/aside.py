"""Work done aside, in a child of this process: what it imports and allocates is gone with the child.

A supervisor lives for years with the memory that its first second took; the parsers of its files need more than it.
"""

import os
import sys
from collections.abc import Callable

from ..units.light import Any
from .platforms.signals import signal


def begin(work: Callable[[], object]) -> Callable[[], Any]:
    """Begin the work; what is returned waits for it, and gives its result: data and classes of ours.

    Where the work leaves by SystemExit, so does whoever waits. Not for processes that have other threads.
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _work(work, writer)
    os.close(writer)

    def wait() -> Any:
        from _pickle import loads  # without `pickle`, which brings re and more for those who write their own classes

        with os.fdopen(reader, "rb") as file:
            result = file.read()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code or not result:
            raise SystemExit(code if code >= 0 else 128 - code)
        return loads(result)

    return wait


def _work(work: Callable[[], object], writer: int) -> None:
    """Go on as the child."""
    code = 1
    try:
        import pickle

        with os.fdopen(writer, "wb") as file:
            pickle.dump(work(), file, pickle.HIGHEST_PROTOCOL)
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        sys.stdout.flush()
        os._exit(code)
