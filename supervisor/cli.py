"""farmhand: runs services, and asks the supervisor that runs them. Verbs, options and exit codes are systemctl's."""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import foresee, logs
from .control import NoSupervisor, Reply, Request, ask, default_path
from .platforms import kind, lacking

FAILED, BAD_INPUT, NOT_RUNNING, UNKNOWN = 1, 2, 3, 4
_LOOK_AGAIN = 0.1  # seconds between two looks at a log that is followed
_SHOWN_BY_STATUS = 10  # lines of the log


@dataclass(frozen=True)
class Verb:
    """One request to the supervisor. names: argparse's nargs. options: keys of OPTIONS. tells: its answer is output."""

    help: str
    names: str = "+"
    options: tuple[str, ...] = ()
    tells: bool = False


_JOB = ("no_block",)
_TELLING = ("output",)
VERBS: Mapping[str, Verb] = {
    "start": Verb("start services", options=_JOB),
    "stop": Verb("stop services", options=_JOB),
    "restart": Verb("stop and start services", options=_JOB),
    "try-restart": Verb("restart those that run", options=_JOB),
    "reload": Verb("run ExecReload= of services", options=_JOB),
    "reload-or-restart": Verb("reload those that can be, restart the others", options=_JOB),
    "kill": Verb("send a signal to processes of services", options=("signal", "kill_whom")),
    "reset-failed": Verb("forget failures and start limits; of all services if none is named", "*"),
    "status": Verb("show state and latest output", "*", ("lines", *_TELLING), tells=True),
    "show": Verb("show properties by systemd's names", "*", ("property", "value", *_TELLING), tells=True),
    "is-active": Verb("say whether services run (0) or not (3)", "+", ("quiet",), tells=True),
    "is-failed": Verb("say whether services failed (0) or not (1)", "+", ("quiet",), tells=True),
    "why": Verb("explain why services are as they are, and what would follow from an exit", "*", _TELLING, tells=True),
    "logs": Verb("show what services printed", "+", ("log_lines", "follow"), tells=True),
    "list": Verb("list services", "*", _TELLING, tells=True),
    "reexec": Verb("replace the supervisor by its new program, without touching a service", "", tells=True),
    "shutdown": Verb("stop all services and the supervisor", "", tells=True),
    "ping": Verb("say whether a supervisor answers", "", tells=True),
}


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("it is empty; name a file")
    return Path(text)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of lines; write 0 or more")
    return int(text)


OPTIONS: Mapping[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "no_block": (("--no-block",), {"action": "store_true", "help": "do not wait until it is done"}),
    "signal": (("-s", "--signal"), {"metavar": "SIGNAL", "help": "which signal (default: SIGTERM)"}),
    "kill_whom": (("--kill-whom",), {"choices": ("main", "control", "all"), "help": "whom to send it (default: all)"}),
    "property": (
        ("-p", "--property", "-P"),
        {"action": "append", "metavar": "NAME,…", "help": "only these properties"},
    ),
    "value": (("--value",), {"action": "store_true", "help": "print values without their names"}),
    "quiet": (("-q", "--quiet"), {"action": "store_true", "help": "print nothing"}),
    "output": (("-o", "--output"), {"choices": ("text", "json"), "help": "json: for programs"}),
    "lines": (("-n", "--lines"), {"type": _count, "metavar": "N", "help": f"lines of output ({_SHOWN_BY_STATUS})"}),
    "log_lines": (("-n", "--lines"), {"type": _count, "metavar": "N", "dest": "lines", "help": "how many lines (50)"}),
    "follow": (("-f", "--follow"), {"action": "store_true", "help": "go on as they are printed"}),
}
# Those that the supervisor needs to know; the others are about how its answer is shown.
_TOLD = ("no_block", "signal", "kill_whom", "property")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: systemctl's, and 2 for bad usage or configuration."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.verb not in ("check", "whatif"):
            kind()
        return _RUN.get(arguments.verb, _request)(arguments)
    except NoSupervisor as problem:
        return _fail(str(problem), UNKNOWN if arguments.verb in ("status", "is-active") else FAILED)
    except NotImplementedError as problem:
        return _fail(f"farmhand: {problem}", BAD_INPUT)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever reads has seen enough
        sys.stdout = None
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="farmhand", description=__doc__, epilog=_EPILOG)
    socket = argparse.ArgumentParser(add_help=False)
    socket.add_argument("--control", type=_path, metavar="PATH", help="the supervisor's socket (or FARMHAND_CONTROL)")
    verbs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="verb")
    run = verbs.add_parser("run", parents=[socket], help="run the services of files until Ctrl-C")
    run.add_argument("files", nargs="*", metavar="FILE|UNIT", help="Farmhand's YAML, a unit file, or a unit's name")
    scope = run.add_mutually_exclusive_group()
    for name, whose in (("system", "the system's services"), ("user", "your own services")):
        scope.add_argument(
            f"--{name}",
            dest="scope",
            action="store_const",
            const=name,
            help=f"look for units where systemd looks for {whose}; if none is named, start what default.target wants",
        )
    run.add_argument("--log-dir", type=Path, metavar="FOLDER", help="where the output of services goes")
    run.add_argument(
        "--show-output",
        action="append",
        default=[],
        metavar="NAME",
        help="show this service's output here too; may be repeated, may be a pattern such as '*'",
    )
    run.add_argument(
        "--leftovers",
        choices=("adopt", "stop"),
        default="",
        help="what to do with services that run on although their supervisor was killed (default: adopt)",
    )
    run.add_argument(
        "--exit-with", default="", metavar="NAME", help="when this service has ended for good, end with its exit code"
    )
    check = verbs.add_parser("check", help="say what is wrong with files, without running them")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE", help="Farmhand's YAML, or a .service file")
    foresee.add_parser(verbs)
    for name, verb in VERBS.items():
        command = verbs.add_parser(name, parents=[socket], help=verb.help, description=verb.help)
        if verb.names:
            command.add_argument("names", nargs=verb.names, metavar="NAME", help="a service, or a pattern: 'worker@*'")
        for option in verb.options:
            flags, settings = OPTIONS[option]
            command.add_argument(*flags, **settings)
    return parser


_EPILOG = "Exit codes: 0 done, 1 failed, 2 bad usage or configuration, 3 not running, 4 no such service."


def _run(arguments: argparse.Namespace) -> int:
    from . import daemon, plan  # the supervisor itself: nothing that a question to it needs

    needed = bool(arguments.control or os.environ.get("FARMHAND_CONTROL"))
    control = arguments.control or default_path()
    if not arguments.files and not arguments.scope:
        return _fail("run: nothing is named; name files, or say --system or --user", BAD_INPUT)
    wishes = daemon.Wishes(
        plan.Sources(arguments.files, arguments.scope),
        control,
        arguments.log_dir,
        arguments.show_output,
        needs_control=needed,
        leftovers=arguments.leftovers,
        exit_with=arguments.exit_with.removesuffix(".service"),
    )
    return daemon.run(wishes)


def _check(arguments: argparse.Namespace) -> int:
    from ..units.check import absent, check
    from ..units.errors import BadConfig
    from ..units.files import read_text
    from ..units.spec import Service

    code = 0
    services: list[Service] = []
    for file in arguments.files:
        try:
            report = check(str(file), read_text(file))
        except BadConfig as problem:
            code = _fail(str(problem), BAD_INPUT)
            continue
        if report.error is not None:
            code = _fail(str(report.error), BAD_INPUT)
            continue
        for notice in (*report.warnings, *report.kept):
            print(notice)
        count = len(report.services)
        names = ", ".join(service.name for service in report.services)
        print(f"{file}: {count} service{'s' if count > 1 else ''}: {names}")
        for service in report.services:
            for name in sorted(lacking() & service.origin.keys()):
                print(f"{service.origin[name]}: {name}: this system has nothing like it; it is not in force here")
        services += report.services
    for notice in absent(services):
        print(notice)
    return code


def _ask(arguments: argparse.Namespace, verb: str, names: Sequence[str] = ()) -> Reply:
    given = vars(arguments)
    options = {name: given[name] for name in _TOLD if given.get(name)}
    return ask(arguments.control or default_path(), Request(verb, tuple(names), options))


def _request(arguments: argparse.Namespace) -> int:
    """Ask, and print the answer: to standard output if it is one, to standard error if it is a complaint."""
    reply = _ask(arguments, arguments.verb, getattr(arguments, "names", ()))
    given = vars(arguments)
    if given.get("output") == "json":
        print(json.dumps(reply.data, indent=2))
        return reply.exit_code
    good = VERBS[arguments.verb].tells and reply.exit_code not in (BAD_INPUT, UNKNOWN)
    for line in () if given.get("quiet") else reply.lines:
        print(line.partition("=")[2] if given.get("value") else line, file=sys.stdout if good else sys.stderr)
    return reply.exit_code


def _status(arguments: argparse.Namespace) -> int:
    """Show the state of each service and the last lines it printed."""
    whole = _ask(arguments, "status", arguments.names)
    if arguments.output == "json" or whole.exit_code in (BAD_INPUT, UNKNOWN):
        return _request(arguments)
    for number, name in enumerate(whole.data):
        reply = _ask(arguments, "status", [name])
        print(*([""] if number else []), *reply.lines, sep="\n")
        if path := reply.data[name].get("LogPath"):
            wanted = _SHOWN_BY_STATUS if arguments.lines is None else arguments.lines
            _write(b"".join(logs.tail(Path(path), wanted)))
    return whole.exit_code


def _logs(arguments: argparse.Namespace) -> int:
    reply = _ask(arguments, "logs", arguments.names)
    paths = {name: Path(path) for name, path in (reply.data or {}).items() if path}
    if reply.exit_code or not paths:
        return _fail("\n".join(reply.lines), reply.exit_code or FAILED)
    lines = 50 if arguments.lines is None else arguments.lines
    show = logs.Prefixer(sys.stdout.buffer) if len(paths) > 1 else lambda name, part: _write(part)
    if not arguments.follow:
        for name, path in paths.items():
            show(name, b"".join(logs.tail(path, lines)))
        return 0
    followed = {name: logs.follow(path, lines) for name, path in paths.items()}
    while True:
        parts = {name: next(follower) for name, follower in followed.items()}
        for name, part in parts.items():
            show(name, part)
        if not any(parts.values()):
            time.sleep(_LOOK_AGAIN)


def _write(part: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()


def _fail(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code


_RUN = {"run": _run, "check": _check, "whatif": foresee.run, "status": _status, "logs": _logs}
