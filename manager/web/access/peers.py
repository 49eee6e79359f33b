"""Who is at the other end of a connection, and for whom it vouches.

The address in X-Forwarded-For takes the peer's place where the peer is a trusted proxy; nothing tells then who the peer
was. Whether a proxy may vouch for somebody, and whether a caller is in a network, depend on it, so it is noted in the
scope before, where no header can reach. So is whom it names: further on a header that is given twice, or once with an
underscore in its name, would be one.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ...signin import ProxyLogin

_NOTE = "farmhand.peer"

# What a proxy says of who calls.
FORWARDED = (b"x-forwarded-for", b"x-real-ip", b"forwarded")


@dataclass(frozen=True)
class Peer:
    """The other end of a connection.

    speaks_for_others: it is a proxy, or says that it is one. person, groups: whom it vouches for. pretends: it names
    somebody, and is none of those who may.
    """

    address: str = ""
    speaks_for_others: bool = False
    person: str = ""
    groups: tuple[str, ...] = ()
    pretends: bool = False


NOBODY = Peer()


def knowing_peers(app: ASGIApp, proxies: Collection[str] = (), login: ProxyLogin | None = None) -> ASGIApp:
    """Note each request's peer, then put who calls in its place as far as these proxies say it."""
    known = uncovered(app)
    inner: Any = ProxyHeadersMiddleware(known, list(proxies)) if proxies else known  # type: ignore[arg-type]

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            address = (scope.get("client") or ("", 0))[0]
            scope[_NOTE] = seen(address, scope["headers"], proxies, login)
        await inner(scope, receive, send)

    return uncovered(call)


def uncovered(app: ASGIApp) -> ASGIApp:
    """Call who calls by IPv4 so, whom an IPv6 socket, ours or a proxy's, calls ::ffff:…: limits and networks count it.

    All of them would be of one network of IPv6 else, and whoever fails to sign in would keep out all others.
    """

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("client"):
            host, port = scope["client"]
            scope["client"] = bare(host), port
        await app(scope, receive, send)

    return call


def bare(address: str) -> str:
    """Return an address of IPv4 without the cover that IPv6 sockets put on it; any other text as it is."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(getattr(found, "ipv4_mapped", None) or address)


def peer(scope: Mapping[str, Any]) -> Peer:
    """Return what was noted."""
    noted: Peer = scope.get(_NOTE, NOBODY)
    return noted


def seen(
    address: str, headers: Collection[tuple[bytes, bytes]], proxies: Collection[str], login: ProxyLogin | None
) -> Peer:
    """Tell who is at the other end of a request with these headers, whose names are in lower case."""
    trusted = is_in(address, proxies)
    speaks = trusted or any(name in FORWARDED for name, _ in headers)
    said = [] if login is None else _values(headers, login.header)
    if login is None or not said:
        return Peer(address, speaks)
    if not trusted:
        return Peer(address, speaks, pretends=True)
    groups = _values(headers, login.groups) if login.groups else []
    if len(said) > 1 or len(groups) > 1:  # the proxy has passed on what somebody wrote
        return Peer(address, speaks, pretends=True)
    named = (group.strip() for group in re.split(r"[,|;]", "".join(groups)))
    return Peer(address, speaks, said[0], tuple(group for group in named if group))


def _values(headers: Collection[tuple[bytes, bytes]], name: str) -> list[str]:
    wanted = name.lower().encode()
    return [text for key, value in headers if key == wanted and (text := value.decode("utf-8", "replace").strip())]


def is_in(address: str, networks: Collection[str]) -> bool:
    """Say whether an address is in one of the networks; IPv4 in the cover of IPv6 is IPv4."""
    try:
        found = ip_address(bare(address))
    except ValueError:
        return False
    return any(found in _network(network) for network in networks)


_network = cache(ip_network)
