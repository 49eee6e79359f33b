"""The datagrams by which a worker searches its network for a manager. Pure.

UPnP Device Architecture 1.0, section 1.2: HTTP's lines, one message a datagram.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from ..wire import SSDP_GROUP, SSDP_PORT, SSDP_TARGET

# How long those who have an answer may take for it, in seconds.
MX = 3

# No answer that makes sense is longer.
LARGEST = 4096


def search() -> bytes:
    """Write the question that managers answer."""
    lines = (
        "M-SEARCH * HTTP/1.1",
        f"HOST: {SSDP_GROUP}:{SSDP_PORT}",
        'MAN: "ssdp:discover"',
        f"MX: {MX}",
        f"ST: {SSDP_TARGET}",
    )
    return "\r\n".join([*lines, "", ""]).encode()


def manager_in(datagram: bytes) -> str | None:
    """Return the address of the manager that an answer is from, as in http://10.0.0.1:8080/; None for all else.

    Of the place of its description only the scheme and the host are taken, as a Flamenco Worker does.
    """
    status, headers = _read(datagram)
    if status != "200" or SSDP_TARGET not in (headers.get("st"), headers.get("nt")):
        return None
    return _root(headers.get("location", ""))


def _read(datagram: bytes) -> tuple[str, Mapping[str, str]]:
    """Return the status of an answer, empty for none, and its headers by their names in small letters."""
    if len(datagram) > LARGEST or not datagram.isascii():
        return "", {}
    first, *lines = datagram.decode().splitlines() or [""]
    words = first.split()
    named = (line.partition(":") for line in lines if ":" in line)
    headers = {name.strip().lower(): value.strip() for name, _, value in named}
    return (words[1] if len(words) > 1 and words[0].startswith("HTTP/1.") else ""), headers


def _root(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    plain = url.isprintable() and " " not in url and parts.username is None and parts.password is None
    if not plain or parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return None
    return f"{parts.scheme}://{parts.netloc}/"
