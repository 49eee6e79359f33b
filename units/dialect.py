"""What a service manager's dialect is: one file in dialects/, and one row in dialects/table.py.

What a manager does with a service is said in systemd's words: `means` gives the service as it will really run there,
with KillMode=process if only its main process is killed, with Restart=always if no exit code keeps it down. So what is
lost is the difference between the two (meaning.py), and what will happen is foreseen by the rules of the one policy
(compare.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from .errors import Notice
from .rendered import File, Rendered
from .spec import Service
from .support import System

Scope = Literal["system", "user"]
Way = Literal["native", "supervised"]

# What may happen to a service, by its names in compare.py.
EVENT_NAMES = frozenset({
    *("exit 0", "exit 1", "exit 2", "exit 47", "exit 78", "SIGTERM", "SIGKILL", "SIGABRT"),
    *("hang at start", "hang at stop", "six crashes", "requested stop"),
})  # fmt: skip


@dataclass(frozen=True)
class Target:
    """For whom a definition is written.

    scope: for the machine, or for the user who installs it. variant: one of the dialect's, "" for its first.
    farmhand: what runs `farmhand` there. image: of a container. version: of the service manager, None for any.
    as_written: the service's texts still hold `%` specifiers, and are for a dialect that has them.
    config_folder: where Farmhand's own file is to be, None for the usual place. config: that file itself, in the
    supervised way, for a dialect whose definitions hold it.
    """

    scope: Scope = "system"
    variant: str = ""
    farmhand: str = "/usr/local/bin/farmhand"
    image: str = "python:3.13-slim"
    version: int | None = None
    as_written: bool = False
    config_folder: str | None = None
    config: File | None = None


@dataclass(frozen=True)
class Found:
    """What a reader found in a file: services, and what of the file they do not say."""

    services: tuple[Service, ...]
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Signs:
    """What a service manager's answer says of a service, as regular expressions; "" for what it does not tell.

    running, failed, enabled: found in the answer if it is so. process: finds what is another with each start.
    ask: the question, () for the one that people ask, Commands.status.
    """

    running: str = ""
    failed: str = ""
    enabled: str = ""
    process: str = ""
    ask: tuple[str, ...] = ()


@dataclass(frozen=True)
class Commands:
    """How a service manager is told of a definition: command lines, in their order.

    check: have it say what is wrong. install: once the files are there, have it start with the machine and now.
    uninstall: before the files go. gone: once they are, or what was there before is back. status: how it is; signs: how
    to read that. litter: folders of the service alone, in which the manager leaves something. anew: `install` is
    refused for a service that is installed already, so that it has to be uninstalled before.
    enable, start: `install` for the next start of the machine alone, and for now alone, where that can be told apart.
    hint: what else may be of use once it is installed.
    """

    install: tuple[tuple[str, ...], ...]
    uninstall: tuple[tuple[str, ...], ...]
    status: tuple[str, ...]
    check: tuple[str, ...] = ()
    gone: tuple[tuple[str, ...], ...] = ()
    enable: tuple[tuple[str, ...], ...] = ()
    start: tuple[tuple[str, ...], ...] = ()
    signs: Signs = Signs()
    litter: tuple[str, ...] = ()
    anew: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Dialect:
    """One service manager.

    system: where it is at home, None for more than one. variants: what can be written, the first if nobody says.
    means: the service as it runs there, in systemd's words; what stays in it is what `write` is given.
    read: the other way round, (path, text) to what is Found; raises BadConfig; `endings` of the files that it is for.
    contained: whether it runs a service in an image, so that Farmhand's own file has to be part of the definition.
    specifiers: whether it has systemd's `%` specifiers. hardens: whether it keeps a service from what it does not need.
    checked: the events of compare.py that a machine has played, by the version that it was played with.
    """

    name: str
    title: str
    system: System | None
    means: Callable[[Service, Target], Service]
    write: Callable[[Service, Target], Rendered]
    commands: Callable[[Service, Target], Commands]
    variants: tuple[str, ...] = ("",)
    read: Callable[[str, str], Found] | None = None
    endings: tuple[str, ...] = ()
    contained: bool = False
    specifiers: bool = False
    hardens: bool = False
    checked: Mapping[str, frozenset[str]] = field(default_factory=dict)


def usual_program(dialect: Dialect, name: str) -> str:
    """Give the path of one of our programs on the machines of a service manager, as the how-tos install it."""
    if dialect.system == "windows":
        return rf"C:\farmhand\Scripts\{name}.exe"
    return f"/opt/farmhand/bin/{name}" if dialect.system == "macos" else f"/usr/local/bin/{name}"
