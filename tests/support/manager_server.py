"""The manager's web application in a thread of the test's own process, on a real port."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from polling import until

from farmhand.manager.app import create_asgi
from farmhand.manager.serve import address, listen, make_server
from farmhand.manager.storage.store import Store


@contextlib.contextmanager
def serving(store: Store, port: int = 0) -> Iterator[str]:
    """Serve a store, and yield the address, without a slash at its end."""
    app, waiting = create_asgi(store)
    server = make_server(app)
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve(sockets=[listener])

    with listen("127.0.0.1", port) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
        thread.start()
        until(lambda: server.started, "the server to start")
        try:
            yield address(listener).rstrip("/")
        finally:
            server.should_exit = True
            loops[0].call_soon_threadsafe(waiting.close)
            thread.join(timeout=10)
            assert not thread.is_alive(), "the server did not end"
