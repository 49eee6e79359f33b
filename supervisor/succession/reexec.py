"""`farmhand reexec`: this process goes on as another program, mostly a newer version of itself, and loses nothing.

The new program is tried first: it is run with the state that it would get, reads it and the service files, and says
yes or no by its exit code. Only then execve(2) replaces this one, in the same process: its children stay its children,
and descriptors stay open. Signals are blocked meanwhile and stay pending.
"""

import json
import os
import sys
from collections.abc import Callable

from ...units.light import Any
from ..control.protocol import Answer, Reply
from ..exit_codes import FAILED
from ..loop import Loop
from ..obey import EXITS
from ..platforms import Order
from ..platforms.signals import signal
from .handover import VARIABLE, VERSION, Inherited, lift_unit
from .plain import Unreadable

Data = dict[str, Any]


class Succession:
    """Tries the next program and becomes it. capture: returns what it is to know, and names the descriptors in that."""

    def __init__(self, loop: Loop, capture: Callable[[list[int]], Data], log: Callable[[str], None]) -> None:
        self._loop = loop
        self._capture = capture
        self._log = log
        self._answer: Answer | None = None

    def ask(self, answer: Answer) -> None:
        """Replace this program; the next one answers, or this one if that cannot be."""
        if self._answer is not None or self._loop.stopping:
            answer(Reply(FAILED, ("reexec: the supervisor is being replaced or stopped already",)))
            return
        self._answer = answer
        supervisor, state = self._loop.supervisor, _file(self._capture([]))
        env = {**os.environ, VARIABLE: "check:0"}
        command = [sys.executable, *sys.orig_argv[1:]]
        try:
            tree = supervisor.platform.spawn(
                Order(sys.executable, command, env, os.urandom(16).hex(), stdin=state, stdout=2, stderr=2)
            )
        except OSError as error:
            self._refuse(f"the new program cannot be started: {error.strerror}")
            return
        finally:
            os.close(state)

        def tried() -> None:
            exit = tree.poll()
            if exit is None:
                return
            supervisor.waiter.forget(tree.fileno())
            tree.close()
            if exit.code == 0:
                self._loop.leave(self._become)
            else:
                self._refuse(
                    f"the new program cannot take over: it ended with {exit}; the supervisor's own output says why, "
                    "and 'farmhand check FILE' if it is a file's fault"
                )

        supervisor.waiter.watch(tree.fileno(), EXITS, tried)

    def _refuse(self, why: str) -> None:
        answer, self._answer = self._answer, None
        self._log(f"not replaced: {why}")
        if answer is not None:
            answer(Reply(FAILED, (f"reexec: {why}; nothing has changed",)))

    def _become(self) -> None:
        """Execute the new program; returns only if that fails."""
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        heirs: list[int] = []
        state = _file(self._capture(heirs))
        try:
            for fd in (*heirs, state):
                os.set_inheritable(fd, True)
            os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, VARIABLE: str(state)})
        except OSError as error:
            for fd in heirs:
                os.set_inheritable(fd, False)
            os.close(state)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            self._refuse(f"{sys.executable}: {error.strerror}")


def left() -> tuple[Data, bool] | None:
    """Return what an earlier program of this process left, and whether it only wants to know if that can be read.

    None if there was none; raises Unreadable.
    """
    checking, colon, number = os.environ.pop(VARIABLE, "").rpartition(":")
    if not number:
        return None
    with os.fdopen(int(number), "rb", closefd=not colon) as file:
        file.seek(0)
        try:
            data = json.load(file)
            if data["version"] != VERSION:
                raise Unreadable(f"the state is of version {data['version']}, and version {VERSION} is read here")
        except (ValueError, KeyError, TypeError) as error:
            raise Unreadable(f"the state that the earlier program left cannot be read: {error!r}") from None
    return data, bool(checking)


def inherited(data: Data) -> Inherited:
    """Return the loop's part of what an earlier program left; raises Unreadable."""
    units = {name: lift_unit(unit) for name, unit in data["units"].items()}
    return Inherited(units, own=True, jobs=data["jobs"], stopping=data["stopping"])


def _file(data: Data) -> int:
    """Return a descriptor of a file without a name that has the data in it."""
    content = json.dumps({"version": VERSION, **data}).encode()
    if hasattr(os, "memfd_create"):
        state = os.memfd_create("farmhand")
        with os.fdopen(state, "wb", closefd=False) as file:
            file.write(content)
    else:
        import tempfile

        with tempfile.TemporaryFile() as file:
            file.write(content)
            file.flush()
            state = os.dup(file.fileno())
    os.lseek(state, 0, os.SEEK_SET)
    return state
