"""Where services send what sd_notify(3) says: a pipe in place of a socket, each message written to it at once.

Whoever opens NOTIFY_SOCKET= for writing may send as many messages as it likes, and close it whenever it likes.
"""

import os
import sys
from collections.abc import Callable

from .. import Datagram
from . import calls, pipes

assert sys.platform == "win32"

_MOST = 1024  # messages at a time: whoever sends without end keeps nobody else waiting
_WAITING = 8  # who opens the pipe for each message anew is not sent away, as long as there are no more of them at once


class PipeNotifySocket:
    """There are always some instances of the pipe more than there are clients, which wait for the next ones.

    All of them share an event. It is reset whenever one of them begins to wait; so each look goes on until there is
    nothing new in a whole round.
    """

    def __init__(self, address: str | None) -> None:
        self.address = address or rf"\\.\pipe\farmhand-notify-{os.urandom(8).hex()}"
        self._event = calls.create_event()
        self._clients: dict[pipes.Instance, int | None] = {}  # and their process ids
        self._waiting = [self._instance(first=not number) for number in range(_WAITING)]

    def fileno(self) -> int:
        return self._event

    def receive(self) -> list[Datagram]:
        received: list[Datagram] = []
        calls.reset_event(self._event)
        while sum(self._look(each, received.append) for each in (*self._waiting, *self._clients)):
            if len(received) > _MOST:
                calls.set_event(self._event)
                break
        return received

    def close(self) -> None:
        for instance in (*self._waiting, *self._clients):
            instance.close()
        calls.close(self._event)

    def _instance(self, *, first: bool = False) -> pipes.Instance:
        return pipes.Instance(self.address, first=first, messages=True, event=self._event)

    def _look(self, instance: pipes.Instance, hear: Callable[[Datagram], object]) -> bool:
        """See what came of what an instance waited for; say whether there was anything."""
        if instance.busy:
            return False
        result = instance.result()
        if instance in self._waiting:
            self._clients[instance] = instance.client()
            self._waiting.remove(instance)
            self._waiting.append(self._instance())
            instance.read()
        elif isinstance(result, bytes):
            if result:  # an end is nothing, too, before it is told of as one
                hear(Datagram(result, self._clients[instance], None))
            instance.read()
        else:
            del self._clients[instance]
            instance.close()
        return True
