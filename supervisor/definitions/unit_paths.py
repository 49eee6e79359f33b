"""Where unit files are: the folders, and which file, link and drop-in in them belongs to which name.

systemd.unit(5), "Unit File Load Path" and "Description"; systemd, src/basic/unit-file.c. Names are whole here,
with their type: "worker@1.service".
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...units.light import Literal, dataclass
from ...units.unit_names import unit_type

Scope = Literal["system", "user"]

_SYSTEM = (
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_USER = ("/usr/local/share/systemd/user", "/usr/share/systemd/user", "/usr/local/lib/systemd/user")


def folders(scope: Scope, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the folders to look in, the most important first; FARMHAND_UNIT_PATH replaces them.

    One that ends in a colon comes before them, as with SYSTEMD_UNIT_PATH.
    """
    given = environ.get("FARMHAND_UNIT_PATH", ":")
    own = [os.path.abspath(folder) for folder in given.split(":") if folder]
    usual = (_SYSTEM if scope == "system" else _of_user(environ)) if given.endswith(":") else ()
    return _distinct([*own, *usual])


def _of_user(environ: Mapping[str, str]) -> Iterator[str]:
    home = environ.get("HOME") or os.path.expanduser("~")
    config = environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    data = environ.get("XDG_DATA_HOME") or f"{home}/.local/share"
    runtime = environ.get("XDG_RUNTIME_DIR")
    yield f"{config}/systemd/user.control"
    yield f"{config}/systemd/user"
    yield from (f"{folder}/systemd/user" for folder in ("/etc/xdg", "/etc"))
    yield from (f"{folder}/systemd/user" for folder in (runtime, "/run") if folder)
    yield f"{data}/systemd/user"
    yield from _USER
    yield "/usr/lib/systemd/user"


def _distinct(found: Iterable[str]) -> tuple[str, ...]:
    """Drop the folders that are another name of an earlier one, as /lib mostly is of /usr/lib."""
    return tuple({os.path.realpath(folder): folder for folder in reversed(list(found))}.values())[::-1]


@dataclass(frozen=True)
class Found:
    """What belongs to a unit. fragment: the file that defines it, "" for none; names: its own and its aliases."""

    name: str
    fragment: str
    drop_ins: tuple[str, ...]
    names: tuple[str, ...]


class Index:
    """What there is in the folders, looked at again when one of them has changed."""

    def __init__(self, folders: Sequence[str]) -> None:
        self.folders = tuple(folders)
        self._stamps: list[int] = []
        self._files: dict[str, str] = {}
        self._links: dict[str, str] = {}
        self._below: frozenset[str] = frozenset()

    def find(self, name: str) -> Found:
        """Say what belongs to a name, which may be another name of the unit."""
        self._look()
        main = self._main(name)
        names = self._names(main)
        fragment = self._files.get(main) or self._files.get(template(main) or "", "")
        return Found(main, fragment, tuple(self._drop_ins(names, ".d", ".conf")), names)

    def dependencies(self, names: tuple[str, ...], suffix: str) -> tuple[str, ...]:
        """Return the names in the folders NAME.wants or NAME.requires: links, and none of them to /dev/null."""
        paths = self._drop_ins(names, suffix, "")
        return tuple(
            os.path.basename(path) for path in paths if os.path.islink(path) and os.path.realpath(path) != os.devnull
        )

    def is_wanted(self, names: tuple[str, ...]) -> bool:
        """Say whether a link in some NAME.wants or NAME.requires names the unit."""
        folders = (path for path in self._below if path.endswith((".wants", ".requires")))
        return any(os.path.islink(f"{folder}/{name}") for folder in folders for name in names)

    def _look(self) -> None:
        stamps = [_stamp(folder) for folder in self.folders]
        if stamps == self._stamps:
            return
        self._stamps = stamps
        self._files, self._links = {}, {}
        below = set()
        within = {os.path.realpath(folder) for folder in self.folders}
        for folder in self.folders:
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.endswith((".d", ".wants", ".requires")):
                        below.add(entry.path)
                    elif unit_type(entry.name) and entry.name not in self._files | self._links:
                        self._take(entry, within)
        self._below = frozenset(below)

    def _take(self, entry: "os.DirEntry[str]", within: set[str]) -> None:
        """Note one entry: a file, a link to a file elsewhere, or a link to another unit, which is an alias."""
        if not entry.is_symlink():
            if entry.is_file():
                self._files[entry.name] = entry.path
            return
        place = os.path.normpath(os.path.join(os.path.dirname(entry.path), os.readlink(entry.path)))
        folder, other = os.path.split(place)
        if os.path.realpath(folder) in within and other != entry.name:
            if _may_stand_for(entry.name, other):
                self._links[entry.name] = other
        elif os.path.exists(entry.path):
            self._files[entry.name] = entry.path

    def _main(self, name: str) -> str:
        """Follow aliases to the unit that a name means; it is itself where they lead nowhere."""
        at, seen = name, {name}
        while (link := self._link(at)) and link not in seen:
            at = link
            seen.add(at)
        return at if at in self._files or (template(at) or "") in self._files else name

    def _link(self, name: str) -> str | None:
        if name in self._files:
            return None
        other = self._links.get(name) or self._links.get(template(name) or "")
        return _filled(other, instance(name)) if other else None

    def _names(self, main: str) -> tuple[str, ...]:
        """Return the unit's name and its aliases."""
        others = [_filled(link, instance(main)) for link in sorted(self._links)]
        return (main, *(name for name in dict.fromkeys(others) if name != main and self._main(name) == main))

    def _drop_ins(self, names: tuple[str, ...], suffix: str, ending: str) -> list[str]:
        """Return the files in the folders of all names, by file name; of two with the same one the first counts."""
        found: dict[str, str] = {}
        top = names[0].rpartition(".")[2]
        for path in [*self._folders_of(names, suffix), *(f"{folder}/{top}{suffix}" for folder in self.folders)]:
            if path in self._below:
                with contextlib.suppress(OSError):
                    for file in os.listdir(path):
                        if file.endswith(ending) and not file.startswith("."):
                            found.setdefault(file, f"{path}/{file}")
        return [found[file] for file in sorted(found)]

    def _folders_of(self, names: tuple[str, ...], suffix: str) -> Iterator[str]:
        for name in names:
            for folder in self.folders:
                yield from (f"{folder}/{each}{suffix}" for each in prefixes(name))


def _stamp(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def instance(name: str) -> str:
    """Return what stands between "@" and the type, "" for a template and for what is none."""
    return name.partition("@")[2].rpartition(".")[0]


def is_template(name: str) -> bool:
    """Say whether a whole name is one that instances are made of: "worker@.service"."""
    return "@." in name and not instance(name)


def template(name: str) -> str | None:
    """Return the name of an instance's template: "worker@1.service" is made from "worker@.service"."""
    return f"{name.partition('@')[0]}@.{name.rpartition('.')[2]}" if instance(name) else None


def _filled(name: str, instance: str) -> str:
    """Make a template's name that of an instance; any other name stays."""
    return name.replace("@.", f"@{instance}.", 1) if instance else name


def _may_stand_for(name: str, other: str) -> bool:
    """Say whether a link makes an alias: of the same type, and a template for a template.

    systemd, src/shared/install.c, unit_validate_alias_symlink_or_warn.
    """
    if unit_type(name) != unit_type(other) or (template(other) and not template(name)):
        return False
    return ("@" in name) == ("@" in other) and instance(other) in ("", instance(name))


def prefixes(name: str) -> Iterator[str]:
    """Yield the names whose drop-ins a unit has, its own first: "a-b@1.service", "a-b@.service", "a-@1.service" …"""
    stem, _, kind = name.rpartition(".")
    prefix, at, own = stem.partition("@")
    yield name
    if own:
        yield f"{prefix}@.{kind}"
    while (end := prefix.removesuffix("-").rfind("-")) > 0:
        prefix = prefix[: end + 1]
        yield from dict.fromkeys((f"{prefix}{at}{own}.{kind}", f"{prefix}{at}.{kind}", f"{prefix}.{kind}"))
