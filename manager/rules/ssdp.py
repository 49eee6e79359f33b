"""The datagrams by which a manager is found in its network. Pure.

UPnP Device Architecture 1.0, sections 1.1 and 1.2: HTTP's lines, one message a datagram.
"""

import uuid
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Interface

from ...worker.wire import SSDP_DESCRIPTION, SSDP_GROUP, SSDP_PORT, SSDP_TARGET

# For how long what is said holds, in seconds; it is said again after half of that.
MAX_AGE = 3600

EVERYTHING = "ssdp:all"

# No question that makes sense is longer.
LARGEST = 4096


def device_id(*names: str) -> str:
    """Return a manager's UUID, which is the same after it has started again."""
    return f"uuid:{uuid.uuid5(uuid.NAMESPACE_DNS, '/'.join(names))}"


def location(address: str, port: int) -> str:
    """Return where the manager describes itself."""
    return f"http://{address}:{port}{SSDP_DESCRIPTION}"


def searches(datagram: bytes) -> bool:
    """Say whether a datagram asks for managers, or for everything."""
    if len(datagram) > LARGEST or not datagram.isascii():
        return False
    first, *lines = datagram.decode().splitlines() or [""]
    named = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in named}
    asks = first.split()[:2] == ["M-SEARCH", "*"] and headers.get("man", "").strip('"') == "ssdp:discover"
    return asks and headers.get("st") in (SSDP_TARGET, EVERYTHING)


def answer(device: str, location: str, software: str) -> bytes:
    """Write the answer to one who searches."""
    return _message(
        "HTTP/1.1 200 OK",
        ("CACHE-CONTROL", f"max-age={MAX_AGE}"),
        ("EXT", ""),
        ("LOCATION", location),
        ("SERVER", software),
        ("ST", SSDP_TARGET),
        ("USN", f"{device}::{SSDP_TARGET}"),
    )


def alive(device: str, location: str, software: str) -> bytes:
    """Write what tells everybody that the manager is there."""
    return _message(
        "NOTIFY * HTTP/1.1",
        ("HOST", f"{SSDP_GROUP}:{SSDP_PORT}"),
        ("CACHE-CONTROL", f"max-age={MAX_AGE}"),
        ("LOCATION", location),
        ("NT", SSDP_TARGET),
        ("NTS", "ssdp:alive"),
        ("SERVER", software),
        ("USN", f"{device}::{SSDP_TARGET}"),
    )


def byebye(device: str) -> bytes:
    """Write what tells everybody that the manager goes."""
    return _message(
        "NOTIFY * HTTP/1.1",
        ("HOST", f"{SSDP_GROUP}:{SSDP_PORT}"),
        ("NT", SSDP_TARGET),
        ("NTS", "ssdp:byebye"),
        ("USN", f"{device}::{SSDP_TARGET}"),
    )


def _message(first: str, *headers: tuple[str, str]) -> bytes:
    return "\r\n".join([first, *(f"{name}: {value}" for name, value in headers), "", ""]).encode("ascii", "replace")


def may_ask(asker: str, networks: Collection[IPv4Interface]) -> bool:
    """Say whether an asker is near: in a network of the manager's, or in one that the world does not see.

    An answer is longer than its question, and nothing proves where a question is from.
    """
    address = IPv4Address(asker)
    return address.is_private or any(address in each.network for each in networks)


def named_to(asker: str, networks: Collection[IPv4Interface]) -> list[str]:
    """Return by which of its addresses the manager is named to an asker: that of the asker's own network first.

    Those of the loopback stay on their machine.
    """
    address = IPv4Address(asker)
    reached = (each for each in networks if address.is_loopback or not each.is_loopback)
    return [str(each.ip) for each in sorted(reached, key=lambda each: (address not in each.network, each))]
