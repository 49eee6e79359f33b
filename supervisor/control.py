"""The control socket: how `farmhand start`, `status`, `why` … talk to a running supervisor.

One request and one reply per connection, each one line of JSON. The loop gives its `handle(request, answer)`
and calls `answer(reply)` once, at once or when the job is done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """What somebody asks for: a verb ("start", "status", …), the services it concerns, and its options.

    names: as typed, ".service" allowed; empty means all where the verb allows it. options: by their long name
    with underscores, {"signal": "SIGHUP", "kill_whom": "main", "property": ["Id"], "no_block": True}; absent
    ones were not given.
    """

    verb: str
    names: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """The answer: the exit code of the command, lines for people (stdout; stderr if exit_code tells of a failure),
    and the same as data for `--output json` and for programs."""

    exit_code: int = 0
    lines: tuple[str, ...] = ()
    data: Any = None


Answer = Callable[[Reply], None]
Handle = Callable[[Request, Answer], None]
