"""From the threads that commit to the coroutines that wait: "something has happened, up to this seq"."""

import asyncio
import contextlib
from asyncio import AbstractEventLoop


class Pulse:
    """The newest event's seq, as the coroutines of one event loop see it.

    It moves on at once after a quiet time, and else every `pace` seconds at most, so that
    a storm of events costs its listeners no more than 1/pace looks a second.
    """

    def __init__(self, pace: float) -> None:
        self.newest = 0
        self.closing = False
        self._pace = pace
        self._loop: AbstractEventLoop | None = None
        self._coming, self._due, self._last = 0, False, float("-inf")
        self._moved = asyncio.Event()

    def begin(self, newest: int) -> None:
        """Live in the running event loop from now on; nothing has happened since `newest`."""
        self._loop, self.newest = asyncio.get_running_loop(), newest

    def ring(self, seq: int) -> None:
        """Tell of a commit; to be called from any thread. Before the beginning and after the end nobody listens."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._rung, self._loop, seq)

    def close(self) -> None:
        """Let all who wait come back, for ever; to be called from the loop's thread."""
        self.closing = True
        self._wake()

    async def after(self, seq: int, seconds: float | None) -> bool:
        """Wait until something newer than `seq` has happened; False where the time ran out or the end has come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.newest <= seq and not self.closing:
                    await self._moved.wait()
        return self.newest > seq and not self.closing

    def _rung(self, loop: AbstractEventLoop, seq: int) -> None:
        self._coming = max(self._coming, seq)
        if not self._due:
            self._due = True
            loop.call_at(max(loop.time(), self._last + self._pace), self._move, loop)

    def _move(self, loop: AbstractEventLoop) -> None:
        self._due, self._last, self.newest = False, loop.time(), max(self.newest, self._coming)
        self._wake()

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
