"""Tells the audit log where a request comes from, and writes down what was refused for lack of a role."""

import time

from flask import Flask, Response, request

from ... import whence
from ...rules import deeds
from ...rules.deeds import Deed
from ...storage import audit
from ...whence import Whence
from ..errors import path
from ..site import store
from .callers import STRANGER, Kind, caller

WAYS = {
    Kind.PERSON: "session",
    Kind.TOKEN: "token",
    Kind.NETWORK: "network",
    Kind.NOBODY_HAS_TO: "without login",
    Kind.STRANGER: "nobody signed in",
}

# Whoever tries the same again and again is written down once in so many seconds, by each manager.
AGAIN = 60.0

# So many are remembered for that.
_MANY = 1000


def prepare(app: Flask) -> None:
    """Have requests say where they come from; after access.prepare, which finds out who asks."""
    app.before_request(arrive)
    app.teardown_request(lambda _error: leave())
    refused: dict[tuple[str, str, str], float] = {}

    @app.after_request
    def note(response: Response) -> Response:
        who = caller()
        if response.status_code == 403 and who.kind is not STRANGER.kind:
            key = (who.name, request.remote_addr or "", request.endpoint or "")
            now = time.monotonic()
            if now - refused.get(key, now - AGAIN) >= AGAIN:
                if len(refused) >= _MANY:
                    refused.clear()
                refused[key] = now
                arrive()  # it did not get so far
                audit.record(store().database, Deed(deeds.ACCESS_REFUSED, who.name, f"{request.method} {path()}"))
        return response


def arrive() -> None:
    """Have what is written down while this request is served come from where it comes from."""
    whence.come(Whence(WAYS[caller().kind], request.remote_addr or ""))


def leave() -> None:
    """Have what this thread does next not count as this request's."""
    whence.come(whence.COMMAND_LINE)
