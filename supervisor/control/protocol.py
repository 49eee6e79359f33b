"""The control socket: how `farmhand start`, `status`, `why` … talk to a running supervisor.

One request and one reply per connection, each one line of JSON. The loop gives its `handle(request, answer)`
and calls `answer(reply)` once, at once or when the job is done. This is the client's side and what both share;
`server.py` is the other.
"""

import os
from collections.abc import Callable, Mapping

from ...units.light import Any, dataclass, field
from ..platforms import native_client

MOST_BYTES = 1 << 20  # of a request


@dataclass(frozen=True)
class Request:
    """What somebody asks for: a verb ("start", "status", …), the services it concerns, and its options.

    names: as typed, ".service" allowed; empty means all where the verb allows it. options: by their long name
    with underscores, each a text, a list of texts, or whether it was given: {"signal": "SIGHUP", "property": ["Id"],
    "no_block": True}; absent ones were not given.
    """

    verb: str
    names: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """The answer: the exit code of the command, lines for people (stdout; stderr if exit_code tells of a failure),
    and the same as data for `--output json` and for programs. complaints: always for stderr."""

    exit_code: int = 0
    lines: tuple[str, ...] = ()
    data: Any = None
    complaints: tuple[str, ...] = ()


Answer = Callable[[Reply], None]
Handle = Callable[[Request, Answer], None]


class BadRequest(Exception):
    """What came over the socket is no request; the text says why."""


class NoSupervisor(Exception):
    """Nobody answers at the socket; the text says which socket and how to mend it."""


def encode(message: Request | Reply) -> bytes:
    import json  # of use for requests alone

    return json.dumps({name: getattr(message, name) for name in message.__match_args__}).encode() + b"\n"


def decode_request(line: bytes) -> Request:
    """Read a request; raises BadRequest."""
    import json

    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"it is not JSON: {error}") from None
    match given:
        case {"verb": str(verb), **others}:
            names: Any = others.get("names", [])
            options = others.get("options", {})
            if not isinstance(options, dict):
                raise BadRequest("options: it is not an object")
            for name, value in options.items():
                if not isinstance(value, str | bool) and not _are_texts(value):
                    raise BadRequest(f"options: {name}: it is neither a text nor a list of texts, true or false")
            if not _are_texts(names):
                raise BadRequest("names: it is not a list of texts")
            return Request(verb, tuple(names), options)
    raise BadRequest('there is no "verb" in it')


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def default_path(environ: Mapping[str, str] | None = None) -> str:
    """Say where the channel is unless somebody says otherwise."""
    environ = os.environ if environ is None else environ
    return environ.get("FARMHAND_CONTROL") or native_client().default_path(environ)


def ask(path: str, request: Request, *, timeout: float | None = None) -> Reply:
    """Ask the supervisor at this path and wait for its answer, `timeout` seconds at most; raises NoSupervisor."""
    import json

    try:
        line = native_client().exchange(path, encode(request), timeout)
    except PermissionError as error:
        raise NoSupervisor(f"{path}: {error.strerror}") from None
    except OSError as error:
        why = error.strerror or str(error)
        raise NoSupervisor(
            f"{path}: no supervisor answers there ({why}); start one with 'farmhand run FILE', "
            "or name its socket with --control or FARMHAND_CONTROL"
        ) from None
    if not line.endswith(b"\n"):
        raise NoSupervisor(f"{path}: the supervisor ended before it answered")
    given = json.loads(line)
    return Reply(given["exit_code"], tuple(given["lines"]), given["data"], tuple(given.get("complaints", ())))
