"""What a supervisor is to run: files that were named, or units of systemd's folders, and what to start of them."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ...units import machine
from ...units.errors import BadConfig
from ...units.light import dataclass, field
from ...units.settings import Settings, together
from ...units.spec import Service
from ...units.unit_names import full_name
from ..platforms import impossible, unmet
from .catalog import Catalog, Loaded
from .unit_paths import Index, Scope, folders, template

_YAML = (".yaml", ".yml")


@dataclass(frozen=True)
class Sources:
    """What was named. scope: in whose folders names of units are looked for; None: every name is a file's."""

    names: Sequence[str]
    scope: Scope | None = None


@dataclass(frozen=True)
class Wishes:
    """What `farmhand run` was told.

    sources: what to run. shown: patterns of the services whose output is shown here as well. needs_control: whether it
    is no use to run without the socket. leftovers: "adopt" or "stop", or "" for what the files say. exit_with: the
    service whose exit code is the supervisor's.
    """

    sources: Sources
    control: str
    log_folder: str | None = None
    shown: Sequence[str] = ()
    needs_control: bool = True
    leftovers: str = ""
    exit_with: str = ""


@dataclass
class Plan:
    """What there is to run. services: what was named and what that needs. start: what to start of them.

    notices: what services ask for in vain, in words.
    """

    catalog: Catalog
    start: tuple[str, ...] = ()
    services: dict[str, Service] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @property
    def settings(self) -> Settings:
        return together(self.catalog.settings.values())


def read(sources: Sources, say: Callable[[str], None], environ: Mapping[str, str] = os.environ) -> Plan:
    """Read what is named; raises BadConfig where that cannot be run. A service may be in one file only."""
    paths = folders(sources.scope, environ) if sources.scope else ()
    plan = Plan(Catalog(machine.here(), Index(paths), say))
    names: list[str] = []
    for name in sources.names:
        if sources.scope and "/" not in name and not name.endswith(_YAML):
            names.append(full_name(name))
        else:
            names += _take_file(plan, name, names)
    if sources.scope and not names:
        names = [_usual(plan.catalog)]
    loaded = [_demand(plan.catalog.get(name), say) for name in names]
    plan.start = tuple(dict.fromkeys(each.service.name for each in loaded if each.service))
    needed = plan.catalog.with_needed(names)
    plan.services = {each.service.name: each.service for each in needed if each.service}
    for each in needed:
        if each.problem is not None:
            say(str(each.problem))
    plan.notices = tuple(in_vain(plan.services.values()))
    if sources.scope is None:
        # The supervisor itself reads aside, and has no use for what only that needs.
        from ...units.check import absent, foreign

        services = list(plan.services.values())
        for notice in absent(services):
            say(str(notice))
        if told := foreign(services):
            say(told)
    return plan


def in_vain(services: Iterable[Service]) -> Iterator[str]:
    """Say which directives of services are not in force here."""
    from ...units.directives import without_effect

    for service in services:
        if kept := sorted({line.key for line in without_effect(service)}):
            yield f"{service.name}: ignoring {', '.join(f'{key}=' for key in kept)}; 'farmhand check' says more"
        if words := impossible(service):
            yield f"{service.name}: it cannot be started here: {words}"
        if absent := unmet(service):
            keys = ", ".join(f"{key}=" for key in absent)
            yield f"{service.name}: ignoring {keys}: this system does not let Farmhand do it"


def _take_file(plan: Plan, file: str, others: Sequence[str]) -> list[str]:
    """Note a file that was named; returns the whole names of its services."""
    if file.endswith((".service", ".target")):
        names = [_take_unit(plan.catalog, file)]
    else:
        plan.catalog.take_farm(file)
        names = list(plan.catalog.farms[file])
    for name in names:
        if name in others:
            problem = "another file has this service too"
            raise BadConfig(file, 0, name.removesuffix(".service"), problem, "rename one of them")
    return names


def _take_unit(catalog: Catalog, file: str) -> str:
    """Note a unit file; that of an instance may be its template's: worker@1.service for worker@.service."""
    folder, name = os.path.split(file)
    stem, dot, kind = name.rpartition(".")
    if stem.endswith("@"):
        hint = f"name an instance: {os.path.join(folder, stem)}1{dot}{kind}"
        raise BadConfig(file, 0, "", "it is a template and cannot run as it is", hint)
    pattern = template(name)
    source = os.path.join(folder, pattern) if pattern and not os.path.exists(file) else file
    if not os.path.exists(source):
        raise BadConfig(file, 0, "", "there is no such file", "name one that is there")
    catalog.files[name] = os.path.abspath(source)
    return name


def _usual(catalog: Catalog) -> str:
    """Return the target that is started where nothing is named: docs/decisions/0019."""
    return next(
        (name for name in ("default.target", "multi-user.target") if catalog.get(name).service), "default.target"
    )


def _demand(loaded: Loaded, say: Callable[[str], None]) -> Loaded:
    """Refuse a unit that was named and cannot be had; one that is masked is left alone."""
    if loaded.state == "masked":
        say(f"{loaded.name}: it is masked by {loaded.fragment} and is not started")
    elif loaded.problem is not None:
        raise loaded.problem
    elif loaded.service is None:
        raise BadConfig(
            loaded.name, 0, "", "there is no such unit", "name one that is in the folders for units, or a file"
        )
    return loaded
