"""What a message looks like where it arrives: JSON with a signature, a line in a chat, an e-mail. Pure.

message: storage/outbox.py. The signature is that of Standard Webhooks (symmetric, v1).
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from ..clock import timestamp

Message = Mapping[str, Any]

# What a chat takes, in characters, and an e-mail's subject.
_CHAT, _SUBJECT = 1900, 150

# So many lines a message has for people.
_LINES = 20


def as_json(message: Message) -> object:
    """Write it in full: docs/reference/notices.md."""
    told = [{**notice, "at": timestamp(notice["at"])} for notice in message["notices"]]
    at = max((notice["at"] for notice in message["notices"]), default=0)
    return {"type": "farmhand.notices", "timestamp": timestamp(at), "data": {**message, "notices": told}}


def text(message: Message) -> str:
    """Write it for people: a line that sums it up, then what happened."""
    told = message["notices"]
    lines = [f"{timestamp(notice['at'])}  {notice['text']}" for notice in told[:_LINES]]
    more = len(told) + message["left_out"] - len(lines)
    return "\n".join([f"{message['farm']}: {message['summary']}", *lines, *([f"and {more:,} more"] if more else [])])


def _short(message: Message) -> str:
    said = text(message)
    return said if len(said) <= _CHAT else f"{said[:_CHAT]}…"


def _slack(message: Message) -> object:
    """Nothing in a name is taken for a link or a call to everybody."""
    said = _short(message).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": said, "mrkdwn": False}


def _mattermost(message: Message) -> object:
    return {"text": "\n".join(f"    {line}" for line in _short(message).splitlines())}  # as code: no call, no picture


def _discord(message: Message) -> object:
    return {"content": _short(message), "allowed_mentions": {"parse": []}, "flags": 4}  # 4: no previews


FORMS: Mapping[str, Callable[[Message], object]] = {
    "json": as_json,
    "slack": _slack,
    "mattermost": _mattermost,
    "discord": _discord,
}


def body(message: Message, form: str) -> bytes:
    """Return what is posted; the same for every try."""
    return json.dumps(FORMS[form](message), sort_keys=True, separators=(",", ":")).encode()


def signed(id: str, seconds: int, content: bytes, secret: bytes) -> dict[str, str]:
    """Return the headers that say which message it is, when it is sent, and that we sent it."""
    said = f"{id}.{seconds}.".encode() + content
    signature = base64.b64encode(hmac.new(secret, said, hashlib.sha256).digest()).decode()
    known = {"webhook-id": id, "webhook-timestamp": str(seconds)}
    return {**known, "webhook-signature": f"v1,{signature}"} if secret else known


def subject(message: Message) -> str:
    """Return the one line of an e-mail that is seen first; a header ends where a line does."""
    said = " ".join(f"[{message['farm']}] {message['summary']}".split())
    shown = "".join(each if each.isprintable() else "\ufffd" for each in said)
    return shown if len(shown) <= _SUBJECT else f"{shown[:_SUBJECT]}…"
