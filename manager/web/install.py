"""The unit file made for one very worker, from what its form says. Pure."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...units.dialects import systemd
from ...units.errors import BadValue
from ...units.restart_codes import refuse_restart_code
from ...units.worker_unit import Worker, annotate, worker_service
from ...worker.wire import RESTART_EXIT_CODE

FILE = "farmhand-worker.service"

# The lines that the restart contract rests on.
VITAL = frozenset({"ExecStart", "Restart", "RestartForceExitStatus", "SuccessExitStatus"})

_OUTPUT = "Where tasks write, apart by colons; they have to be there. It can write nowhere else"


@dataclass(frozen=True)
class Field:
    """One field of the form: its name in the address, its label, what it says now, and a hint."""

    name: str
    label: str
    value: str
    hint: str = ""


@dataclass(frozen=True)
class Line:
    """One line of the unit and why it stands there; a line without `=` is all `head`."""

    head: str
    value: str
    why: str
    section: bool
    vital: bool


@dataclass(frozen=True)
class Step:
    """One step of the installation, and the command that does it."""

    title: str
    command: str


@dataclass(frozen=True)
class Unit:
    path: str
    text: str
    lines: Sequence[Line]


def fields(name: str, manager: str, given: Mapping[str, str], storage: str = "") -> list[Field]:
    """Return the form as it was sent, or with what is likely for this worker. storage: where jobs put their files."""
    near = urlsplit(given.get("manager", manager)).hostname in ("localhost", "127.0.0.1", "::1")
    likely = [
        Field("name", "Name", name),
        Field(
            "manager", "Manager", manager, "Only the manager's own machine reaches it by this address" if near else ""
        ),
        Field("code", "Restart code", str(RESTART_EXIT_CODE), "Empty: it cannot be restarted from here"),
        Field("program", "Program", "/usr/local/bin/farmhand-worker", "Where it is on that machine"),
        Field("user", "User", "farmhand", "Empty: root, which is not advised"),
        Field("folder", "Folder", "/var/lib/farmhand", "Where it runs; flamenco-worker.yaml may be there"),
        Field("output", "Output folders", storage if storage.startswith("/") else "", _OUTPUT),
    ]
    return [Field(one.name, one.label, given.get(one.name, one.value).strip(), one.hint) for one in likely]


def unit(form: Sequence[Field]) -> Unit:
    """Make the unit file; raises BadValue, which names the field."""
    said = {field.name: field.value for field in form}
    worker = Worker(
        name=said["name"],
        manager_url=said["manager"],
        program=said["program"],
        restart_code=restart_code(said["code"]),
        user=said["user"] or None,
        folder=said["folder"] or None,
        output_folders=output_folders(form),
    )
    rendered = systemd.write(worker_service(worker))
    return Unit(rendered.path, rendered.text, [line(text, why) for text, why in annotate(rendered.text)])


def steps(form: Sequence[Field], path: str) -> list[Step]:
    """Say how the unit gets onto its machine; systemd starts nothing whose user or folder is missing."""
    said = {field.name: field.value for field in form}
    user, folder = shlex.quote(said["user"]), shlex.quote(said["folder"])
    owner = f"-o {user} " if said["user"] else ""
    return [
        *([Step("Make its user", f"sudo useradd --system --home-dir {folder} {user}")] if said["user"] else []),
        *([Step("Make its folder", f"sudo install -d {owner}{folder}")] if said["folder"] else []),
        Step("Put the file in place", f"sudo install -m 644 {FILE} {path}"),
        Step("Let systemd check it", f"systemd-analyze verify {path}"),
        Step("Start it now and at boot", f"sudo systemctl enable --now {FILE}"),
    ]


def output_folders(form: Sequence[Field]) -> tuple[str, ...]:
    """Return the folders that the form names."""
    text = next(field.value for field in form if field.name == "output")
    return tuple(folder.strip() for folder in text.split(":") if folder.strip())


def restart_code(text: str) -> int | None:
    """Read the field; raises BadValue for what cannot mean a restart."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise BadValue(f'code: "{text}" is not an exit code', "write a number such as 47")
    if reason := refuse_restart_code(int(text)):
        raise BadValue(f"code: {text} cannot be the restart code: {reason}", f"{RESTART_EXIT_CODE} is the usual one")
    return int(text)


def line(text: str, why: str) -> Line:
    key, equals, value = text.partition("=")
    return Line(
        head=key, value=equals + value, why=why, section=text.startswith("["), vital=bool(equals) and key in VITAL
    )
