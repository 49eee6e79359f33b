"""Which workers somebody looks for: one description for the page's address, the API and the command line. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

from ...units.errors import BadValue
from ...units.grammar import parse_span

# What a worker can be doing, in the order in which people want to see it; rows.py has shapes and words for each.
STATES = ("working", "draining", "idle", "asleep", "starting", "offline", "error")

# What a pending change can be: any, or one to this status.
PENDING = ("any", "restart", "asleep", "awake", "offline")

# What a list can be ordered by; storage/finding.py knows how.
SORTS = ("name", "status", "change", "seen", "restarts", "version", "platform")

# A supervisor starts a worker again within seconds; one that is away for longer, in milliseconds, is worth a look.
RESTART_MS = 15_000

# A worker that restarts more often than this in a day, by whatever cause, does so too often.
MANY_RESTARTS = 5
DAY_MS = 86_400_000

# Beyond what a farm lives, and within what a database can count.
_LONGEST = 100 * 365 * 86_400


class Kind(Enum):
    """What a filter takes: a text, any of several words, a time span, or yes and no."""

    TEXT = "text"
    WORDS = "words"
    SPAN = "span"
    FLAG = "flag"


@dataclass(frozen=True)
class Filter:
    """One filter. values: the words that it takes, where it takes no others; help: completes "a worker that …"."""

    name: str
    kind: Kind
    help: str
    values: tuple[str, ...] = ()


FILTERS: Mapping[str, Filter] = {
    each.name: each
    for each in (
        Filter("text", Kind.TEXT, "has it in its name, address or id"),
        Filter("status", Kind.WORDS, "is one of these", STATES),
        Filter("tag", Kind.WORDS, "has this tag, by its name or id"),
        Filter("platform", Kind.WORDS, "runs on linux, windows or darwin"),
        Filter("version", Kind.WORDS, "is of this version"),
        Filter("pending", Kind.WORDS, "has a pending change, any or to this status", PENDING),
        Filter("silent", Kind.SPAN, 'was not heard of for so long, such as "5min"'),
        Filter("abnormal", Kind.FLAG, "is of a service whose last exit was abnormal"),
        Filter("can_restart", Kind.FLAG, "can restart"),
        Filter("joining", Kind.FLAG, "wants to join"),
        Filter("attention", Kind.FLAG, "is lost, or not back from a restart"),
    )
}

# The page's address has short words for some.
ADDRESS: Mapping[str, str] = {"text": "q"}

_FLAGS = {"yes": True, "no": False, "true": True, "false": False}


@dataclass(frozen=True)
class Filters:
    """What is looked for: of each filter any of its words, and all filters at once. silent: in milliseconds."""

    text: str = ""
    status: frozenset[str] = frozenset()
    tag: frozenset[str] = frozenset()
    platform: frozenset[str] = frozenset()
    version: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()
    silent: int | None = None
    abnormal: bool | None = None
    can_restart: bool | None = None
    joining: bool | None = None
    attention: bool | None = None

    def __bool__(self) -> bool:
        return self != Filters()

    @property
    def given(self) -> dict[str, object]:
        """Return those that filter, by their names."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value not in ("", None, frozenset())}


@dataclass(frozen=True)
class Facets:
    """What workers are counted by. due: when it wants attention, in milliseconds since the epoch; None for never."""

    state: str
    platform: str
    version: str
    pending: bool
    waiting: bool
    due: int | None


@dataclass(frozen=True)
class Beside:
    """What a list says of a worker that is not the worker's own.

    restarts: in the last 24 hours. usual: how long the like of its task takes, in milliseconds, or None.
    """

    tags: tuple[str, ...] = ()
    restarts: int = 0
    usual: int | None = None


@dataclass(frozen=True)
class BadFilter(Exception):
    """Somebody looks for what does not exist; the text says why."""

    text: str


def read(given: Mapping[str, Sequence[str]]) -> Filters:
    """Read filters from texts, as an address has them; others than FILTERS are not looked at. Raises BadFilter."""
    said = {name: given[name] for name in FILTERS if any(given.get(name, ()))}
    values: dict[str, Any] = {name: _READ[FILTERS[name].kind](name, words) for name, words in said.items()}
    return Filters(**values)


def from_json(given: Mapping[str, object]) -> Filters:
    """Read filters as the API has them: flags are true or false. Raises BadFilter."""
    texts = {name: value if isinstance(value, list) else [_text(value)] for name, value in given.items()}
    return read(texts)


def texts(filters: Filters) -> dict[str, list[str]]:
    """Return what `read` reads as the same."""
    return {
        name: sorted(value) if isinstance(value, frozenset) else [_text(value)] for name, value in filters.given.items()
    }


def _text(value: object) -> str:
    """Write one value: milliseconds as seconds, flags as words."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value // 1000}s"
        case _:
            return str(value)


def _read_text(_name: str, given: Sequence[str]) -> str:
    return given[0].strip()


def _read_words(name: str, given: Sequence[str]) -> frozenset[str]:
    known = FILTERS[name].values
    for word in given:
        if known and word not in known:
            raise BadFilter(f"{name}: “{word}” is none of {', '.join(known)}")
    return frozenset(word for word in given if word)


def _read_span(name: str, given: Sequence[str]) -> int:
    try:
        seconds = parse_span(given[0])
    except BadValue:
        seconds = -1.0
    if not 0 < seconds <= _LONGEST:
        raise BadFilter(f"{name}: “{given[0]}” is not a time span; write it as 90s, 5min or 1h")
    return round(seconds * 1000)


def _read_flag(name: str, given: Sequence[str]) -> bool:
    if given[0] not in _FLAGS:
        raise BadFilter(f"{name}: “{given[0]}” is neither yes nor no")
    return _FLAGS[given[0]]


_READ: Mapping[Kind, Callable[[str, Sequence[str]], object]] = {
    Kind.TEXT: _read_text,
    Kind.WORDS: _read_words,
    Kind.SPAN: _read_span,
    Kind.FLAG: _read_flag,
}
