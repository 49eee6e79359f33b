"""Brings what the catalog says to the services that run: units on demand, and what has changed on `daemon-reload`.

What runs is left alone: a new definition counts from the next decision on. A unit whose file is gone runs on until it
stops, is not started again, and then is gone, too.
"""

from collections.abc import Callable, Iterable, Sequence

from ...units.light import dataclass, field, replace
from ...units.settings import Settings, together
from ...units.spec import Service, StatusSet
from ...units.unit_names import full_name, short_name
from ..rules.states import RESTING
from ..unit import Unit
from .catalog import Catalog, Loaded
from .unit_paths import is_template


@dataclass(eq=False)
class Definitions:
    """define: gives units their services, new units and those that are there; drop: forgets units that rest.

    configure: puts into force what the files say for the supervisor itself.
    """

    catalog: Catalog
    units: dict[str, Unit]
    define: Callable[[Sequence[Service]], None]
    drop: Callable[[Sequence[str]], None]
    log: Callable[[str], None]
    configure: Callable[[Settings], None]
    gone: set[str] = field(default_factory=set)

    def find(self, names: Iterable[str]) -> list[Loaded]:
        """Return units by their names, and take in what is new of them and of what they need."""
        named = [self.catalog.get(name) for name in names]
        needed = [each for each in self.catalog.with_needed(names) if not is_template(each.name)]
        new = [each for each in needed if short_name(each.name) not in self.units]
        services = [each.service for each in new if each.service]
        self.define(services)
        if services:
            from .plan import in_vain  # what is read at the start is read, and told of, elsewhere

            for notice in in_vain(services):
                self.log(notice)
        for each in new:
            if each.problem is not None and each not in named:
                self.log(str(each.problem))
        return named

    def problem(self, name: str) -> str:
        """Say why a unit that there is something by the name of cannot be used, "" if it can or there is nothing."""
        loaded = self.catalog.loaded.get(full_name(name))
        return loaded.why if loaded is not None else ""

    def reload(self) -> tuple[list[str], list[str]]:
        """Read all files again; returns in words what is wrong with some, and what is not in force yet."""
        before = together(self.catalog.settings.values())
        loaded = self.catalog.reload()
        notes = self._put_into_force(before, together(self.catalog.settings.values()))
        self.gone.clear()
        self.define([each.service for each in loaded if each.service])
        for each in loaded:
            unit = self.units.get(short_name(each.name))
            if unit is not None and each.service is None:
                self.gone.add(unit.name)
                self.define([replace(unit.service, restart="no", restart_force_exit_status=StatusSet())])
        self.find([each.name for each in loaded if each.service])
        refused = self.catalog.refused.values()
        return [str(problem) for problem in (*refused, *(each.problem for each in loaded if each.problem))], notes

    def _put_into_force(self, before: Settings, now: Settings) -> list[str]:
        """See to what the files say for the supervisor itself; returns what has to wait."""
        if now != before:
            self.configure(now)
        if now.log_directory == before.log_directory:
            return []
        return ["LogDirectory has changed: logs stay where they are; 'farmhand reexec' puts it into force"]

    def drop_gone(self) -> None:
        """Forget the units whose files are gone, as soon as they rest."""
        if at_rest := [name for name in self.gone if self.units[name].life.state in RESTING]:
            self.gone.difference_update(at_rest)
            self.drop(at_rest)
