"""farmhand: runs services, and asks the supervisor that runs them. Verbs, options and exit codes are systemctl's."""

import argparse
import os
import sys
from collections.abc import Sequence

from ..units.errors import nearest
from ..units.light import TYPE_CHECKING, Any
from .control.protocol import NoSupervisor, default_path
from .control.verbs import ELSEWHERE, OPTIONS, VERBS, fail, request, show_logs, status
from .exit_codes import BAD_INPUT, FAILED, UNKNOWN
from .platforms import impossible, kind, unmet

if TYPE_CHECKING:
    from ..units.spec import Service
    from ..units.support import System
    from .definitions.plan import Plan, Wishes


class _Parser(argparse.ArgumentParser):
    """Knows the width of lines itself: argparse loads `shutil`, which takes longer than the rest, to be told."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given, formatter_class=_formatter)

    # The original is declared by overloads, none of which is all that it takes.
    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, args: Any = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Refuse what is too much here, with the usage of the command: argparse leaves that to the whole program."""
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return found, rest


def _formatter(prog: str) -> argparse.HelpFormatter:
    try:
        columns = int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size().columns
    except (ValueError, OSError):
        columns = 80
    return argparse.HelpFormatter(prog, width=columns - 2)


def _path(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("it is empty; name a file")
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: systemctl's, and 2 for bad usage or configuration."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words and not words[0].startswith("-") and words[0] not in (*VERBS, *_OWN):
        return fail(_no_such_command(words[0]), BAD_INPUT)
    arguments = parser(words[0] if words else "").parse_args(words)
    try:
        if arguments.verb not in ("check", "whatif"):
            kind()
        return _RUN.get(arguments.verb, request)(arguments)
    except NoSupervisor as problem:
        return fail(str(problem), UNKNOWN if arguments.verb in ("status", "is-active") else FAILED)
    except NotImplementedError as problem:
        return fail(f"farmhand: {problem}", BAD_INPUT)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever reads has seen enough
        sys.stdout = None
        return 0


def _no_such_command(word: str) -> str:
    if word in ELSEWHERE:
        return f"farmhand: {word}: there is no such command; {ELSEWHERE[word]}"
    near = nearest(word, (*VERBS, *_OWN))
    hint = f'did you mean "{near}"?' if near else "'farmhand --help' lists them"
    return f"farmhand: {word}: there is no such command; {hint}"


def parser(only: str = "") -> argparse.ArgumentParser:
    """Make the parser of all commands, or of one: that is made faster."""
    whole = _Parser(prog="farmhand", description=__doc__, epilog=_EPILOG)
    socket = _Parser(add_help=False)
    socket.add_argument("--control", type=_path, metavar="PATH", help="the supervisor's socket (or FARMHAND_CONTROL)")
    commands = whole.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="verb")
    for name, add in _OWN.items():
        if only in ("", name) or only.startswith("-"):
            add(commands, socket)
    for name, verb in VERBS.items():
        if only in ("", name) or only.startswith("-"):
            command = commands.add_parser(name, parents=[socket], help=verb.help, description=verb.help)
            if verb.names:
                command.add_argument(
                    "names", nargs=verb.names, metavar="NAME", help="a service, or a pattern: 'worker@*'"
                )
            for option in verb.options:
                flags, settings = OPTIONS[option]
                command.add_argument(*flags, **settings)
    return whole


def _add_run(commands: Any, socket: argparse.ArgumentParser) -> None:
    run = commands.add_parser("run", parents=[socket], help="run the services of files until Ctrl-C")
    run.add_argument("files", nargs="*", metavar="FILE|UNIT", help="Farmhand's YAML, a unit file, or a unit's name")
    _add_scope(run, "look for units where systemd looks for {}; if none is named, start what default.target wants")
    run.add_argument("--log-dir", metavar="FOLDER", help="where the output of services goes")
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
    run.add_argument("--exit-with", metavar="NAME", help="when this service has ended for good, end with its exit code")


def _add_scope(command: argparse.ArgumentParser, told: str) -> None:
    scope = command.add_mutually_exclusive_group()
    for name, whose in (("system", "the system's services"), ("user", "your own services")):
        scope.add_argument(f"--{name}", dest="scope", action="store_const", const=name, help=told.format(whose))


def _add_check(commands: Any, socket: argparse.ArgumentParser) -> None:
    check = commands.add_parser("check", help="say what is wrong with files, without running them")
    from ..units.support import SYSTEMS

    check.add_argument("files", nargs="+", metavar="FILE|UNIT", help="our YAML, a .service file, or a unit's name")
    _add_scope(check, "look for units where systemd looks for {}")
    check.add_argument(
        "--platform",
        choices=tuple(SYSTEMS),
        help="say what would be different there, wherever you are; 1 if something would not be in force",
    )


def _add_whatif(commands: Any, socket: argparse.ArgumentParser) -> None:
    from . import foresee  # the rules themselves: nothing that a question to the supervisor needs

    foresee.add_parser(commands)


def _whatif(arguments: argparse.Namespace) -> int:
    from . import foresee

    return foresee.run(arguments)


def _add_service(commands: Any, socket: argparse.ArgumentParser) -> None:
    from .service import command  # it talks to service managers: nothing that a supervisor needs

    command.add_parser(commands)


def _service(arguments: argparse.Namespace) -> int:
    from .service import command

    return command.run(arguments)


def _add_agent(commands: Any, socket: argparse.ArgumentParser) -> None:
    from .agent import command  # it speaks HTTP: nothing that a supervisor needs

    command.add_parser(commands, socket)


def _agent(arguments: argparse.Namespace) -> int:
    from .agent import command

    return command.run(arguments)


# The commands that are no requests.
_OWN = {"run": _add_run, "check": _add_check, "whatif": _add_whatif, "service": _add_service, "agent": _add_agent}
_EPILOG = (
    "Exit codes: 0 done, 1 failed, 2 bad usage or configuration, 3 not running or not applicable, "
    "4 refused or unknown, 5 no such service."
)


def plan_run(words: Sequence[str]) -> tuple["Wishes", "Plan"]:
    """Read what `farmhand run …` is to run; leaves with an exit code where that cannot be."""
    return _planned(parser("run").parse_args(words))


def _run(arguments: argparse.Namespace) -> int:
    wishes, plan = _planned(arguments)
    from . import daemon  # the supervisor itself: nothing that a question to it needs

    return daemon.run(wishes, plan)


def _planned(arguments: argparse.Namespace) -> tuple["Wishes", "Plan"]:
    from ..units.errors import BadConfig
    from .definitions import plan  # the units themselves: nothing that a question to the supervisor needs
    from .say import say

    needed = bool(arguments.control or os.environ.get("FARMHAND_CONTROL"))
    control = arguments.control or default_path()
    if not arguments.files and not arguments.scope:
        raise SystemExit(fail("run: nothing is named; name files, or say --system or --user", BAD_INPUT))
    wishes = plan.Wishes(
        plan.Sources(arguments.files, arguments.scope),
        control,
        arguments.log_dir,
        arguments.show_output,
        needs_control=needed,
        leftovers=arguments.leftovers,
        exit_with=(arguments.exit_with or "").removesuffix(".service"),
    )
    try:
        return wishes, plan.read(wishes.sources, say)
    except BadConfig as problem:
        say(str(problem))
        raise SystemExit(BAD_INPUT) from None


def _check(arguments: argparse.Namespace) -> int:
    from ..units.check import absent, check, foreign
    from ..units.errors import BadConfig
    from ..units.files import read_text
    from ..units.spec import Service
    from .definitions.catalog import files_of

    code = 0
    services: list[Service] = []
    for name in arguments.files:
        try:
            file, drop_ins = files_of(name, arguments.scope)
            report = check(file, read_text(file), drop_ins)
        except BadConfig as problem:
            code = fail(str(problem), BAD_INPUT)
            continue
        for notice in (*report.warnings, *(() if arguments.platform else report.kept)):
            print(notice)
        if report.error is not None:
            code = fail(str(report.error), BAD_INPUT)
            continue
        count = len(report.services)
        names = ", ".join(service.name for service in report.services)
        print(f"{file}: {count} service{'s' if count > 1 else ''}: {names}")
        if arguments.platform:
            code = max(code, _tell_differences(report.services, arguments.platform))
        else:
            _tell_lacking(report.services)
        services += report.services
    for notice in absent(services):
        print(notice)
    if told := foreign(services):
        print(told)
    return code


def _tell_lacking(services: Sequence["Service"]) -> None:
    """Say what is not in force on this very machine."""
    for service in services:
        if words := impossible(service):
            print(f"{service.name}: it cannot be started here: {words}")
        for name in unmet(service):
            print(f"{service.origin[name]}: {name}: not in force, for this system does not let Farmhand do it")


def _tell_differences(services: Sequence["Service"], system: "System") -> int:
    """Say what is not the same on a system; 1 if something of it is not done there at all."""
    from ..units.support import differences

    found = differences(services, system)
    for each in found:
        print(each)
    return FAILED if any(each.is_loss for each in found) else 0


_RUN = {
    "run": _run,
    "check": _check,
    "whatif": _whatif,
    "service": _service,
    "agent": _agent,
    "status": status,
    "logs": show_logs,
}
