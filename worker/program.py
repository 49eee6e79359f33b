"""One program of a task: a process tree of its own, and what it writes.

The program is over when its main process has ended and no other process of its tree is left. What
it leaves behind is killed, so an orphan that holds the output open keeps nobody waiting.
"""

import locale
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from math import inf
from selectors import EVENT_READ

from ..supervisor.platforms import Order, Platform, Selector, Tree
from ..units.carried import FILES, RECIPE
from .config import CODE_VARIABLE
from .rules.output import Lines

log = logging.getLogger(__name__)

# How many pieces of output, each what a pipe holds, there can be at the end. Who is outside the tree and writes on is
# not waited for.
_LAST_PIECES = 16

# Seconds until what survived a kill is killed again, and until that is worth a word.
KILL_AGAIN = 0.2
STUBBORN = 5.0

# What a supervisor told this process alone.
_NOT_FOR_CHILDREN = (
    *("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"),
    *("CREDENTIALS_DIRECTORY", FILES, RECIPE, CODE_VARIABLE),
)


class CannotStart(Exception):
    """A program that does not exist or that the system does not start; the text goes into the task's log."""


class Program:
    """A running program; `selector` wakes when there is something to `look` at."""

    def __init__(
        self,
        platform: Platform,
        selector: Selector,
        argv: Sequence[str],
        environ: Mapping[str, str],
        mark: str,
        oom: int | None,
    ) -> None:
        self._selector = selector
        self._output = platform.pipe()
        self._lines = Lines(locale.getencoding())  # on Windows, what programs write in that know no better
        self._at_end = False
        self._line_begun = inf
        self._kill_at = inf
        self._killed_at = inf
        self._ended = False
        try:
            self.tree = _spawn(platform, argv, environ, self._output.writer, mark, oom)
        except Exception:
            self._output.close()
            raise
        self._output.close_writer()
        selector.register(self._output.fileno(), EVENT_READ)
        selector.register(self.tree.fileno(), EVENT_READ)

    @property
    def due(self) -> float:
        return self._kill_at

    @property
    def line_begun(self) -> float:
        """Return since when the program has not ended a line that it began, infinity if it has."""
        return self._line_begun

    def cut_line(self) -> list[str]:
        """Return what there is of a line that the program has begun and not ended."""
        self._line_begun = inf
        return self._lines.flush()

    def look(self, now: float) -> list[str]:
        """Take note of what happened; return the lines that were written."""
        lines = self._read()
        if not self._ended and self.tree.poll() is not None:
            self._ended = True
            self._selector.unregister(self.tree.fileno())
            self.kill(now)
            lines += self._read()
        elif now >= self._kill_at and not self.over:
            self._kill_again(now)
        if not self._lines.unfinished:
            self._line_begun = inf
        elif lines or self._line_begun == inf:
            self._line_begun = now
        return lines

    def kill(self, now: float) -> None:
        """End every process of the tree."""
        self.tree.kill()
        self._kill_at, self._killed_at = now + KILL_AGAIN, min(self._killed_at, now)

    @property
    def over(self) -> bool:
        return self._ended and not self.tree.members()

    def close(self) -> list[str]:
        """Give everything back; return the last lines."""
        lines: list[str] = []
        for _ in range(_LAST_PIECES):
            lines += self._read()
        lines += self._lines.flush()
        if not self._at_end:
            self._selector.unregister(self._output.fileno())
        self.tree.close()
        self._output.close()
        return lines

    def _kill_again(self, now: float) -> None:
        if now - self._killed_at > STUBBORN:
            log.error("processes %s do not end, though they were killed", sorted(self.tree.members()))
            self._killed_at = now
        self.kill(now)

    def _read(self) -> list[str]:
        """Return the lines that a piece of output completes."""
        if self._at_end:
            return []
        try:
            piece = self._output.read()
        except BlockingIOError:
            return []
        if not piece:
            self._at_end = True
            self._selector.unregister(self._output.fileno())
        return self._lines.feed(piece)


def _spawn(
    platform: Platform, argv: Sequence[str], environ: Mapping[str, str], output: int, mark: str, oom: int | None
) -> Tree:
    found = shutil.which(argv[0], path=environ.get("PATH"))
    if found is None:
        raise CannotStart(f"{argv[0]!r} is not there, or is no program that may be run")
    order = Order(
        program=os.path.abspath(found),
        argv=argv,
        env={name: value for name, value in environ.items() if name not in _NOT_FOR_CHILDREN},
        mark=mark,
        stdout=output,
        stderr=output,
        oom_score_adjust=oom,
    )
    try:
        return platform.spawn(order)
    except (OSError, ValueError) as problem:
        raise CannotStart(f"{argv[0]!r} cannot be started: {problem}") from None
