"""`farmhand service`: has the system's own service manager keep a supervisor running, on Linux, macOS and Windows."""

import argparse
import getpass
import os
import re
import sys
from collections.abc import Callable, Mapping

from ...units.light import Any, Literal
from ...units.windows_service import has_password
from .. import cli
from ..control.verbs import fail
from ..exit_codes import BAD_INPUT, NOT_RUNNING, UNKNOWN
from ..platforms import kind
from . import host, launchd, systemd, tasks, windows
from .wanted import Keeper, Named, NotInstalled, Refused, Wanted

Platform = Literal["linux", "macos", "windows"]

HELP = "have systemd, launchd or Windows itself start a supervisor and keep it running"
_HERE: Mapping[str, Platform] = {"linux": "linux", "posix": "macos", "windows": "windows"}
# By the system, and whether it is only for the user who installs it.
KEEPERS: Mapping[tuple[str, bool], Keeper] = {
    ("linux", False): systemd,
    ("linux", True): systemd,
    ("macos", False): launchd,
    ("macos", True): launchd,
    ("windows", False): windows,
    ("windows", True): tasks,
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")  # what all of them take
_SLACK = 10.0  # seconds that a supervisor may need beyond its services
_DEFAULT_STOP = 90.0  # of a service; systemd-system.conf(5), DefaultTimeoutStopSec=


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f'"{text}" is no name; use letters, digits, dots, dashes and underscores')
    return text


def add_parser(commands: Any) -> None:
    """Add the command with its own sub-commands to argparse's."""
    service = commands.add_parser("service", help=HELP, description=HELP)
    verbs = service.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="what")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--user", action="store_true", help="your own, from sign-in on; else the machine's")
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", type=_name, default="farmhand", help="what it is called there (default: farmhand)")
    install = verbs.add_parser("install", parents=[common, named], help="have it started with the machine from now on")
    install.add_argument(
        "--account", metavar="NAME", help="whose process it is (Windows: NT SERVICE\\NAME; Linux and macOS: root)"
    )
    install.add_argument("--print", action="store_true", help="only show what would be installed")
    install.add_argument(
        "--platform", choices=sorted({platform for platform, _ in KEEPERS}), help="with --print: show it for this one"
    )
    install.add_argument(
        "words",
        nargs="+",
        metavar="FILE",
        help="what 'farmhand run' takes; its options after --, as in -- FILE --log-dir X",
    )
    for verb, help in _VERBS_HELP.items():
        verbs.add_parser(verb, parents=[common, named], help=help, description=help)
    # What Windows starts is not for people to type, and not listed.
    hosted = verbs.add_parser("run", parents=[common])
    hosted.add_argument("--log", metavar="FILE")
    hosted.add_argument("name", type=_name, metavar="NAME")
    hosted.add_argument("words", nargs="+", metavar="FILE")


_VERBS_HELP = {
    "remove": "stop it, and have it started no more",
    "start": "start it now",
    "stop": "stop it, until the machine starts again or you sign in",
    "status": "say whether it runs; exit code 3 if it does not",
}


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    try:
        return _RUN[arguments.what](arguments)
    except NotInstalled:
        hint = "'farmhand service install' does that"
        return fail(f"farmhand: service: {arguments.name} is not installed{_whose(arguments)}; {hint}", UNKNOWN)
    except Refused as problem:
        return fail(f"farmhand: service: {problem}", problem.code)


def _install(arguments: argparse.Namespace) -> int:
    here = _HERE[kind()]
    platform = arguments.platform or here
    if platform != here and not arguments.print:
        raise Refused(f"--platform {platform}: this is {here}", "say --print to see what it would be there", BAD_INPUT)
    wanted = _wanted(arguments, elsewhere=platform != here)
    keeper = KEEPERS[platform, arguments.user]
    if arguments.print:
        rendered = keeper.render(wanted)
        for line in (rendered.path, *rendered.losses):
            print(line, file=sys.stderr)
        print(rendered.text, end="")
        return 0
    for notice in keeper.install(wanted):
        print(notice)
    print(f"{wanted.named.name} is installed; 'farmhand service status' says how it is")
    return 0


def _wanted(arguments: argparse.Namespace, *, elsewhere: bool) -> Wanted:
    """Return what to install. Files are read to be sure that they can be; those of another machine are not here."""
    given = cli.parser("run").parse_args(["run", *arguments.words])
    stop = _DEFAULT_STOP
    if not elsewhere:
        _, plan = cli.plan_run(["run", *arguments.words])
        stop = max((service.timeout_stop_sec for service in plan.services.values()), default=stop)
    return Wanted(
        Named(arguments.name, arguments.user),
        program(),
        tuple(run_words(given, (lambda path: path) if elsewhere else os.path.abspath)),
        account=arguments.account,
        password=None if arguments.print else _password(arguments.account),
        control=given.control,
        stop=stop + _SLACK,
    )


def program() -> tuple[str, ...]:
    """Return what runs farmhand: this Python, which finds the package where it is now, or the archive that it is in."""
    archive = getattr(cli.__loader__, "archive", None)
    package = __name__.rpartition(".service")[0]
    return (sys.executable, os.path.abspath(archive)) if archive else (sys.executable, "-P", "-m", package)


def run_words(given: argparse.Namespace, absolute: Callable[[str], str]) -> list[str]:
    """Write what `farmhand run` was given anew, for whoever starts it in another folder."""
    words = [f"--{given.scope}"] if given.scope else []
    for option, value in (("control", given.control), ("log-dir", given.log_dir)):
        words += [f"--{option}={absolute(value)}"] if value else []
    for option, value in (("leftovers", given.leftovers), ("exit-with", given.exit_with)):
        words += [f"--{option}={value}"] if value else []
    words += [f"--show-output={name}" for name in given.show_output]
    return words + [absolute(name) if _is_file(name, given.scope) else name for name in given.files]


def _is_file(name: str, scope: str | None) -> bool:
    return not scope or os.path.dirname(name) != "" or name.endswith((".yaml", ".yml"))


def _password(account: str | None) -> str | None:
    """Ask for the password of an account of Windows that has one, which the command line is no place for."""
    if _HERE[kind()] != "windows" or account is None or not has_password(account):
        return None
    return getpass.getpass(f"Password of {account}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")


def _remove(arguments: argparse.Namespace) -> int:
    _keeper(arguments).remove(_named(arguments))
    return 0


def _start(arguments: argparse.Namespace) -> int:
    _keeper(arguments).start(_named(arguments))
    return 0


def _stop(arguments: argparse.Namespace) -> int:
    _keeper(arguments).stop(_named(arguments))
    return 0


def _status(arguments: argparse.Namespace) -> int:
    standing = _keeper(arguments).status(_named(arguments))
    print(f"{arguments.name}: {standing.words}")
    return 0 if standing.running else NOT_RUNNING


def _host(arguments: argparse.Namespace) -> int:
    if _HERE[kind()] != "windows":
        raise Refused("service run: only Windows needs that", "'farmhand run' runs services", BAD_INPUT)
    return host.run(_named(arguments), arguments.log, arguments.words)


def _named(arguments: argparse.Namespace) -> Named:
    return Named(arguments.name, arguments.user)


def _keeper(arguments: argparse.Namespace) -> Keeper:
    return KEEPERS[_HERE[kind()], arguments.user]


def _whose(arguments: argparse.Namespace) -> str:
    return " for you" if arguments.user else " for the machine"


_RUN: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "install": _install,
    "remove": _remove,
    "start": _start,
    "stop": _stop,
    "status": _status,
    "run": _host,
}
