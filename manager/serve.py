"""One process that serves: it opens the port, says so, and ends within a second or two of being asked to."""

import asyncio
import errno
import logging
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import uvicorn
from sdnotify import SystemdNotifier
from starlette.applications import Starlette

from . import pace
from .announce import announcing
from .app import Waiting, create_asgi
from .storage.store import Store
from .web.serving.hangup import able_to_hang_up
from .web.serving.impatient import impatient
from .web.site import opened
from .welcome import first_link

log = logging.getLogger(__name__)

# How long a request under way may take when the manager ends, in seconds.
PATIENCE = 2

# Not 2, a usage error: a port in use may be the predecessor's, still closing, and is worth another try.
CANNOT_LISTEN = 1


def serve(store: Store, host: str, port: int, data: Path) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    try:
        listener = listen(host, port)
    except OSError as error:
        print(f"farmhand-manager: --listen: {host}:{port}: {reason(error)}", file=sys.stderr)
        return CANNOT_LISTEN
    for warning in opened(store.settings.open_networks):
        log.warning("%s", warning)
    with listener:
        app, waiting = create_asgi(store)
        greeting = f"Workers page at {address(listener)}workers, data in {data}"
        invite(store, address(listener))
        pace.keep()
        with announcing(store.settings, listener):
            asyncio.run(run(app, waiting, listener, greeting))
    return 0


def invite(store: Store, url: str) -> None:
    """Print the link by which somebody becomes the first admin, as long as there is none."""
    link = first_link(store, url)
    if link is not None:
        print(
            f"farmhand-manager: nobody can sign in yet; become the first admin, once, within a day: {link}", flush=True
        )


def listen(host: str, port: int) -> socket.socket:
    """Open the port; connections are taken from here on. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, where = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # On Windows SO_REUSEADDR would share the port with whoever has it.
        option: int = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
        listener.setsockopt(socket.SOL_SOCKET, option, 1)
        listener.bind(where)
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def reason(error: OSError) -> str:
    """Say why it cannot listen, and how to mend it."""
    if error.errno == errno.EADDRINUSE:
        return "the port is in use; stop the program that has it, or choose another port"
    if error.errno == errno.EACCES:
        return "the port may not be opened; choose one above 1023"
    return f"{error.strerror or error}; choose an address of this machine"


def address(listener: socket.socket) -> str:
    """Return the URL at which this machine reaches the listener."""
    name, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, str(name))
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


async def run(app: Starlette, waiting: Waiting, listener: socket.socket, greeting: str) -> None:
    """Serve on the listener until a signal comes."""
    server, notifier = make_server(app), SystemdNotifier()

    def stop() -> None:
        server.force_exit = server.should_exit
        server.should_exit = True
        waiting.close()

    # Server.serve() in its three steps: its own handlers of signals would leave those who wait waiting.
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[listener])
    on_signals(asyncio.get_running_loop(), stop)
    print(f"farmhand-manager: {greeting}; stop it with Ctrl-C", flush=True)
    notifier.notify(f"READY=1\nSTATUS={greeting}")
    await server.main_loop()
    notifier.notify("STOPPING=1")
    await server.shutdown(sockets=[listener])


def make_server(app: Starlette) -> uvicorn.Server:
    """Make what serves the application, which knows itself which proxies may say who calls (web/access/peers.py)."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="on",
        http="h11",  # whatever else is installed: it limits how long the head of a request is
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=PATIENCE,
    )
    config.load()
    config.http_protocol_class = impatient(able_to_hang_up(config.http_protocol_class))  # type: ignore[assignment]
    return uvicorn.Server(config)


def on_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Call `stop` in the loop when the process is asked to end."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: loop.call_soon_threadsafe(stop))
