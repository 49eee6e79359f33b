"""What the values of settings are: each function takes what stands at a place, and returns it checked or refuses it."""

import re
from ipaddress import ip_interface, ip_network
from pathlib import Path

from ..units.errors import BadValue
from ..units.grammar import parse_span
from .document import Document, Place
from .zones import read_zone

ACTIONS = ("shutdown", "restart", "sleep", "wake")

_LONGEST = 100 * 365.25 * 24 * 3600


def text(document: Document, place: Place, value: object) -> str:
    if value is None:
        document.refuse(place, "it is missing", "write it down")
    if not isinstance(value, str) or not value:
        document.refuse(place, f"{value!r} is not text", "write a word, in quotes if it looks like something else")
    return value


def seconds(document: Document, place: Place, value: object) -> float:
    try:
        span = parse_span(str(value))
    except BadValue as error:
        document.refuse(place, error.problem, error.hint)
    if span <= 0:
        document.refuse(place, f'"{value}" is no time at all', 'write more, such as "1min"')
    if span > _LONGEST:
        document.refuse(place, f'"{value}" is longer than can be counted', 'write less, such as "1y"')
    return span


def pause(document: Document, place: Place, value: object) -> float:
    """Read a span that may be none: 0."""
    return 0.0 if value == 0 else seconds(document, place, value)


def percent(document: Document, place: Place, value: object) -> int:
    if count(document, place, value) > 100:
        document.refuse(place, f"{value} is more than all", "write a percentage between 1 and 100")
    return count(document, place, value)


def actions(document: Document, place: Place, value: object) -> tuple[str, ...]:
    found = names(document, place, value, ACTIONS[0])
    for index, name in enumerate(found):
        if name not in ACTIONS:
            document.refuse((*place, index), f'"{name}" is no action', f"write some of {', '.join(ACTIONS)}")
    return found


def count(document: Document, place: Place, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        document.refuse(place, f"{value!r} is not a number of things", "write 1 or more")
    return value


def flag(document: Document, place: Place, value: object) -> bool:
    if not isinstance(value, bool):
        document.refuse(place, f"{value!r} is neither true nor false", "write true or false")
    return value


def folder(document: Document, place: Place, value: object) -> str:
    """Read a folder, which may be relative to that of the document."""
    found = document.path.parent / Path(text(document, place, value)).expanduser()
    if not found.is_dir():
        document.refuse(place, f"{found} is not a folder", "make it, or name another")
    return str(found.absolute())


def secret_file(document: Document, place: Place, value: object) -> str:
    """Read the name of a file with a secret in it, which may be relative to the document; others must not read it."""
    found = document.path.parent / Path(text(document, place, value)).expanduser()
    try:
        empty = not found.read_bytes().strip()
    except OSError as error:
        document.refuse(place, f"{found} cannot be read: {error.strerror}", "name a file that can")
    if empty:
        document.refuse(place, f"{found} is empty", "write the secret into it")
    return str(found.absolute())


def names(document: Document, place: Place, value: object, example: str) -> tuple[str, ...]:
    """Read a list of words; example: one that would do."""
    hint = f"write names in brackets, as in [{example}]"
    if value is None:
        document.refuse(place, "it is missing", hint)
    if not isinstance(value, list):
        document.refuse(place, f"{value!r} is not a list", hint)
    return tuple(text(document, (*place, index), each) for index, each in enumerate(value))


def zone(document: Document, place: Place, value: object) -> str:
    try:
        return read_zone(text(document, place, value)).key
    except BadValue as error:
        document.refuse(place, error.problem, error.hint)


def networks(document: Document, place: Place, value: object) -> tuple[str, ...]:
    found = names(document, place, value, "10.20.0.0/16")
    for index, network in enumerate(found):
        try:
            meant = ip_network(network, strict=False)
        except ValueError:
            problem = f'"{network}" is neither an address nor a network'
            document.refuse((*place, index), problem, "write it as 127.0.0.1 or 10.20.0.0/16")
        if "/" in network and ip_interface(network).ip != meant.network_address:
            problem = f'"{network}" is an address in a network'
            document.refuse((*place, index), problem, f"write {ip_interface(network).ip}, or {meant} for all of it")
    return found


def hosts(document: Document, place: Place, value: object) -> tuple[str, ...]:
    found = names(document, place, value, "farm.example.org")
    for index, host in enumerate(found):
        if not _HOST.fullmatch(host):
            problem = f'"{host}" is no name of a host'
            document.refuse((*place, index), problem, "write it as farm.example.org, without scheme and port")
    return found


_HOST = re.compile(r"[\w.-]+")
