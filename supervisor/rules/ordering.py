"""Who waits for whom: After= and Before=, and cycles of them. No clock, no I/O.

systemd.unit(5), Before=, After=: starts in order, stops in reverse order, and a stop always before a start. A restart
is a stop first (systemd, src/core/job.c, job_compare).
"""

from collections.abc import Callable, Iterator

from .jobs import Kind
from .relations import Facet, Links

# The kind of a service's job that others may have to wait for, None for none.
KindOf = Callable[[str], Kind | None]

_STOPS = frozenset({Kind.STOP, Kind.RESTART})


def waits_for(links: Links, name: str, kind: Kind, kind_of: KindOf) -> Iterator[str]:
    """Name the services whose jobs have to be finished before this one's may begin."""
    if kind not in _STOPS:
        yield from (other for other in links.of(Facet.AFTER, name) if kind_of(other) is not None)
    yield from (other for other in links.of(Facet.BEFORE, name) if kind_of(other) in _STOPS)


def holds_up(links: Links, name: str, kind: Kind, kind_of: KindOf) -> Iterator[str]:
    """Name the services whose jobs wait for this one: `waits_for` from the other end."""
    for other in links.of(Facet.BEFORE, name):
        if (other_kind := kind_of(other)) is not None and other_kind not in _STOPS:
            yield other
    if kind in _STOPS:
        yield from (other for other in links.of(Facet.AFTER, name) if kind_of(other) is not None)


def cycle(links: Links, names: list[str], kind_of: KindOf) -> list[str] | None:
    """Find jobs that wait for each other in a circle: each waits for the next, and the last for the first.

    names: those that are new; a circle that none of them is part of is not looked for. None if there is none.
    """
    done: set[str] = set()
    for start in names:
        kind = kind_of(start)
        if start in done or kind is None or next(waits_for(links, start, kind, kind_of), None) is None:
            continue
        if found := _walk(links, start, kind_of, done):
            return found
    return None


def _walk(links: Links, start: str, kind_of: KindOf, done: set[str]) -> list[str] | None:
    """Follow those that wait, depth first; those that lead to no circle become `done`."""
    path = [start]
    on_path = {start: 0}
    branches = [_held(links, start, kind_of)]
    while path:
        following = next(branches[-1], None)
        if following is None:
            done.add(path.pop())
            branches.pop()
            on_path.popitem()
        elif following in on_path:
            return path[on_path[following] :][::-1]
        elif following not in done:
            on_path[following] = len(path)
            path.append(following)
            branches.append(_held(links, following, kind_of))
    return None


def _held(links: Links, name: str, kind_of: KindOf) -> Iterator[str]:
    kind = kind_of(name)
    return iter(()) if kind is None else holds_up(links, name, kind, kind_of)
