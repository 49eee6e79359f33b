"""Posts to a webhook: to an address that was looked at before, and to no other; nothing is followed, little is read."""

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from urllib.parse import SplitResult, urlsplit

from .rules.webaddresses import refusal

# How long a connection may take, and all of it, in seconds.
CONNECT, ALL = 5.0, 15.0

_PORTS = {"http": 80, "https": 443}


class Unsent(Exception):
    """It was not delivered; the text says why, and nothing of what the other end said. gone: nor will it ever be."""

    def __init__(self, why: str, *, gone: bool = False) -> None:
        super().__init__(why)
        self.gone = gone


Resolve = Callable[[str, int], Sequence[str]]


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host; raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def post(
    url: str, content: bytes, headers: Mapping[str, str], allow: Sequence[str] = (), resolve: Resolve = resolve
) -> int:
    """Post a JSON document and return the status of the answer, which is from 200 to 299. Raises Unsent."""
    parts = urlsplit(url)
    try:
        with _connected(parts, allow, resolve) as connection:
            said = {"Content-Type": "application/json", "User-Agent": "Farmhand", "Connection": "close", **headers}
            connection.request("POST", _target(parts), content, said)
            status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise Unsent(reason(error)) from None
    if not 200 <= status < 300:
        raise Unsent(f"it answered {status}", gone=status == 410)
    return status


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@contextmanager
def _connected(parts: SplitResult, allow: Sequence[str], resolve: Resolve) -> Iterator[http.client.HTTPConnection]:
    """Connect to the host once all its addresses were looked at; nobody is asked again for them."""
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    addresses = resolve(host, port)
    for address in addresses:
        refused = refusal(address, allow)
        if refused is not None:
            raise Unsent(f"it is not sent to {host}: {refused}")
    with closing(_reached(addresses, port)) as plain, _no_longer_than(plain):
        connection = http.client.HTTPConnection(host, port)
        connection.sock = _secured(plain, host) if parts.scheme == "https" else plain
        with closing(connection):
            yield connection


def _reached(addresses: Sequence[str], port: int) -> socket.socket:
    """Connect to the first of these that can be reached."""
    *others, last = addresses
    for address in others:
        with suppress(OSError):
            return socket.create_connection((address, port), CONNECT)
    return socket.create_connection((last, port), CONNECT)


def _secured(plain: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


@contextmanager
def _no_longer_than(connected: socket.socket) -> Iterator[None]:
    """End it after a while, also where the other end sends a byte now and then."""
    descriptor = connected.dup()

    def end() -> None:
        with suppress(OSError):  # it has ended
            descriptor.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(ALL, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        descriptor.close()


def reason(error: Exception) -> str:
    """Say why a connection came to nothing, in words of ours."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {error.verify_message}"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, OSError):
        return f"the connection failed: {error.strerror or 'it was closed'}"
    return "its answer is no HTTP"
