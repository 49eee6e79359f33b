"""Which events people are told of, in which words, and how often it is tried. Pure.

Times are milliseconds since the epoch, spans milliseconds.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .facts import Kind
from .times import span

# What can be asked for, and its words for one and for several.
TOPICS: Mapping[str, tuple[str, str]] = {
    "worker.lost": ("worker lost", "workers lost"),
    "worker.back": ("worker back", "workers back"),
    "worker.crash-loop": ("worker in a crash loop", "workers in a crash loop"),
    "worker.waiting": ("worker wants to join", "workers want to join"),
    "action.failed": ("action failed", "actions failed"),
    "rollout.halted": ("rolling action halted", "rolling actions halted"),
    "test": ("test", "tests"),
}

Detail = Mapping[str, object]


def _lost(said: Detail) -> str:
    silent = span(_number(said, "silent"))
    return f"was lost: nothing was heard of it for {silent}; if it had a task, that is queued again"


def _loops(said: Detail) -> str:
    return f"restarted {said['restarts']} times within {span(_number(said, 'within'))}, and nobody asked for it"


_DONE = {"start": "started", "restart": "restarted"}


def _failed_ticket(said: Detail) -> str | None:
    if said.get("outcome") == "done":
        return None
    done = _DONE.get(str(said.get("verb")), "helped")
    return f"could not be {done} by its agent: {said.get('text') or 'it did not say why'}"


def _failed_in_rollout(said: Detail) -> str | None:
    return f"failed in a rolling action: {said.get('why')}" if said.get("to") == "failed" else None


def _halted(said: Detail) -> str | None:
    return f"a rolling action halted: {said.get('why')}" if said.get("to") == "halted" else None


# By the kind of event: its topic, and what is said of it; None where that one is not worth a notice.
_TOLD: Mapping[Kind, tuple[str, Callable[[Detail], str | None]]] = {
    Kind.WORKER_LOST: ("worker.lost", _lost),
    Kind.WORKER_BACK: ("worker.back", lambda said: "is heard of again"),
    Kind.WORKER_LOOPS: ("worker.crash-loop", _loops),
    Kind.WORKER_REGISTERED: ("worker.waiting", lambda said: "wants to join" if said.get("waiting") else None),
    Kind.TICKET_ENDED: ("action.failed", _failed_ticket),
    Kind.ROLLOUT_WORKER: ("action.failed", _failed_in_rollout),
    Kind.ROLLOUT_STATUS: ("rollout.halted", _halted),
}

KINDS = frozenset(_TOLD)


@dataclass(frozen=True)
class Happened:
    """An event as it is looked at. name: of its worker."""

    seq: int
    at: int
    kind: Kind
    detail: Detail
    worker_id: str | None = None
    name: str = ""


@dataclass(frozen=True)
class Notice:
    """One thing to be told. text completes "NAME ...", or stands alone where there is no name."""

    topic: str
    at: int
    event: int
    text: str
    worker_id: str | None = None
    name: str = ""

    @property
    def sentence(self) -> str:
        return f"{self.name} {self.text}" if self.name else self.text


def notice(it: Happened) -> Notice | None:
    """Say what there is to tell of an event; None where there is nothing."""
    topic, words = _TOLD[it.kind]
    text = words(it.detail)
    name = it.name or str(it.detail.get("name") or "")
    return None if text is None else Notice(topic, it.at, it.seq, text, it.worker_id, name)


def _number(said: Detail, key: str) -> int:
    value = said.get(key)
    return value if isinstance(value, int) else 0


# So many are named in a summary, and told in a message; the rest is counted.
_NAMED, MOST = 3, 200


def summary(notices: Sequence[Notice]) -> str:
    """Say in a line what a message tells: "200 workers lost: node-1, node-2, node-3 and 197 more"."""
    parts = []
    for topic, count in Counter(notice.topic for notice in notices).items():
        one, several = TOPICS[topic]
        words = f"{count:,} {several}" if count > 1 else one.capitalize()
        names = [notice.name for notice in notices if notice.topic == topic and notice.name]
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        parts.append(f"{words}: {', '.join(names[:_NAMED])}{more}" if names else words)
    return "; ".join(parts)


# -- when

# Events are gathered for so long after the first, so that many at once make one message.
GATHER = 10_000

# Events that nobody was told of in time are not told any more, and a message is tried for so long.
LASTING = 24 * 3600 * 1000

_FIRST, _LONGEST = 10_000, 3600 * 1000


def pause(attempts: int, jitter: float) -> int:
    """Return how long to wait after so many attempts: twice as long each time, up to an hour.

    jitter: from 0 to 1; what is tried again is spread from half to one and a half times of it.
    """
    whole = min(_LONGEST, _FIRST << min(attempts - 1, 20))
    return round(whole * (0.5 + jitter))


def gathered(notices: Iterable[Notice], topics: Mapping[str, Sequence[str]]) -> dict[str, list[Notice]]:
    """Return what each target is told, by its name; those with nothing to tell are left out."""
    known = list(notices)
    found = {name: [each for each in known if each.topic in wanted] for name, wanted in topics.items()}
    return {name: each for name, each in found.items() if each}
