"""farmhand-manager submit: a job file becomes a job."""

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...worker.wire import JobStatus
from .. import jobfile
from ..client import Manager, Refusal
from ..jobfile import JobFile
from ..rules.jobs import ENDED
from . import words
from .actions import FAILED
from .named import CALLS
from .report import as_json

# How often a waiting submit looks, in seconds.
LOOK_EVERY = 1.0


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE.yaml")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="set a setting of the job")
    parser.add_argument("--wait", action="store_true", help="wait until the job has ended; exit 1 unless it completed")
    words.add_manager(parser)
    parser.set_defaults(call=_submit)


def _submit(options: argparse.Namespace) -> int:
    file = jobfile.read(options.file, options.set)
    job = _send(options.manager, file)
    if options.wait:
        job = _wait(options.manager, job)
    if options.json:
        print(as_json(job))
    else:
        print(f"job {job['id']} ({job['name']}) is {job['status']}: {options.manager.url}jobs/{job['id']}")
    return FAILED if options.wait and job["status"] != JobStatus.COMPLETED.value else 0


def _send(manager: Manager, file: JobFile) -> Mapping[str, Any]:
    types = {type["name"]: type for type in manager.get(f"{CALLS}/jobs/types")["job_types"]}
    if file.type not in types:
        file.document.refuse(("type",), f'there is no job type "{file.type}"', f"write one of {', '.join(types)}")
    try:
        job: Mapping[str, Any] = manager.post(f"{CALLS}/jobs", file.submission(types[file.type]))
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
        job = manager.get(f"{CALLS}/jobs/{job['id']}")
    return job
