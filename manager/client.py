"""Calls to a running manager, for the command line."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

# How long a call may take, in seconds.
PATIENCE = 30.0


class Refusal(Exception):
    """The manager answered that it will not; body is what it said."""

    def __init__(self, code: int, body: dict[str, Any]) -> None:
        super().__init__(str(body.get("message") or f"the manager answered {code}"))
        self.code = code
        self.body = body


class Unreachable(Exception):
    """There is no manager at that address, or it did not answer; the text says so."""


@dataclass(frozen=True)
class Manager:
    """Where a manager is; url ends in a slash."""

    url: str = field()

    def get(self, path: str) -> Any:
        return self._call(urllib.request.Request(self.url + path))

    def post(self, path: str, body: object) -> Any:
        data = json.dumps(body).encode()
        return self._call(urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}))

    def _call(self, call: urllib.request.Request) -> Any:
        try:
            with urllib.request.urlopen(call, timeout=PATIENCE) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise Refusal(error.code, _body(error.read())) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            why = getattr(reason, "strerror", None) or reason
            raise Unreachable(f"no manager answers at {self.url}: {why}; name another with --manager") from None
        return json.loads(text) if text else None


def _body(text: bytes) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
