"""farmhand-manager: serve, back up, restore; submit jobs, change workers, jobs, tags, schedules and rolling actions."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from io import TextIOWrapper
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ..units.errors import BadConfig, BadValue
from . import config
from .client import Refusal, Unreachable
from .commands import (
    audit,
    doctor,
    enrolment,
    jobs,
    notices,
    people,
    rollouts,
    schedules,
    submit,
    tags,
    tokens,
    upkeep,
    workers,
)
from .commands.actions import FAILED
from .commands.report import complain, told
from .rules.joining import Joining
from .rules.printable import printable
from .storage.newer import TooNew

if TYPE_CHECKING:
    from .storage.store import Store

USAGE = 2

WITHOUT_LOGIN = "nobody has to sign in (--without-login): whoever uses this machine can do everything"

# What has verbs of its own; without one it is listed.
NOUNS = {
    "workers": workers,
    "jobs": jobs,
    "tags": tags,
    "schedules": schedules,
    "rollouts": rollouts,
    "enrolment": enrolment,
    "people": people,
    "tokens": tokens,
    "audit": audit,
    "notices": notices,
}


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, without a page of all that would have been right."""

    def error(self, message: str) -> NoReturn:
        told = message.removeprefix("argument ")
        print(
            f"{self.prog}: {told}" if ";" in told else f"{self.prog}: {told}; see {self.prog} --help", file=sys.stderr
        )
        raise SystemExit(USAGE)


class OneLine(logging.Formatter):
    """Writes each message on one line, whatever the names in it are: nobody forges a line of the log."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return printable(super().formatMessage(record))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 2 for what the caller has to mend, 1 for what failed or was refused."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # names may have letters that a terminal has not
    options = _parser().parse_args(with_verb(sys.argv[1:] if argv is None else argv))
    if "api_token" in options:
        token = options.api_token or os.environ.get("FARMHAND_TOKEN", "")
        options.manager = replace(options.manager, token=token)
    try:
        code: int = options.call(options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough
        sys.stdout = None
        return 0
    except BadValue as error:
        complain(f"{error.problem}; {error.hint}")
        return USAGE
    except (BadConfig, TooNew) as error:
        complain(str(error))
        return USAGE
    except (Refusal, Unreachable) as error:
        complain(str(error))
        return USAGE if isinstance(error, Refusal) and error.unfit else FAILED
    except OSError as error:
        complain(told(error))
        return FAILED
    except KeyboardInterrupt:
        return FAILED
    return code


def with_verb(argv: Sequence[str]) -> list[str]:
    """Write out what may be left out: `workers --json` is `workers list --json`."""
    words = list(argv)
    if words and words[0] in NOUNS and (len(words) == 1 or words[1].startswith("-")) and words[1:] not in _HELP:
        words.insert(1, "list")
    return words


_HELP = (["-h"], ["--help"])


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="farmhand-manager",
        description=__doc__,
        epilog="Exit codes: 0 done, 1 refused or failed, 2 the command line or a file has to be mended.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="serve the workers and the pages")
    run.add_argument("--listen", type=_address, default="127.0.0.1:8080", metavar="HOST:PORT")
    run.add_argument(
        "--autodiscoverable",
        action="store_true",
        help="let workers find this manager in their network, as the setting does",
    )
    run.add_argument(
        "--registration",
        choices=[way.value for way in Joining],
        help="how workers and agents get in, instead of what the setting says",
    )
    run.add_argument(
        "--without-login",
        action="store_true",
        help="let everybody who reaches this manager do everything; only where --listen is this machine itself",
    )
    upkeep.add_place(run)
    run.set_defaults(call=_run)
    upkeep.add(commands)
    doctor.add(commands, _address)
    submit.add(commands.add_parser("submit", help="submit a job file"))
    for noun, module in NOUNS.items():
        of = commands.add_parser(noun, help=f"{module.LIST}; and more, by its verbs")
        module.add(of.add_subparsers(dest="verb", required=True, metavar="VERB"))
    return parser


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f'"{text}" is no address to listen at; write HOST:PORT, as in 127.0.0.1:8080')
    return host.strip("[]") or "0.0.0.0", int(port)


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("it is empty; name a folder")
    return Path(text)


# -- commands


def _run(options: argparse.Namespace) -> int:
    from . import started
    from .due import minding
    from .notify import notifying
    from .opening import alone
    from .serve import serve
    from .storage import jobcare, rest
    from .sweep import sweeping

    said = logging.StreamHandler()
    said.setFormatter(OneLine("%(levelname)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[said])
    logging.getLogger("alembic").setLevel(logging.WARNING)
    host, port = options.listen
    store = _open(
        options,
        findable=options.autodiscoverable,
        without_login=_without_login(options),
        registration=options.registration or "",
    )
    try:
        with alone(store, options.data):
            jobcare.resume(store)
            rest.begin(store)
            started.note(store)
            with sweeping(store), minding(store), notifying(store):
                return serve(store, host, port, options.data)
    finally:
        store.close()


def _without_login(options: argparse.Namespace) -> bool:
    """Say whether nobody has to sign in, loudly; raises BadConfig where that would let the network in."""
    if not options.without_login:
        return False
    host, _ = options.listen
    if not is_loopback(host):
        hint = "write --listen 127.0.0.1:8080, or leave out --without-login"
        raise BadConfig("--without-login", 0, "--listen", f"{host} can be reached over the network", hint)
    print(f"farmhand-manager: WARNING: {WITHOUT_LOGIN}", file=sys.stderr, flush=True)
    return True


def is_loopback(host: str) -> bool:
    """Say whether an address to listen at is reached from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _open(
    options: argparse.Namespace, *, findable: bool = False, without_login: bool = False, registration: str = ""
) -> "Store":
    from .opening import open_store

    settings = config.settings(options.config, options.data)
    if findable:
        settings = replace(settings, autodiscoverable=True)
    if registration:
        settings = replace(settings, registration=Joining(registration))
    if without_login and settings.trusted_proxies:
        problem = "a proxy lets the network in"
        hint = "leave out --without-login, or trusted_proxies"
        raise BadConfig(str(options.config), 0, "trusted_proxies", f"{problem}, where nobody has to sign in", hint)
    if without_login:
        settings = replace(settings, without_login=True)
    return open_store(options.data, settings, os.environ, options.database)
