"""What is needed to answer requests, and whom their names mean."""

import fnmatch
from collections.abc import Callable, Iterable

from ...units.errors import nearest
from ...units.light import dataclass
from ...units.unit_names import full_name, short_name
from ..definitions.catalog import Loaded
from ..definitions.current import Definitions
from ..definitions.unit_paths import is_template
from ..jobs import Jobs
from ..obey import Supervisor
from ..unit import Unit

LogPath = Callable[[str], str | None]


@dataclass(frozen=True)
class Desk:
    """Whoever answers needs these.

    shut_down ends the supervisor, which then is `stopping`; log_path tells where a service's output is. definitions:
    where units are found that are not known yet. watch: calls back after every turn of the loop, until that says True.
    reload: reads all files again; see `Definitions.reload`.
    """

    supervisor: Supervisor
    jobs: Jobs
    shut_down: Callable[[], None]
    stopping: Callable[[], bool]
    log_path: LogPath
    definitions: Definitions
    watch: Callable[[Callable[[], bool]], None]
    reload: Callable[[], tuple[list[str], list[str]]]


@dataclass(frozen=True)
class Chosen:
    """Whom names mean, as they were named: units, and what is known of those that cannot be had.

    vain: patterns that match nothing.
    """

    found: list[Unit | Loaded]
    vain: list[str]

    @property
    def units(self) -> list[Unit]:
        return [each for each in self.found if isinstance(each, Unit)]

    @property
    def notes(self) -> list[str]:
        """Say which patterns match nothing: no failure for systemctl, but mostly a slip."""
        return [f"{pattern}: no service that is known matches; 'farmhand list' shows them" for pattern in self.vain]


def choose(desk: Desk, names: Iterable[str]) -> Chosen:
    """Find the units that are meant; a pattern means those of the ones known that match, no name means all of them.

    A name may be without its type, an alias, or a template ("worker@": all its instances).
    """
    units, names = desk.supervisor.units, list(names)
    found: dict[str, Unit | Loaded] = {}
    vain: list[str] = []
    for name in names or ["*"]:
        if is_pattern(name) or is_template(full_name(name)):
            matching = matches(desk, name)
            found.update((known, units[known]) for known in matching)
            if not matching and not is_pattern(name):
                found[name] = Loaded(full_name(name))
            elif not matching and names:
                vain.append(name)
        elif short_name(full_name(name)) in units:
            found[short_name(full_name(name))] = units[short_name(full_name(name))]
        else:
            (loaded,) = desk.definitions.find([name])
            if loaded.service is not None:
                found[loaded.service.name] = units[loaded.service.name]
            else:
                found[loaded.name] = loaded
    return Chosen(list(found.values()), vain)


def is_pattern(name: str) -> bool:
    return any(char in name for char in "*?[")


def matches(desk: Desk, pattern: str) -> list[str]:
    """Return the names of the known units that a pattern or a template means."""
    stem = pattern.removesuffix(".service")
    short = f"{stem}*" if stem.endswith("@") else stem
    return [
        known
        for known in desk.supervisor.units
        if fnmatch.fnmatchcase(known, short) or fnmatch.fnmatchcase(full_name(known), pattern)
    ]


def complaint(desk: Desk, loaded: Loaded) -> str:
    """Say why a unit cannot be had, and what to do about it."""
    if loaded.why:
        return f"{loaded.name}: {loaded.why}" if loaded.problem is None else loaded.why
    name = short_name(loaded.name)
    if is_template(loaded.name):
        return f"{name}: it is a template and has no instances here; name one: {name}1"
    near = nearest(name, desk.supervisor.units)
    hint = f'did you mean "{near}"?' if near else "'farmhand list' shows those that there are"
    return f"{name}: there is no such service; {hint}"
