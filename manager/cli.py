"""farmhand-manager: serve, submit jobs, look at workers and jobs."""

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..units.errors import BadConfig
from ..worker.wire import API, JobStatus
from . import config, jobfile
from .client import Manager, Refusal, Unreachable
from .jobfile import JobFile
from .rules.jobs import ENDED
from .storage.schema import TooNew

if TYPE_CHECKING:
    from .storage.store import Store

USAGE = 2
FAILED = 1

Row = tuple[str, ...]

DEFAULT_URL = "http://127.0.0.1:8080/"

# How often a waiting submit looks, in seconds.
LOOK_EVERY = 1.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 2 for what the caller has to mend, 1 for what failed."""
    options = _parser().parse_args(argv)
    try:
        return COMMANDS[options.command](options)
    except (BadConfig, TooNew) as error:
        return _complain(error, USAGE)
    except (Refusal, Unreachable, OSError) as error:
        return _complain(error, FAILED)
    except KeyboardInterrupt:
        return FAILED


def _complain(error: Exception, code: int) -> int:
    print(f"farmhand-manager: {error}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="farmhand-manager", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="serve the workers and the pages")
    run.add_argument("--listen", type=_address, default="127.0.0.1:8080", metavar="HOST:PORT")
    run.add_argument(
        "--autodiscoverable",
        action="store_true",
        help="let workers find this manager in their network, as the setting does",
    )
    migrate = commands.add_parser("migrate", help="bring the database to the schema of this version")
    for command in (run, migrate):
        command.add_argument(
            "--data", type=_folder, required=True, metavar="DIR", help="where the database, logs and pictures are"
        )
        command.add_argument("--config", type=Path, metavar="FILE", help="settings, as in config/manager.yaml")
        command.add_argument(
            "--database", default="", metavar="URL", help="postgresql://USER@HOST/NAME, shared by several managers"
        )
    submit = commands.add_parser("submit", help="submit a job file")
    submit.add_argument("file", type=Path, metavar="FILE.yaml")
    submit.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="set a setting of the job")
    submit.add_argument("--wait", action="store_true", help="wait until the job has ended; exit 1 unless it completed")
    workers = commands.add_parser("workers", help="list the workers")
    jobs = commands.add_parser("jobs", help="list the jobs")
    for command in (submit, workers, jobs):
        url = os.environ.get("FARMHAND_MANAGER", DEFAULT_URL)
        command.add_argument("--manager", type=_url, default=url, metavar="URL", help=f"default: {url}")
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f'"{text}" is no address to listen at; write HOST:PORT, as in 127.0.0.1:8080')
    return host.strip("[]") or "0.0.0.0", int(port)


def _url(text: str) -> Manager:
    with_scheme = text if "://" in text else f"http://{text}"
    if not _is_web_address(with_scheme):
        raise argparse.ArgumentTypeError(f'"{text}" is no address of a manager; write it as {DEFAULT_URL}')
    return Manager(with_scheme.rstrip("/") + "/")


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0 and not parts.query and not parts.fragment
    except ValueError:  # the port is none, or a bracket is missing
        return False
    return named and parts.scheme in ("http", "https") and url.isprintable() and " " not in url


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("it is empty; name a folder")
    return Path(text)


# -- commands


def _run(options: argparse.Namespace) -> int:
    from .due import minding
    from .serve import serve
    from .storage import jobcare
    from .sweep import sweeping

    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    host, port = options.listen
    store = _open(options, findable=options.autodiscoverable)
    try:
        jobcare.resume(store)
        with sweeping(store), minding(store):
            return serve(store, host, port, options.data)
    finally:
        store.close()


def _open(options: argparse.Namespace, *, findable: bool = False) -> "Store":
    from .opening import open_store

    settings = config.settings(options.config, options.data)
    if findable:
        settings = replace(settings, autodiscoverable=True)
    return open_store(options.data, settings, os.environ, options.database)


def _migrate(options: argparse.Namespace) -> int:
    store = _open(options)
    print(f"{options.data}: the database has schema {store.revision}")
    store.close()
    return 0


def _submit(options: argparse.Namespace) -> int:
    file = jobfile.read(options.file, options.set)
    job = _send(options.manager, file)
    if options.wait:
        job = _wait(options.manager, job)
    if options.json:
        print(json.dumps(job, indent=2))
    else:
        print(f"job {job['id']} ({job['name']}) is {job['status']}: {options.manager.url}jobs/{job['id']}")
    return FAILED if options.wait and job["status"] != JobStatus.COMPLETED.value else 0


def _send(manager: Manager, file: JobFile) -> Mapping[str, Any]:
    types = {type["name"]: type for type in manager.get(f"{API[1:]}/jobs/types")["job_types"]}
    if file.type not in types:
        file.document.refuse(("type",), f'there is no job type "{file.type}"', f"write one of {', '.join(types)}")
    try:
        job: Mapping[str, Any] = manager.post(f"{API[1:]}/jobs", file.submission(types[file.type]))
    except Refusal as refusal:
        raise file.refused(str(refusal), refusal.body.get("setting")) from None
    return job


def _wait(manager: Manager, job: Mapping[str, Any]) -> Mapping[str, Any]:
    said = ""
    while JobStatus(job["status"]) not in ENDED:
        progress = f"{job['status']}, {job['steps_completed']} of {job['steps_total']} steps"
        if progress != said:
            print(progress, file=sys.stderr, flush=True)
        said = progress
        time.sleep(LOOK_EVERY)
        job = manager.get(f"{API[1:]}/jobs/{job['id']}")
    return job


def _workers(options: argparse.Namespace) -> int:
    found = options.manager.get(f"{API[1:]}/worker-mgt/workers")["workers"]
    rows = [(worker["name"], worker["status"], _pending(worker), worker["version"], worker["id"]) for worker in found]
    return _show(options, found, ("NAME", "STATUS", "PENDING", "VERSION", "ID"), rows)


def _jobs(options: argparse.Namespace) -> int:
    found = options.manager.get(f"{API[1:]}/jobs")["jobs"]
    rows = [
        (job["name"], job["status"], f"{job['steps_completed']}/{job['steps_total']}", str(job["priority"]), job["id"])
        for job in found
    ]
    return _show(options, found, ("NAME", "STATUS", "STEPS", "PRIORITY", "ID"), rows)


def _pending(worker: Mapping[str, Any]) -> str:
    change = worker.get("status_change")
    return f"{change['status']}{' after task' if change['is_lazy'] else ''}" if change else "-"


def _show(options: argparse.Namespace, found: object, header: Row, rows: Sequence[Row]) -> int:
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "migrate": _migrate,
    "submit": _submit,
    "workers": _workers,
    "jobs": _jobs,
}
