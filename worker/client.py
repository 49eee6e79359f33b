"""The manager's worker API over HTTP: one method a call, each with a time limit, each with an answer.

What a manager or a network can do wrong is an answer too, `Trouble`, and never an exception. Nothing
is retried here. Several threads may call at once.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import urllib3

from .rules.answers import (
    Answer,
    Asked,
    Command,
    Denied,
    KeepRunning,
    NotAwake,
    Noted,
    NoWork,
    Registered,
    SignedOn,
    Stay,
    StopRunning,
    Task,
    Trouble,
    Work,
)
from .rules.delivery import TOO_LARGE
from .wire import API, ENROLMENT_HEADER, PUSH_WAIT, REQUESTABLE, Status

# Seconds to connect, and between two pieces of an answer.
USUAL = urllib3.Timeout(connect=5, read=15)
BRIEF = urllib3.Timeout(connect=2, read=3)
LONG = urllib3.Timeout(connect=5, read=60)
WAITING = urllib3.Timeout(connect=5, read=PUSH_WAIT + 10)


@dataclass(frozen=True)
class Credentials:
    """What a manager knows a worker by."""

    id: str
    secret: str


@dataclass(frozen=True)
class Introduction:
    """What a worker says of itself. platform: linux, windows or darwin, the names that Go has for them.

    unit: by what definition it runs, where that says so; definition.py. invocation: of which run of a service it is,
    as its supervisor says. restart_code: None where it cannot be asked to restart.
    """

    name: str
    platform: str
    software: str
    task_types: tuple[str, ...]
    can_restart: bool
    unit: Mapping[str, object] | None = None
    invocation: str = ""
    restart_code: int | None = None


@dataclass(frozen=True)
class Reply:
    """An HTTP answer. said: its JSON, None where there is none."""

    status: int
    said: Any = None

    @property
    def message(self) -> str:
        return str(self.said.get("message", "")) if isinstance(self.said, dict) else ""


class Client:
    """One manager, and what this worker is known by there."""

    def __init__(self, url: str, credentials: Credentials | None = None, software: str = "farmhand") -> None:
        self.url = url.rstrip("/")
        self.credentials = credentials
        self._headers = {"User-Agent": software, "Accept": "application/json"}
        self._pool = urllib3.PoolManager(maxsize=6, retries=False)

    def register(self, me: Introduction, secret: str, code: str = "") -> Answer:
        body = {
            "name": me.name,
            "secret": secret,
            "platform": me.platform,
            "supported_task_types": list(me.task_types),
        }
        shown = {ENROLMENT_HEADER: code} if code else {}
        reply = self._call("POST", "/worker/register-worker", body, LONG, shown)
        match reply:
            case Reply(200, {"uuid": str(id)}):
                return Registered(id)
        return _otherwise(reply)

    def sign_on(self, me: Introduction) -> Answer:
        body = {
            "name": me.name,
            "supported_task_types": list(me.task_types),
            "software_version": me.software,
            "can_restart": me.can_restart,
            **({"unit": me.unit} if me.unit else {}),
            **({"invocation": me.invocation} if me.invocation else {}),
            **({} if me.restart_code is None else {"restart_code": me.restart_code}),
        }
        reply = self._call("POST", "/worker/sign-on", body, LONG)
        match reply:
            case Reply(200, {"status_requested": wish, **more}):
                push, waiting = more.get("push"), more.get("waiting") is True
                bell = push if isinstance(push, str) else None
                return _with_status(wish, lambda status: SignedOn(status, bell, waiting))
        return _otherwise(reply)

    def sign_off(self) -> Answer:
        return _noted(self._call("POST", "/worker/sign-off", timeout=BRIEF))

    def tell(self, status: Status) -> Answer:
        """Say which status this worker has taken on."""
        return _noted(self._call("POST", "/worker/state-changed", {"status": status.value}))

    def state(self) -> Answer:
        reply = self._call("GET", "/worker/state")
        match reply:
            case Reply(204):
                return Stay()
            case Reply(200, {"status_requested": wish}):
                return _with_status(wish, Asked)
        return _otherwise(reply)

    def fetch(self) -> Answer:
        reply = self._call("POST", "/worker/task")
        match reply:
            case Reply(204):
                return NoWork()
            case Reply(423, {"status_requested": wish}):
                return _with_status(wish, Asked)
            case Reply(409):
                return NotAwake(reply.message)
            case Reply(200, dict(said)):
                try:
                    return Work(_task(said))
                except (KeyError, TypeError, ValueError, AttributeError) as problem:
                    return Trouble(f"the manager handed out a task that makes no sense: {problem!r}")
        return _otherwise(reply)

    def may_i_run(self, task: str) -> Answer:
        reply = self._call("GET", f"/worker/task/{task}/may-i-run")
        match reply:
            case Reply(200, {"mayKeepRunning": True}):
                return KeepRunning()
            case Reply(200, {"mayKeepRunning": False, **why}):
                return StopRunning(str(why.get("reason", "")), why.get("statusChangeRequested") is True)
        return _otherwise(reply)

    def report(self, task: str, update: Mapping[str, object]) -> int | None:
        """Send an update of a task; return the HTTP status, None if there was no answer of a manager."""
        return _own_status(self._call("POST", f"/worker/task/{task}", dict(update)))

    def show(self, task: str, media_type: str, picture: bytes) -> int | None:
        """Send a picture that a task made; return the HTTP status, None if there was no answer of a manager."""
        reply = self._send(
            "POST", f"{API}/worker/task/{task}/output-produced", picture, {"Content-Type": media_type}, LONG
        )
        return _own_status(reply)

    def listen(self, path: str, since: int) -> int | None:
        """Wait at the bell; return what it says, `since` if it is silent, None if there is no bell any more."""
        reply = self._send("GET", f"{path}?since={since}", None, {}, WAITING)
        match reply:
            case Reply(200, {"seq": int(seq)}):
                return seq
            case Reply(204):
                return since
        return None

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        timeout: urllib3.Timeout = USUAL,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> "Reply | Trouble":
        if body is None:
            return self._send(method, API + path, b"" if method == "POST" else None, more, timeout)
        headers = {"Content-Type": "application/json", **more}
        return self._send(method, API + path, json.dumps(body).encode(), headers, timeout)

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout: urllib3.Timeout
    ) -> "Reply | Trouble":
        known = self.credentials
        auth = urllib3.make_headers(basic_auth=f"{known.id}:{known.secret}") if known else {}
        try:
            answer = self._pool.request(
                method,
                self.url + path,
                body=body,
                headers={**self._headers, **auth, **headers},
                timeout=timeout,
                redirect=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as problem:
            return Trouble(f"no answer from {self.url}: {_plainly(problem)}")
        return Reply(answer.status, _json(answer.headers.get("Content-Type", ""), answer.data))


def _json(media_type: str, data: bytes) -> Any:
    if "json" not in media_type or not data:
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _noted(reply: Reply | Trouble) -> Answer:
    return Noted() if isinstance(reply, Reply) and reply.status in (200, 204) else _otherwise(reply)


def _own_status(reply: Reply | Trouble) -> int | None:
    """Return the status of an answer that a manager can have given.

    One that takes something says so without a page; what it refuses it refuses in words. The page of a proxy, of a
    network that wants a login, or of whoever has the address now says nothing of what was sent, but that it is too
    large.
    """
    if isinstance(reply, Trouble):
        return None
    its_own = reply.status in (202, 204, TOO_LARGE) or reply.status >= 500 or isinstance(reply.said, dict)
    return reply.status if its_own else None


def _otherwise(reply: Reply | Trouble) -> Denied | Trouble:
    """Judge an answer that is not what the call is for.

    Only a 403 in the manager's own words, JSON with a message, is about the credentials: a proxy can say 403 as well.
    """
    if isinstance(reply, Trouble):
        return reply
    if reply.status == 403 and reply.message:
        return Denied(reply.message)
    said = f": {reply.message}" if reply.message else " without a word of what is wrong: is it a manager's address?"
    return Trouble(f"the manager answered {reply.status}{said}")


def _with_status(word: object, meaning: Callable[[Status], Answer]) -> Answer:
    status = next((one for one in REQUESTABLE if one.value == word), None)
    if status is None:
        return Trouble(f"the manager asks for a status that no worker can take on: {word!r}")
    return meaning(status)


def _task(said: Mapping[str, Any]) -> Task:
    commands = tuple(
        Command(str(one["name"]), dict(one.get("parameters") or {}), int(one.get("total_step_count") or 0))
        for one in said["commands"] or ()
    )
    return Task(
        id=str(said["uuid"]),
        name=str(said.get("name", "")),
        job=str(said.get("job", "")),
        type=str(said.get("task_type", "")),
        commands=commands,
        attempt=said["attempt"] if isinstance(said.get("attempt"), int) else None,
    )


def _plainly(problem: Exception) -> str:
    """Return the last words of urllib3's sentence: what went wrong, without its own objects."""
    if len(problem.args) > 1 and isinstance(problem.args[1], Exception):
        problem = problem.args[1]  # ProtocolError: what it was caused by
    words = str(problem).rpartition(": ")[2] or type(problem).__name__
    return words if words.isprintable() else ascii(words)
