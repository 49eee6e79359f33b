"""Which services are started or stopped together, and who waits for whom: After=, Before=, Requires=, Wants=."""

from collections.abc import Iterable, Mapping

from ...units.light import dataclass
from ...units.spec import Service
from .jobs import Kind

_STOPS = frozenset({Kind.STOP, Kind.RESTART})


@dataclass(frozen=True)
class Links:
    """How the services of one farm hang together, by name; what is not in the farm is left out."""

    after: Mapping[str, frozenset[str]]
    before: Mapping[str, frozenset[str]]
    needs: Mapping[str, frozenset[str]]
    wants: Mapping[str, frozenset[str]]
    needed_by: Mapping[str, frozenset[str]]


def link(services: Iterable[Service]) -> Links:
    """Read the dependencies of all services in both directions; names may end in ".service"."""
    known = {service.name: service for service in services}

    def named(names: Iterable[str]) -> frozenset[str]:
        return frozenset(name.removesuffix(".service") for name in names) & known.keys()

    before = {name: named(service.before) for name, service in known.items()}
    needs = {name: named(service.requires) for name, service in known.items()}
    ordered_before = _turned(before)
    after = {name: named(service.after) | ordered_before[name] for name, service in known.items()}
    wants = {name: named(service.wants) for name, service in known.items()}
    return Links(after=after, before=_turned(after), needs=needs, wants=wants, needed_by=_turned(needs))


def _turned(arrows: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Turn every arrow round."""
    sources: dict[str, set[str]] = {name: set() for name in arrows}
    for source, targets in arrows.items():
        for target in targets:
            sources[target].add(source)
    return {name: frozenset(found) for name, found in sources.items()}


def drawn_in(links: Links, name: str, kind: Kind) -> tuple[str, ...]:
    """Return the other services that the same job concerns: those it needs are started, those that need it stopped.

    A restart concerns those that need it, too: they are restarted if they run.
    """
    found: list[str] = []
    waiting = [name]
    while waiting:
        at = waiting.pop()
        for near in sorted(links.needs[at] | links.wants[at] if kind is Kind.START else links.needed_by[at]):
            if near != name and near not in found:
                found.append(near)
                waiting.append(near)
    return () if kind is Kind.RELOAD else tuple(found)


def may_run(links: Links, name: str, jobs: Mapping[str, Kind]) -> bool:
    """Say whether a service's job may begin beside the other unfinished ones.

    systemd.unit(5), Before=, After=: starts in order, stops in reverse order, and a stop always before a start.
    """
    if jobs[name] in _STOPS:
        return not any(jobs.get(other) in _STOPS for other in links.before[name])
    return not any(other in jobs for other in links.after[name]) and not any(
        jobs.get(other) in _STOPS for other in links.before[name]
    )
