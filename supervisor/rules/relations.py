"""What the relations between services mean: Requires=, BindsTo=, PartOf=, Conflicts= … No clock, no I/O.

Each relation is made of facets, and whoever acts on relations goes by facet: "whom does my start pull in", "who is
stopped with me" (systemd, src/core/unit-dependency-atom.c, whose table this is). A relation has facets at both ends:
who is required is pulled in, who requires is stopped along.
"""

from collections.abc import Iterable, Mapping

from ...units.light import Enum, dataclass
from ...units.spec import Service
from ...units.unit_names import unit_type


class Facet(Enum):
    """What one service's doings mean to another one."""

    __hash__ = object.__hash__  # members are themselves alone; Enum looks at their names, which takes time

    BEFORE = "is ordered before"
    AFTER = "is ordered after"
    # In the transaction of a start.
    STARTS = "starts it, too, and does without no more than it"
    MAY_START = "starts it, too, if that can be"
    CHECKS = "starts only if it is active"
    STOPS_RIVAL = "stops it, for the two exclude each other"
    MAY_STOP_RIVAL = "stops it if nobody needs it"
    # In the transaction of a stop, restart or reload.
    STOPS = "stops it, too"
    RESTARTS = "restarts it, too, if it runs"
    RELOADS = "reloads it, too, if it runs"
    # When a job ends.
    FAILS_START = "its start waits in vain if this one fails"
    FAILS_START_IF_DOWN = "its start waits in vain if this one is not active after its start"
    FAILS_START_IF_UP = "its start waits in vain if this one cannot be stopped"
    # When a service changes its state without a job.
    STARTED_ALONG = "is started with it"
    STARTED_ALONG_IF_FREE = "is started with it, if nothing speaks against it"
    STOPPED_ALONG = "is stopped with it"
    RIVAL_STOPPED = "is stopped when it starts"
    # What holds all the time.
    BOUND_TO = "cannot be active without"
    BINDS = "is looked at when it has stopped"
    UPHELD_BY = "is to be active while it is"
    UPHOLDS = "is looked at when it has started"
    NEEDED_BY = "keeps it from being unneeded"
    NEEDS = "may be unneeded when it has stopped"
    ON_FAILURE = "is started when it fails"
    ON_SUCCESS = "is started when it ends well"
    FAILURE_OF = "is told of the failure of"
    SUCCESS_OF = "is told of the end of"


F = Facet
_NEEDED = (F.STOPS, F.RESTARTS, F.FAILS_START, F.NEEDED_BY)

# Field of a Service -> (facets of the one that has it, facets of the one it names).
RELATIONS: Mapping[str, tuple[tuple[Facet, ...], tuple[Facet, ...]]] = {
    "after": ((F.AFTER,), (F.BEFORE,)),
    "before": ((F.BEFORE,), (F.AFTER,)),
    "requires": ((F.STARTS, F.STARTED_ALONG, F.NEEDS), _NEEDED),
    "requisite": ((F.CHECKS, F.NEEDS), (*_NEEDED, F.FAILS_START_IF_DOWN)),
    "wants": ((F.MAY_START, F.STARTED_ALONG_IF_FREE, F.NEEDS), (F.NEEDED_BY,)),
    "binds_to": ((F.STARTS, F.STARTED_ALONG, F.BOUND_TO, F.NEEDS), (*_NEEDED, F.STOPPED_ALONG, F.BINDS)),
    "upholds": ((F.MAY_START, F.STARTED_ALONG, F.UPHOLDS, F.NEEDS), (F.UPHELD_BY, F.NEEDED_BY)),
    "part_of": ((), (F.STOPS, F.RESTARTS)),
    "conflicts": ((F.STOPS_RIVAL, F.RIVAL_STOPPED), (F.MAY_STOP_RIVAL, F.RIVAL_STOPPED, F.FAILS_START_IF_UP)),
    "propagates_stop_to": ((F.STOPS, F.STOPPED_ALONG), ()),
    "stop_propagated_from": ((), (F.STOPS, F.STOPPED_ALONG)),
    "propagates_reload_to": ((F.RELOADS,), ()),
    "reload_propagated_from": ((), (F.RELOADS,)),
    "on_failure": ((F.ON_FAILURE,), (F.FAILURE_OF,)),
    "on_success": ((F.ON_SUCCESS,), (F.SUCCESS_OF,)),
}


@dataclass(frozen=True, eq=False)
class Links:
    """How the services hang together: facet -> name -> the names of the others. One that is named may not be there.

    concerned: whose state matters to another service, or to itself as StopWhenUnneeded= does. services: those linked.
    """

    arrows: Mapping[Facet, Mapping[str, tuple[str, ...]]]
    concerned: frozenset[str]
    services: tuple[Service, ...] = ()

    def of(self, facet: Facet, name: str) -> tuple[str, ...]:
        return self.arrows[facet].get(name, ())


def link(services: Iterable[Service]) -> Links:
    """Read the relations of all services. Other types of unit are the system's: they are left out, as if there.

    A target that is among the services is like one of them.
    """
    arrows: dict[Facet, dict[str, dict[str, None]]] = {facet: {} for facet in Facet}
    known = {service.name: service for service in services}
    for service in known.values():
        for field, (own, other) in RELATIONS.items():
            for target in getattr(service, field):
                target = target.removesuffix(".service")
                if target == service.name or (unit_type(target) and target not in known):
                    continue
                for facet in own:
                    arrows[facet].setdefault(service.name, {})[target] = None
                for facet in other:
                    arrows[facet].setdefault(target, {})[service.name] = None
    unneeded = (service.name for service in known.values() if service.stop_when_unneeded)
    return Links(
        {facet: {name: tuple(found) for name, found in each.items()} for facet, each in arrows.items()},
        frozenset(unneeded).union(*arrows.values()),
        tuple(known.values()),
    )


def named_by(links: Links) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return who names whom: name -> field of a Service -> the services that have it there, by their names."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for service in links.services:
        for field in RELATIONS:
            for name in getattr(service, field):
                others = found.setdefault(name.removesuffix(".service"), {})
                others[field] = (*others.get(field, ()), service.name)
    return found
