"""By which names the manager may be called.

A page of another site can let its own name point to 127.0.0.1, and is then the manager's own page to the browser that
shows it (DNS rebinding). So a request that comes over the loopback has to call the manager by an address or by a name
that is known to be its own. Workers and agents are not browsers: their calls are let through by any name, but for those
that a browser says to have sent for a page, with an Origin. Else a page could register a worker, and be given tasks.
"""

import socket
from collections.abc import Collection, Mapping
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ....worker.wire import API, PUSH
from ..api.agent_api import CALLS

MISDIRECTED = 421


def named(app: ASGIApp, names: Collection[str] = ()) -> ASGIApp:
    """Refuse what calls the manager by a name that is none of `names`, nor an address, nor this machine's own."""
    known = own_names(tuple(names))

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        refused = scope["type"] == "http" and not may_call(scope, Request(scope).headers, known)
        await (refusal(Request(scope)) if refused else app)(scope, receive, send)

    return call


def may_call(scope: Mapping[str, object], headers: Mapping[str, str], known: Collection[str]) -> bool:
    """Say whether the manager serves a request under the name that its Host header has."""
    path, server = str(scope["path"]), scope.get("server")
    is_call = path == PUSH or path in CALLS or path.startswith(f"{API}/worker/")
    if is_call and "origin" not in headers:
        return True
    arrived = address(str(server[0])) if isinstance(server, tuple | list) else None
    if arrived is None or not arrived.is_loopback:
        return True
    return is_own_name(headers.get("host", ""), known)


@cache
def own_names(names: tuple[str, ...]) -> frozenset[str]:
    """Return by which names this manager is known: those, and the machine's own."""
    return frozenset(name.casefold().rstrip(".") for name in ("localhost", socket.gethostname(), *names))


def is_own_name(header: str, known: Collection[str]) -> bool:
    """Say whether a Host header has an address, or one of the names by which the manager is known."""
    host = host_name(header)
    return host in known or address(host) is not None


def host_name(header: str) -> str:
    """Return the host of "HOST:PORT", in lower case and without brackets; empty for what is none."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that a text is, without the cover that IPv6 sockets put on IPv4; None for a name."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def refusal(request: Request) -> Response:
    called = request.headers.get("host", "")[:100]
    what = (
        f"This manager is not known as “{called}”. Open it by its address, such as http://127.0.0.1:8080/, "
        "or write the name under host_names: in its configuration."
    )
    if request.url.path.startswith("/api/"):
        return JSONResponse({"message": what}, MISDIRECTED)
    return PlainTextResponse(what, MISDIRECTED)
