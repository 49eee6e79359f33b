"""What units there are and what they say: from unit files in systemd's folders, from files that were named, from YAML.

A unit is read when it is first named, or needed by another one; `changed` says whether its files are no longer those
that were read, and `reload` reads all of them again.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping

from ...units.errors import BadConfig, Notice
from ...units.files import read_text
from ...units.light import dataclass, field, replace
from ...units.settings import Settings
from ...units.spec import Service
from ...units.unit_names import full_name, short_name
from .unit_paths import Found, Index, Scope, folders, template

# What brings the computer up is the system's, and counts as reached: systemd.special(7).
_REACHED = """
    basic bluetooth cryptsetup cryptsetup-pre exit final first-boot-complete getty getty-pre halt initrd
    integritysetup kexec local-fs local-fs-pre machines network network-online network-pre nss-lookup nss-user-
    lookup paths poweroff printer reboot remote-cryptsetup remote-fs remote-fs-pre remote-veritysetup rpcbind
    runlevel0 runlevel6 shutdown sigpwr sleep slices smartcard sockets sound suspend swap sysinit system-update
    time-set time-sync timers umount usb-gadget veritysetup veritysetup-pre
"""
REACHED = frozenset(f"{name}.target" for name in _REACHED.split())
_NEED_NO_FILE = ("default.target", "multi-user.target")
# Fields of a Service that name units which have to be known, too, for it to do as it says.
_DRAWN_IN = (
    *("requires", "requisite", "wants", "binds_to", "upholds", "part_of", "conflicts", "on_failure", "on_success"),
    *("propagates_stop_to", "stop_propagated_from", "propagates_reload_to", "reload_propagated_from"),
)


@dataclass(frozen=True)
class Loaded:
    """A unit as it was read. name: whole, "x.service". state: systemd's LoadState=; problem: why it cannot be used.

    names: its own and its aliases. fragment: the file that defines it, "" for none.
    """

    name: str
    state: str = "not-found"
    service: Service | None = None
    problem: BadConfig | None = None
    fragment: str = ""
    drop_ins: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    stamps: tuple[int, ...] = field(default=(), compare=False)

    @property
    def why(self) -> str:
        """Say why it cannot be used and how to mend that, "" if it can, or if it is not there at all."""
        if self.state == "masked":
            return f"it is masked by {self.fragment}; remove that, and say 'farmhand daemon-reload'"
        return "" if self.problem is None else f"{self.problem}; then say 'farmhand daemon-reload'"


@dataclass(eq=False)
class Catalog:
    """All that can be had. machine: the texts of specifiers. index: the folders to look in.

    files: unit files that were named, by the name of their unit. farms: YAML files, and the services of each by whole
    name; settings: what each says for the supervisor; read_at: when each was changed last, as it was read; refused:
    what is wrong with them since. tell: called with what a file says that is ignored, and with what is wrong
    with one that is read again.
    """

    machine: Mapping[str, str]
    index: Index
    tell: Callable[[str], None]
    files: dict[str, str] = field(default_factory=dict)
    farms: dict[str, dict[str, Service]] = field(default_factory=dict)
    settings: dict[str, Settings] = field(default_factory=dict)
    read_at: dict[str, int] = field(default_factory=dict)
    refused: dict[str, BadConfig] = field(default_factory=dict)
    loaded: dict[str, Loaded] = field(default_factory=dict)

    def get(self, name: str) -> Loaded:
        """Return a unit, read now if it was not before; its name may be short, or an alias."""
        found = self._find(full_name(name))
        if found.name not in self.loaded or self.loaded[found.name].state == "not-found":
            self.loaded[found.name] = self._read(found)
        return self.loaded[found.name]

    def with_needed(self, names: Iterable[str]) -> list[Loaded]:
        """Return units, and all that these name in Requires= and its like; what is not there among the first only."""
        wanted = [self.get(name) for name in names]
        found = {each.name: each for each in wanted}
        waiting = list(wanted)
        while waiting:
            service = waiting.pop().service
            for name in _named_by(service) if service else ():
                other = self.get(name)
                if other.name not in found and other.state != "not-found":
                    found[other.name] = other
                    waiting.append(other)
        return list(found.values())

    def changed(self, name: str) -> bool:
        """Say whether the files of a unit that was read are other ones now, or others than they were."""
        name = full_name(name)
        for file, services in self.farms.items():
            if name in services:
                return _changed_at(file) != self.read_at[file]
        old = self.loaded.get(name)
        if old is None:
            return False
        now = self._find(old.name)
        return (now.fragment, now.drop_ins, _stamps(now)) != (old.fragment, old.drop_ins, old.stamps)

    def enablement(self, loaded: Loaded) -> str:
        """Say what has a unit started, in the words of `systemctl is-enabled`; files that were named are."""
        if loaded.service is None:
            return loaded.state
        if self._in_farms(loaded.name) or loaded.name in self.files or self.index.is_wanted(loaded.names):
            return "enabled"
        if loaded.service.wanted_by or loaded.service.required_by or loaded.service.alias:
            return "disabled"
        return "indirect" if loaded.service.also else "static"

    def reload(self) -> list[Loaded]:
        """Read everything again; a unit that cannot be read any more stays what it was, and what is wrong is told."""
        self.refused.clear()
        for file in self.farms:
            try:
                self.take_farm(file)
            except BadConfig as bad:
                self.refused[file] = bad
                self.tell(f"{bad}; what was read of the file before stays in force")
        before, self.loaded = self.loaded, {}
        names = dict.fromkeys([*before, *(name for services in self.farms.values() for name in services)])
        for name in names:
            now, old = self.get(name), before.get(name)
            if now.state in ("bad-setting", "error") and old and old.service:
                self.tell(f"{now.problem}; what was read of the file before stays in force")
                self.loaded[name] = replace(old, problem=now.problem, stamps=now.stamps)
        return [self.loaded[name] for name in names if name in self.loaded]

    def take_farm(self, file: str) -> None:
        """Read a YAML file; raises BadConfig."""
        from ...units.dialects import farmhand  # only where YAML is read: its parser takes memory

        self.read_at[file] = _changed_at(file)
        farm = farmhand.read(file, read_text(file), self.machine)
        self.farms[file] = {full_name(service.name): service for service in farm.services}
        self.settings[file] = farm.settings

    def _in_farms(self, name: str) -> Service | None:
        return next((services[name] for services in self.farms.values() if name in services), None)

    def _find(self, name: str) -> Found:
        if self._in_farms(name):
            return Found(name, "", (), (name,))
        file = self.files.get(name) or self.files.get(template(name) or "")
        if file is None:
            return self.index.find(name)
        beside = Index([os.path.dirname(file)]).find(name)
        return Found(name, file, beside.drop_ins, (name,))

    def _read(self, found: Found) -> Loaded:
        if service := self._in_farms(found.name):
            return Loaded(found.name, "loaded", service, names=found.names)
        loaded = Loaded(
            found.name, "not-found", None, None, found.fragment, found.drop_ins,
            found.names, (), _stamps(found),
        )  # fmt: skip
        if not found.fragment:
            return self._without_file(loaded)
        from ...units.dialects import systemd  # the parsers take memory, and most files are read aside

        try:
            reading = systemd.read(
                found.fragment, read(found.fragment), self.machine, found.name, _texts(found.drop_ins)
            )
        except BadConfig as bad:
            if bad.load_state == "masked":
                return replace(loaded, state="masked")
            for notice in bad.warnings:
                self.tell(str(notice))
            return replace(loaded, state=bad.load_state, problem=bad)
        for notice in reading.warnings:
            self.tell(str(notice))
        service = self._with_links(reading.service, found.names)
        return replace(loaded, state="loaded", service=service, notices=reading.warnings)

    def _without_file(self, loaded: Loaded) -> Loaded:
        """Take a target that links say what it wants of, though nobody wrote a file for it, as there."""
        from ...units.draft import Draft

        service = self._with_links(Draft(short_name(loaded.name), "").as_target(), loaded.names)
        is_there = loaded.name in _NEED_NO_FILE and (service.wants or service.requires)
        return replace(loaded, state="loaded", service=service) if is_there else loaded

    def _with_links(self, service: Service, names: tuple[str, ...]) -> Service:
        """Add what links in NAME.wants and NAME.requires say; systemd.unit(5), "WantedBy="."""
        wants, requires = (
            tuple(map(short_name, self.index.dependencies(names, suffix))) for suffix in (".wants", ".requires")
        )
        if not (wants or requires):
            return service
        from ...units.kinds import append_new

        after = append_new(service.after, (*wants, *requires)) if service.name.endswith(".target") else service.after
        wants, requires = append_new(service.wants, wants), append_new(service.requires, requires)
        return replace(service, wants=wants, requires=requires, after=after)


def _named_by(service: Service) -> Iterable[str]:
    for each in _DRAWN_IN:
        for name in getattr(service, each):
            if (whole := full_name(name)).endswith((".service", ".target")) and whole not in REACHED:
                yield whole


def drop_ins_beside(file: str) -> list[tuple[str, str]]:
    """Return path and text of each drop-in of a unit file, from the folders beside it; none for another file."""
    folder, name = os.path.split(file)
    return list(_texts(Index([folder or "."]).find(name).drop_ins)) if name.endswith(".service") else []


def files_of(name: str, scope: Scope | None) -> tuple[str, list[tuple[str, str]]]:
    """Return the file that is meant, and its drop-ins. scope: in whose folders a unit's name is looked for.

    Raises BadConfig for a name that none of them knows.
    """
    if scope is None or "/" in name or name.endswith((".yaml", ".yml")):
        return name, drop_ins_beside(name)
    found = Index(folders(scope, os.environ)).find(full_name(name))
    if not found.fragment:
        raise BadConfig(name, 0, "", "there is no such unit", "name one that is in the folders for units, or a file")
    return found.fragment, list(_texts(found.drop_ins))


def read(path: str) -> str:
    """Return a unit file's text, bytes that are no UTF-8 as lone surrogates; "" for a device, as masks are."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except OSError as error:
        problem = f"it cannot be read: {error.strerror}"
        raise BadConfig(path, 0, "", problem, "see that it can be read", load_state="error") from None


def _texts(paths: Iterable[str]) -> Iterable[tuple[str, str]]:
    for path in paths:
        with contextlib.suppress(BadConfig):
            yield path, read(path)


def _stamps(found: Found) -> tuple[int, ...]:
    return tuple(_changed_at(path) for path in (found.fragment, *found.drop_ins) if path)


def _changed_at(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0
