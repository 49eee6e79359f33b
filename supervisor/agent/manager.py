"""The manager, as an agent speaks to it: one method a call, each with a time limit.

Paths are below /api/farmhand/agents. What a manager or a network can do wrong is `Away`; that the manager does not
know this agent any more is `Unknown`. Nothing is retried here. Several threads may call at once.
"""

import base64
import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from ...units.light import Any, dataclass
from .kept import Credentials

_PATH = "/api/farmhand/agents"
_USUAL = 15.0  # seconds between two pieces of an answer
_WAITING = 25.0 + 10.0  # the manager answers a waiting request after 25 s at the latest
_LARGEST = 1 << 20
_CODE = "X-Farmhand-Enrolment-Code"  # worker/wire.py has the same name


class Away(Exception):
    """No answer that makes sense came; the text says why."""


class Unknown(Exception):
    """The manager does not know these credentials; the text is its own."""


class Refused(Exception):
    """The manager does not take what was said; the text is its own."""


@dataclass(frozen=True)
class Answer:
    """What a request for tickets brings. codes: service -> exit code that its worker asks to be restarted with."""

    tickets: tuple[str, ...]
    codes: Mapping[str, int]


class Manager:
    """One manager, by its address, and what this agent is known by there."""

    def __init__(self, url: str, software: str) -> None:
        parts = urlsplit(url)
        self.url = url
        self._secure = parts.scheme == "https"
        self._host, self._port, self._prefix = parts.hostname or "", parts.port, parts.path.rstrip("/")
        self._headers = {"User-Agent": software, "Accept": "application/json", "Content-Type": "application/json"}

    def enrol(self, known: Credentials, name: str, platform: str, version: str, code: str) -> str:
        """Make this agent known, and return its id. code: what lets it in, "" where it has none."""
        said = {
            "name": name,
            "platform": platform,
            "version": version,
            "secret": known.secret,
            "ticket_key": known.key,
        }
        match self._call("POST", "/enrol", None, said, more={_CODE: code} if code else {}):
            case {"id": str(id)} if id:
                return id
        raise Away(f"{self.url} answered without an id: is it a Farmhand manager?")

    def report(self, known: Credentials, said: Mapping[str, object]) -> Mapping[str, int]:
        """Say how the services are, and return the restart codes of their workers."""
        return _codes(self._call("POST", "/report", known, said))

    def wait(self, known: Credentials, since: int) -> int:
        """Wait for the bell; return what it says, `since` where it is silent."""
        match self._call("GET", f"/wait?since={since}", known, None, _WAITING):
            case {"seq": int(seq)}:
                return seq
        return since

    def tickets(self, known: Credentials, challenge: str) -> Answer:
        """Ask for what is to be done, in answer to a challenge."""
        said = self._call("POST", "/tickets", known, {"challenge": challenge})
        found = said.get("tickets", []) if isinstance(said, dict) else []
        return Answer(tuple(text for text in found if isinstance(text, str)), _codes(said))

    def tell(self, known: Credentials, ticket: str, outcome: str, text: str) -> None:
        """Say what became of a ticket: done, failed or refused."""
        self._call("POST", "/outcomes", known, {"ticket": ticket, "outcome": outcome, "text": text})

    def _call(
        self,
        method: str,
        path: str,
        known: Credentials | None,
        said: object,
        patience: float = _USUAL,
        more: Mapping[str, str] | None = None,
    ) -> Any:
        import http.client  # late: it brings ssl, unless somebody has said that there is none (command.py)

        body = None if said is None else json.dumps(said).encode()
        headers = {**self._headers, **({"Authorization": _basic(known)} if known else {}), **(more or {})}
        connect = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = connect(self._host, self._port, timeout=patience)
        try:
            connection.request(method, f"{self._prefix}{_PATH}{path}", body, headers)
            answer = connection.getresponse()
            return self._read(answer.status, answer.read(_LARGEST))
        except (OSError, http.client.HTTPException) as problem:
            raise Away(f"no answer from {self.url}: {problem or type(problem).__name__}") from None
        finally:
            connection.close()

    def _read(self, status: int, data: bytes) -> Any:
        try:
            said = json.loads(data) if data else None
        except (ValueError, RecursionError):
            said = None
        if status in (200, 204):
            return said
        message = str(said.get("message", "")) if isinstance(said, dict) else ""
        if status == 403 and message:
            raise Unknown(message)
        if status in (400, 404, 409) and message:
            raise Refused(message)
        raise Away(f"{self.url} answered {status}{f': {message}' if message else ''}")


def _basic(known: Credentials) -> str:
    return "Basic " + base64.b64encode(f"{known.id}:{known.secret}".encode()).decode()


def _codes(said: Any) -> Mapping[str, int]:
    found = said.get("codes") if isinstance(said, dict) else None
    if not isinstance(found, dict):
        return {}
    return {name: code for name, code in found.items() if isinstance(code, int)}
