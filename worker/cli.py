"""farmhand-worker: takes tasks from a manager and runs them.

Options can be written with one dash or two, as in Flamenco.
"""

import argparse
import difflib
import io
import logging
import os
import re
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NoReturn

from ..supervisor.platforms import native, system
from . import config, credentials, definition, discovery
from .client import Client, Introduction
from .config import BadConfig, Config
from .discovery import NoManager
from .flush import flush
from .loop import Worker
from .notify import Notifier
from .outbox import InUse, Outbox
from .wire import DENIED_EXIT_CODE, RESTART_EXIT_CODE

USAGE_ERROR = 2
# Not a usage error: the manager may be there the next time.
NO_MANAGER = 1
EPILOG = (
    "exit codes: 0 shut down; the restart code when asked to restart; "
    f"{USAGE_ERROR} wrong usage or configuration; "
    f"{DENIED_EXIT_CODE} the manager does not know this worker's credentials"
)


log = logging.getLogger(__name__)

LEVELS = (
    ("quiet", logging.WARNING, "log only trouble"),
    ("debug", logging.DEBUG, "log more"),
    ("trace", 1, "log everything"),
)


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, and what was probably meant."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {_explained(message, _names(self))}", file=sys.stderr)
        raise SystemExit(USAGE_ERROR)


def _explained(message: str, names: Sequence[str]) -> str:
    """Say what argparse says, of an option by one of its names, and what to do about it."""
    if bad_value := re.match(r"argument \S*?(--[^/\s]+)\S*: (.*)", message):
        option, problem = bad_value.groups()
        return f"{option}: {problem}" if ";" in problem else f"{option}: {problem}; see --help"
    unknown = message.removeprefix("unrecognized arguments: ").split()[0]
    nearest = difflib.get_close_matches(unknown.lstrip("-"), [name.lstrip("-") for name in names], 1)
    return f"{message}; " + (f"did you mean --{nearest[0]}?" if unknown.startswith("-") and nearest else "see --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the worker; return the exit code of the process."""
    options = parser().parse_args(argv)
    _log_to_stderr(options)
    software = f"farmhand {_version()}"
    notifier = Notifier(os.environ)
    try:
        if options.find_manager:
            print(discovery.find(notifier.alive))
            return 0
        told = configuration(options)
        if options.register:
            credentials.forget(told.data)
        return work(told, software, notifier, flush_only=options.flush)
    except (BadConfig, InUse, NotImplementedError) as problem:
        return _complain(problem, USAGE_ERROR)
    except NoManager as problem:
        return _complain(problem, NO_MANAGER)
    except KeyboardInterrupt:  # while it searched: who runs has handlers of its own
        return NO_MANAGER


def _complain(problem: Exception, code: int) -> int:
    print(f"farmhand-worker: {problem}", file=sys.stderr)
    return code


def work(told: Config, software: str, notifier: Notifier, *, flush_only: bool) -> int:
    """Be a worker until somebody says stop; return the exit code."""
    for folder in config.not_writable(told.output_folders):
        log.warning("output_folders: %s cannot be written to: tasks will fail there", folder)
    kept = credentials.folder(os.environ, told.data)
    outbox = Outbox(told.data)
    try:
        url = told.manager_url or _search(notifier)
        own = native().keep_private if kept == told.data else None
        client = Client(url, credentials.load(kept, own), software)
        if flush_only:
            return flush(client, outbox)
        me = Introduction(
            name=told.name,
            platform=system(),
            software=software,
            task_types=told.task_types,
            can_restart=told.restart_exit_code is not None,
            unit=definition.told(os.environ),
            invocation=definition.run_of(os.environ),
            restart_code=told.restart_exit_code,
        )
        worker = Worker(
            me,
            client,
            native(),
            outbox,
            notifier,
            told.data,
            restart_code=told.restart_exit_code,
            oom_score_adjust=told.oom_score_adjust,
            log_limit=told.task_log_limit,
            enrolment_code=told.enrolment_code,
        )
        code = worker.run()
    finally:
        outbox.close()
    if code == DENIED_EXIT_CODE:
        print(f"farmhand-worker: {_denied(url, worker.why, kept, client)}", file=sys.stderr)
    return code


def _denied(url: str, why: str, kept: Path, client: Client) -> str:
    """Say why the manager does not want this worker, and what can be done about it."""
    if client.credentials is None:
        return f"{url} does not let this worker join: {why}"
    return (
        f"{url} refuses the credentials in {kept / credentials.NAME}: {why}; "
        "start once with --register to be a new worker there"
    )


def _search(notifier: Notifier) -> str:
    """Find a manager, which may take minutes: the worker is ready before its manager is, docs/decisions/0022."""
    notifier.ready()
    notifier.status("searching the network for a manager")
    return discovery.find(notifier.alive)


def configuration(options: argparse.Namespace) -> Config:
    """Bring together the options, the file and the environment; raise BadConfig for what cannot be."""
    file = config.read_file(options.config or config.DEFAULT_FILE, required=options.config is not None)
    code = options.restart_exit_code
    return Config(
        name=config.worker_name(options.name, file, os.environ),
        manager_url=options.manager or file.manager_url,
        data=config.make_folder(options.data or config.data_folder(os.environ, system()), native().keep_private),
        task_types=file.task_types,
        restart_exit_code=(file.restart_exit_code if code is None else code) or None,
        oom_score_adjust=file.oom_score_adjust,
        output_folders=file.output_folders,
        task_log_limit=file.task_log_limit,
        enrolment_code=config.code_given(options.enrolment_code_file, file, os.environ),
    )


def parser() -> Parser:
    """Return the command line of the worker, each option with one dash and with two."""
    made = Parser(prog="farmhand-worker", description=__doc__, epilog=EPILOG, allow_abbrev=False)
    made.add_argument(*_both("manager"), metavar="URL", type=_manager, help="where the manager is: host:8080 or a URL")
    made.add_argument(
        *_both("restart-exit-code"),
        *_both("restart-exit-status"),
        metavar="CODE",
        type=_restart_code,
        help=f"exit with this code when asked to restart, {RESTART_EXIT_CODE} for example; "
        "without it the worker cannot be asked to",
    )
    made.add_argument(*_both("name"), type=_nonempty, help="name of this worker; else that of this computer")
    made.add_argument(*_both("data"), metavar="DIR", type=Path, help="folder for credentials and undelivered reports")
    made.add_argument(*_both("config"), metavar="FILE", type=Path, help=f"else {config.DEFAULT_FILE}, if it is there")
    made.add_argument(*_both("register"), action="store_true", help="forget the credentials, be a new worker")
    made.add_argument(
        *_both("enrolment-code-file"),
        metavar="FILE",
        type=Path,
        help=f"the code that lets this worker in when it registers; else {config.CODE_VARIABLE}, enrolment_code",
    )
    made.add_argument(*_both("flush"), action="store_true", help="deliver the reports that are kept, and exit")
    made.add_argument(
        *_both("find-manager"), action="store_true", help="search the network for a manager, print its address, exit"
    )
    for name, level, help in LEVELS:
        made.add_argument(*_both(name), action="store_const", dest="level", const=level, help=help)
    made.add_argument(*_both("version"), action="version", version=f"farmhand-worker {_version()}")
    made.set_defaults(level=logging.INFO)
    return made


def _both(name: str) -> tuple[str, str]:
    return f"-{name}", f"--{name}"


def _names(made: argparse.ArgumentParser) -> list[str]:
    return [name for action in made._actions for name in action.option_strings]


def _manager(text: str) -> str:
    try:
        return config.manager_url(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _restart_code(text: str) -> int:
    if not text.isascii() or not text.lstrip("+-").isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number; write an exit code such as 47")
    try:
        return config.restart_code(int(text))
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _nonempty(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("a name cannot be empty; leave the option out for the name of this computer")
    if not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} holds a character that cannot be shown; take it out")
    return text.strip()


def _log_to_stderr(options: argparse.Namespace) -> None:
    if isinstance(sys.stderr, io.TextIOWrapper) and not sys.stderr.isatty():
        sys.stderr.reconfigure(encoding="utf-8")  # whoever keeps it cannot know of this computer's code page
    logging.basicConfig(level=options.level, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("urllib3").setLevel(max(options.level, logging.WARNING if options.level > 1 else 1))


def _version() -> str:
    try:
        return version("farmhand")
    except PackageNotFoundError:
        return "of an unknown version"
