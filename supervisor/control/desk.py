"""What is needed to answer requests, and whom their names mean."""

import fnmatch
from collections.abc import Callable, Iterable

from ...units.light import dataclass
from ...units.unit_names import full_name, short_name
from ..definitions.catalog import Loaded
from ..definitions.current import Definitions
from ..jobs import Jobs
from ..obey import Supervisor
from ..unit import Unit

LogPath = Callable[[str], str | None]


@dataclass(frozen=True)
class Desk:
    """Whoever answers needs these.

    shut_down ends the supervisor, which then is `stopping`; log_path tells where a service's output is. definitions:
    where units are found that are not known yet. watch: calls back after every turn of the loop, until that says True.
    """

    supervisor: Supervisor
    jobs: Jobs
    shut_down: Callable[[], None]
    stopping: Callable[[], bool]
    log_path: LogPath
    definitions: Definitions
    watch: Callable[[Callable[[], bool]], None]


@dataclass(frozen=True)
class Chosen:
    """Whom names mean. absent: those that were named and cannot be had, and why. vain: patterns that match nothing."""

    units: list[Unit]
    absent: list[Loaded]
    vain: list[str]

    @property
    def notes(self) -> list[str]:
        """Say which patterns match nothing: no failure for systemctl, but mostly a slip."""
        return [f"{pattern}: no service that is known matches; 'farmhand list' shows them" for pattern in self.vain]


def choose(desk: Desk, names: Iterable[str]) -> Chosen:
    """Find the units that are meant; a pattern means those of the ones known that match, no name means all of them.

    A name may be without its type, an alias, or a template ("worker@": all its instances).
    """
    units, names = desk.supervisor.units, list(names)
    found: dict[str, Unit] = {}
    absent: list[Loaded] = []
    vain: list[str] = []
    for name in names or ["*"]:
        stem = name.removesuffix(".service")
        if any(char in name for char in "*?[") or stem.endswith("@"):
            pattern = f"{stem}*" if stem.endswith("@") else stem
            matching = [known for known in units if _matches(known, pattern) or _matches(full_name(known), name)]
            found.update((known, units[known]) for known in matching)
            if not matching and stem.endswith("@"):
                absent.append(Loaded(name))
            elif not matching and names:
                vain.append(name)
        elif short_name(full_name(name)) in units:
            found[short_name(full_name(name))] = units[short_name(full_name(name))]
        else:
            (loaded,) = desk.definitions.find([name])
            if loaded.service is not None:
                found[loaded.service.name] = units[loaded.service.name]
            else:
                absent.append(loaded)
    return Chosen(list(found.values()), absent, vain)


def _matches(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern)


def complaint(desk: Desk, loaded: Loaded) -> str:
    """Say why a unit cannot be had, and what to do about it."""
    if loaded.state == "masked":
        return f"{loaded.name}: it is masked by {loaded.fragment}; remove that, and say 'farmhand daemon-reload'"
    if loaded.problem is not None:
        return f"{loaded.problem}; then say 'farmhand daemon-reload'"
    known = ", ".join(desk.supervisor.units)
    return f"{short_name(loaded.name)}: there is no such service; there are {known}"
