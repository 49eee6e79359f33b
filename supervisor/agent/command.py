"""`farmhand agent`: tells a manager how a node's services are, and starts or restarts them when it is asked to."""

import argparse
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ...units.errors import BadValue
from ...units.grammar import parse_span
from ...units.light import Any
from ...units.unit_names import short_name
from ..control.protocol import default_path
from ..control.verbs import fail
from ..exit_codes import BAD_INPUT
from ..platforms import native, native_places, system
from ..rules.warrants import allows
from ..say import say
from . import kept
from .farmhand import Farmhand
from .kept import CREDENTIALS, BadFile, Credentials, Folder
from .manager import Manager, Refused, Unknown
from .node import Node
from .rounds import Agent, patiently

HELP = "tell a manager how services are, and start or restart them when it asks; nothing else"
DENIED = 77  # the manager does not know this agent any more: as a worker's exit code
_PACE = 5.0
_CODE = "FARMHAND_ENROLMENT_CODE"


def add_parser(verbs: Any, control: argparse.ArgumentParser) -> None:
    """Add the command to argparse's sub-commands."""
    parser = verbs.add_parser("agent", parents=[control], help=HELP, description=HELP)
    parser.add_argument("--manager", required=True, type=_url, metavar="URL", help="where the manager is")
    parser.add_argument(
        "--service",
        action="append",
        required=True,
        dest="services",
        type=short_name,
        metavar="NAME",
        help="a service that it may start and restart, or a pattern such as 'worker@*'; may be repeated",
    )
    parser.add_argument(
        "--supervisor",
        choices=("farmhand", "systemd"),
        default="farmhand",
        help="who runs the services (default: farmhand); of systemd only units that are named in full",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder for its credentials")
    parser.add_argument("--name", default="", help="what it is called at the manager (default: this computer's name)")
    parser.add_argument(
        "--enrolment-code-file",
        type=Path,
        metavar="FILE",
        help=f"the code that lets this agent in when it enrols (default: ${_CODE})",
    )
    parser.add_argument(
        "--pace", type=_span, default=_PACE, metavar="SPAN", help="systemd: time between two looks (default: 5s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Be an agent until somebody says stop; returns the exit code."""
    if arguments.manager.startswith("http:"):
        sys.modules.setdefault("ssl", None)  # type: ignore[arg-type]  # http.client does without: it takes 5 MiB
    path, names = arguments.data or _data_folder(os.environ), tuple(arguments.services)
    try:
        _check(names, arguments.supervisor)
        folder = Folder(path, native().keep_private)
        manager = Manager(arguments.manager, "farmhand-agent")
        known = folder.credentials() or _enrol(
            manager, folder, arguments.name or socket.gethostname(), _code(arguments)
        )
        Agent(known, manager, _node(arguments, names), folder, names).run()
    except BadFile as problem:
        return fail(f"farmhand agent: {problem}", BAD_INPUT)
    except OSError as problem:
        told = f"it cannot be used: {problem.strerror or problem}; choose another folder, or change its owner"
        return fail(f"farmhand agent: --data: {path}: {told}", BAD_INPUT)
    except Refused as problem:
        return fail(f"farmhand agent: {arguments.manager} does not take it: {problem}", BAD_INPUT)
    except Unknown as problem:
        anew = f"; remove {path / CREDENTIALS} to enrol anew" if (path / CREDENTIALS).exists() else ""
        return fail(f"farmhand agent: {arguments.manager} does not want this agent: {problem}{anew}", DENIED)
    return 0


def _check(names: tuple[str, ...], supervisor: str) -> None:
    for name in names:
        pattern = any(char in name for char in "*?[")
        if pattern and supervisor == "systemd":
            raise BadFile(f"--service {name}: patterns are for Farmhand's own supervisor; name each unit")
        if not pattern and not allows(names, name):
            raise BadFile(f"--service {name}: no service is called so; write one such as worker@1")


def _node(arguments: argparse.Namespace, names: tuple[str, ...]) -> Node:
    if arguments.supervisor == "systemd":
        from .systemd import Systemd  # and what runs its programs

        return Systemd(names, arguments.pace)
    return Farmhand(arguments.control or default_path(), names)


def _code(arguments: argparse.Namespace) -> str:
    """Return the enrolment code, which is never on the command line; "" where there is none. Raises BadFile."""
    path = arguments.enrolment_code_file
    if path is None:
        return os.environ.get(_CODE, "").strip()
    try:
        text: str = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or "it is not a code"
        raise BadFile(f"--enrolment-code-file: {path}: it cannot be read: {why}; name the file with the code") from None
    if not text:
        raise BadFile(f"--enrolment-code-file: {path}: it is empty; write the code into it as the manager said it")
    return text


def _enrol(manager: Manager, folder: Folder, name: str, code: str) -> Credentials:
    """Become known to the manager; what it is known by is kept before the agent does anything."""
    fresh = kept.fresh()
    id = patiently(lambda: manager.enrol(fresh, name, system(), _version(), code))
    known = Credentials(fresh.secret, fresh.key, id)
    folder.keep_credentials(known)
    say(f"agent: enrolled at {manager.url} as {name}")
    return known


def _data_folder(environ: Mapping[str, str]) -> Path:
    """Return where an agent keeps what it has to, unless that is said: systemd.exec(5), StateDirectory=."""
    if given := environ.get("STATE_DIRECTORY"):
        return Path(given.partition(":")[0])
    return Path(native_places().state_folder(environ), "farmhand-agent")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("farmhand")
    except PackageNotFoundError:
        return "unknown"


def _url(text: str) -> str:
    parts = urlsplit(text if "://" in text else f"http://{text}")
    try:
        sound = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment or "@" in parts.netloc or " " in text or not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} is not a manager's address; write one such as http://farm:8080/")
    return parts.geturl()


def _span(text: str) -> float:
    try:
        seconds = parse_span(text)
    except BadValue as bad:
        raise argparse.ArgumentTypeError(f"{bad.problem}; {bad.hint}") from None
    if not 0.1 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f'"{text}" is not a sensible pace; write one such as 5s')
    return seconds
