"""Tickets: what a manager asks of the agent on a node, in a form that nobody else can make. Pure.

A ticket's text is "v1.CLAIMS.MAC": JSON and its HMAC-SHA256 under a key that this manager and this one agent have, each
in base64url. It is written when the agent asks for it, and holds the challenge that the agent made for that very
question: a ticket that was overheard or kept back fits no other answer, whatever anybody's clock says.
"""

import base64
import binascii
import hashlib
import hmac
import json

from .light import dataclass

# What an agent can be asked to do with a service; it does nothing else.
VERBS = ("start", "restart")

# Bytes of a key, and of a challenge.
KEY_BYTES = 32

_VERSION = "v1"
_PURPOSE = b"farmhand agent's ticket v1\n"
_LONGEST = 4096
_TEXTS = ("id", "agent", "service", "verb", "challenge")
_TIMES = ("now", "expires")


class Forged(Exception):
    """This is no ticket that the manager made for this agent; the text says what is wrong with it."""


@dataclass(frozen=True)
class Claims:
    """What a ticket says: that `agent` may do `verb` to `service`, once, in answer to its `challenge`.

    now, expires: by the manager's clock, in milliseconds since the epoch; now is when it was written.
    """

    id: str
    agent: str
    service: str
    verb: str
    challenge: str
    now: int
    expires: int


def seal(key: bytes, claims: Claims) -> str:
    """Write a ticket."""
    said = {name: getattr(claims, name) for name in (*_TEXTS, *_TIMES)}
    body = json.dumps(said, separators=(",", ":"), sort_keys=True).encode()
    return ".".join([_VERSION, _text(body), _text(_mac(key, body))])


def unseal(key: bytes, text: str) -> Claims:
    """Read a ticket; nothing of it is looked at before its MAC is right. Raises Forged."""
    version, *parts = text.split(".") if len(text) <= _LONGEST else ["too long"]
    if version != _VERSION or len(parts) != 2:
        raise Forged("it is not written as a ticket is")
    body, mac = map(_bytes, parts)
    if not hmac.compare_digest(mac, _mac(key, body)):
        raise Forged("it was altered, or made for another agent")
    return _claims(json.loads(body))


def _claims(said: dict[str, object]) -> Claims:
    texts = {name: said.get(name) for name in _TEXTS}
    times = {name: said.get(name) for name in _TIMES}
    if not all(isinstance(value, str) for value in texts.values()):
        raise Forged("it does not say all that a ticket says")
    if not all(type(value) is int for value in times.values()):
        raise Forged("it does not say when it was made, or until when it is good")
    return Claims(**texts, **times)  # type: ignore[arg-type]


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, _PURPOSE + body, hashlib.sha256)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Forged("it is not written as a ticket is") from None
