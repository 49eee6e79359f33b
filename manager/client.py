"""Calls to a running manager, for the command line."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

# How long a call may take, in seconds.
PATIENCE = 30.0

BAD_REQUEST, UNKNOWN, NOT_FOUND = 400, 401, 404


class Refusal(Exception):
    """The manager answered that it will not; body is what it said."""

    def __init__(self, code: int, body: dict[str, Any]) -> None:
        super().__init__(body["message"])
        self.code = code
        self.body = body

    @property
    def unfit(self) -> bool:
        """Whether it is what was asked for that has to be mended."""
        return self.code in (BAD_REQUEST, UNKNOWN, NOT_FOUND)


class Unreachable(Exception):
    """There is no manager at that address, or it did not answer; the text says so."""


@dataclass(frozen=True)
class Manager:
    """Where a manager is; url ends in a slash. Paths begin without one. token: by which it knows who calls."""

    url: str
    token: str = field(default="", repr=False)

    def get(self, path: str, query: Mapping[str, object] | None = None) -> Any:
        asked = f"?{urlencode(query, doseq=True)}" if query else ""
        return self.send("GET", path + asked)

    def post(self, path: str, body: object = None) -> Any:
        return self.send("POST", path, body)

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Call it, and return its JSON, None for an empty answer; raises Refusal, Unreachable."""
        text = self.read(method, path, body)
        try:
            return json.loads(text) if text else None
        except ValueError:
            raise self._stranger("without JSON") from None

    def read(self, method: str, path: str, body: object = None) -> bytes:
        """Call it, and return what it answers as it is."""
        data = None if body is None else json.dumps(body).encode()
        headers = {} if data is None else {"Content-Type": "application/json"}
        call = urllib.request.Request(self.url + path, data, headers, method=method)
        if self.token:  # not to whoever an answer may send the call on to
            call.add_unredirected_header("Authorization", f"Bearer {self.token}")
        said: bytes
        try:
            with urllib.request.urlopen(call, timeout=PATIENCE) as answer:
                said = answer.read()
        except urllib.error.HTTPError as error:
            said = error.read()
            refusal = _body(said)
            if refusal is None or (error.code == NOT_FOUND and "code" not in refusal):  # of no such call, not thing
                raise self._stranger(f"{error.code}, and not as Farmhand's does") from None
            if error.code == UNKNOWN:
                refusal["message"] += "; name the file of an API token with --token-file, or set FARMHAND_TOKEN"
            raise Refusal(error.code, refusal) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            why = getattr(reason, "strerror", None) or reason
            raise Unreachable(f"no manager answers at {self.url}: {why}; name another with --manager") from None
        return said

    def _stranger(self, how: str) -> Unreachable:
        """Say that a proxy has no manager behind it just now, or that this is something else altogether."""
        return Unreachable(
            f"no manager answers at {self.url}: what is there answered {how}; name another with --manager"
        )


def _body(text: bytes) -> dict[str, Any] | None:
    """Read a manager's refusal, which has a message; None if it is no manager's."""
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return body if isinstance(body, dict) and isinstance(body.get("message"), str) else None
