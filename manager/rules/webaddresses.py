"""To which addresses a message may be sent: not into this machine's own network unless that is allowed. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

# Where clouds tell a machine its own secrets: never, whatever is allowed.
METADATA = frozenset(
    map(ip_address, ("169.254.169.254", "169.254.170.2", "fd00:ec2::254", "100.100.100.200", "192.0.0.192"))
)

# What not every Python knows for private.
_PRIVATE = tuple(map(ip_network, ("192.0.0.0/24", "fec0::/10")))

# IPv6 that a gateway turns into IPv4: RFC 6052, RFC 8215.
_TRANSLATED = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48")))


def refusal(text: str, allow: Sequence[str]) -> str | None:
    """Say why nothing is sent to an address, or None. allow: networks that may be reached though not public."""
    address = meant(ip_address(text.partition("%")[0]))
    if address in METADATA:
        return f"{address} is where clouds keep their secrets"
    if any(address in ip_network(network) for network in allow):
        return None
    if address.is_global and not address.is_multicast and not any(address in network for network in _PRIVATE):
        return None
    return f"{address} is {_kind(address)}; it can be allowed under webhooks: allow:"


def meant(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _TRANSLATED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return IPv4Address(int(address)) if 1 < int(address) < 1 << 32 else address


def _kind(address: Address) -> str:
    if address.is_loopback:
        return "this machine itself"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "for many at once"
    return "no public address"
