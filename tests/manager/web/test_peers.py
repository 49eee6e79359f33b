"""Whose word is taken for who calls: by header, as an ASGI server hands them on."""

import asyncio
from typing import Any

import pytest

from farmhand.manager.rules.access import Role
from farmhand.manager.rules.vouched import Granted
from farmhand.manager.signin import ProxyLogin
from farmhand.manager.web.access.peers import Peer, is_in, knowing_peers, peer

PROXIES = ("10.0.0.1", "10.9.0.0/16")
LOGIN = ProxyLogin("Remote-User", {"wranglers": Granted(Role.OPERATOR)}, groups="Remote-Groups")

Headers = list[tuple[bytes, bytes]]


def asked(address: str, headers: Headers, login: ProxyLogin | None = LOGIN) -> tuple[str, Peer]:
    """Return who calls and who was noted, of a request with these headers."""
    found: list[dict[str, Any]] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        found.append(scope)

    scope = {"type": "http", "client": (address, 1), "headers": headers, "scheme": "http"}
    asyncio.run(knowing_peers(app, PROXIES, login)(scope, None, None))  # type: ignore[arg-type]
    return found[0]["client"][0], peer(found[0])


KIM = (b"remote-user", b"kim")
TEAM = (b"remote-groups", b"artists, wranglers|night shift")


def test_a_trusted_proxy_vouches_for_somebody() -> None:
    client, noted = asked("10.0.0.1", [KIM, TEAM, (b"x-forwarded-for", b"192.0.2.7")])
    assert client == "192.0.2.7"
    assert noted == Peer("10.0.0.1", True, "kim", ("artists", "wranglers", "night shift"))


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.2", "::1"])
def test_nobody_else_does(address: str) -> None:
    client, noted = asked(address, [KIM, TEAM, (b"x-forwarded-for", b"10.0.0.1")])
    assert client == address
    assert noted == Peer(address, True, pretends=True)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([KIM, (b"remote-user", b"root")], id="another name beside it"),
        pytest.param([KIM, TEAM, (b"remote-groups", b"admins")], id="more groups beside them"),
    ],
)
def test_what_a_proxy_passed_on_beside_its_own_word_is_refused(headers: Headers) -> None:
    assert asked("10.0.0.1", headers)[1] == Peer("10.0.0.1", True, pretends=True)


def test_an_underscore_makes_no_difference_only_later() -> None:
    _, noted = asked("10.0.0.1", [KIM, (b"remote_user", b"root"), (b"remote_groups", b"admins")])
    assert noted == Peer("10.0.0.1", True, "kim")


def test_an_empty_header_names_nobody() -> None:
    assert asked("10.0.0.1", [(b"remote-user", b" ")])[1] == Peer("10.0.0.1", True)


def test_without_the_setting_the_header_means_nothing() -> None:
    assert asked("10.0.0.1", [KIM], login=None)[1] == Peer("10.0.0.1", True)
    assert asked("192.0.2.7", [KIM], login=None)[1] == Peer("192.0.2.7")


@pytest.mark.parametrize(
    ("address", "said", "client"),
    [
        ("::ffff:192.0.2.7", [], "192.0.2.7"),
        ("::ffff:192.0.2.7", [(b"x-forwarded-for", b"10.20.0.1")], "192.0.2.7"),
        ("::ffff:10.0.0.1", [(b"x-forwarded-for", b"203.0.113.9")], "203.0.113.9"),
        ("10.0.0.1", [(b"x-forwarded-for", b"::ffff:203.0.113.9")], "203.0.113.9"),
        ("2001:db8::7", [], "2001:db8::7"),
    ],
)
def test_ipv4_is_ipv4_by_whatever_socket(address: str, said: Headers, client: str) -> None:
    assert asked(address, said)[0] == client


@pytest.mark.parametrize("header", [b"x-forwarded-for", b"x-real-ip", b"forwarded"])
def test_who_says_that_it_speaks_for_others_is_noted(header: bytes) -> None:
    client, noted = asked("192.0.2.7", [(header, b"10.20.0.1")])
    assert (client, noted.speaks_for_others) == ("192.0.2.7", True)


@pytest.mark.parametrize(
    ("address", "networks", "inside"),
    [
        ("10.20.3.4", ("10.20.0.0/16",), True),
        ("10.21.3.4", ("10.20.0.0/16",), False),
        ("::ffff:10.20.3.4", ("10.20.0.0/16",), True),
        ("fd00::7", ("10.0.0.0/8", "fd00::/8"), True),
        ("unknown", ("0.0.0.0/0",), False),
        ("10.20.3.4", (), False),
    ],
)
def test_addresses_in_networks(address: str, networks: tuple[str, ...], inside: bool) -> None:
    assert is_in(address, networks) is inside
