"""Farmhand as `backend.py` plugs it in, within Windows' Python; requests come by TCP.

    backend_windows.py daemon --unit-dir DIR --control HOST:PORT --slowness N

Time passes N times slower for the supervisor: whoever starts a process here waits as long as for dozens elsewhere.
"""

import os
import queue
import socket
import sys
import threading

import backend

# Without these neither Windows nor its Python works.
KEPT = ("SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATH", "PATHEXT", "TEMP", "USERNAME", "USERPROFILE", "WINEPREFIX")


class Door:
    """Callers are heard by threads, and answered by the loop: it cannot wait for sockets here."""

    def __init__(self, control, waker):
        host, _, port = control.rpartition(":")
        self.listener = socket.create_server((host, int(port)), backlog=100)
        self.waker, self.heard = waker, queue.SimpleQueue()

    def attach(self, waiter, hear):
        self.hear = hear
        waiter.watch(self.waker.fileno(), backend.REQUESTS, self.tell)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            caller = self.listener.accept()[0]
            threading.Thread(target=backend.take, args=(caller, self.note), daemon=True).start()

    def note(self, line, send):
        self.heard.put((line, send))
        self.waker.wake()

    def tell(self):
        self.waker.rest()
        while not self.heard.empty():
            self.hear(*self.heard.get())


def slow_down(platform, slowness):
    clock, select = platform.clock, platform.port.select
    platform.clock = lambda: clock() / slowness
    platform.port.select = lambda timeout=None: select(None if timeout is None else timeout * slowness)


def main():
    options = dict(zip(sys.argv[2::2], sys.argv[3::2], strict=True))
    backend.take_checkout()
    from farmhand.supervisor.platforms import native

    slow_down(native(), float(options["--slowness"]))
    door = Door(options["--control"], native().waker())
    given = {name: os.environ[name] for name in KEPT if name in os.environ}
    return backend.Corpus(options["--unit-dir"], door, given, given).loop.run(())


if __name__ == "__main__":
    sys.exit(main())
