"""farmhand-manager jobs: which there are, how far they are, and what is to become of them."""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from ...units.errors import BadValue
from ...worker.wire import JobStatus, TaskStatus
from . import named, words
from .named import CALLS
from .report import Json, as_json, facts, local, show

LIST = "list the jobs, the newest first"

# What a verb has a job become.
BECOMES: Mapping[str, tuple[JobStatus, str]] = {
    "cancel": (JobStatus.CANCEL_REQUESTED, "cancel jobs: their running tasks are aborted"),
    "pause": (JobStatus.PAUSE_REQUESTED, "pause jobs: their running tasks end, no more are begun"),
    "requeue": (JobStatus.REQUEUEING, "queue jobs again, their failed, canceled and paused tasks"),
}


def add(verbs: Any) -> None:
    listing = _verb(verbs, "list", LIST, _list)
    statuses = [status.value for status in JobStatus]
    listing.add_argument(
        "--status", action="append", default=[], choices=statuses, metavar="STATUS", help="one of them"
    )
    listing.add_argument("--text", default="", metavar="TEXT", help="has it in its name, type or id")
    _of_one(_verb(verbs, "show", "say all that is known of a job, and list its tasks", _show))
    for verb, (status, help) in BECOMES.items():
        parser = _of_some(_verb(verbs, verb, help, _become))
        parser.add_argument("--reason", default="", metavar="TEXT", help="kept with who asked and when")
        parser.set_defaults(status=status)
    priority = _verb(verbs, "priority", "say whose turn it is: the greater goes first", _prioritize)
    priority.add_argument("priority", type=words.number(0, 100), metavar="N", help="0 to 100")
    _of_some(priority)
    tag = _of_some(_verb(verbs, "tag", "say which workers take jobs", _tag))
    which = tag.add_mutually_exclusive_group(required=True)
    which.add_argument("--to", metavar="TAG", help="those that have this tag, by its name or id")
    which.add_argument("--none", action="store_true", help="any")
    _of_some(_verb(verbs, "delete", "forget jobs, with their logs and pictures", _delete))
    log = _of_one(_verb(verbs, "log", "print the log of a job's task", _log))
    log.add_argument("--task", default="", metavar="TASK", help="its name or id; the one that ended or was begun last")


def _verb(verbs: Any, name: str, help: str, call: Any) -> Any:
    parser = verbs.add_parser(name, help=help)
    words.add_manager(parser)
    parser.set_defaults(call=call)
    return parser


def _of_one(parser: Any) -> Any:
    parser.add_argument("job", metavar="JOB", help="its name or id")
    return parser


def _of_some(parser: Any) -> Any:
    parser.add_argument("jobs", nargs="+", metavar="JOB", help="a job's name or id")
    return parser


def _list(options: argparse.Namespace) -> int:
    text = options.text.casefold()
    found = [
        job
        for job in named.jobs(options.manager)
        if (not options.status or job["status"] in options.status)
        and any(text in str(job[key]).casefold() for key in ("name", "type", "id"))
    ]
    rows = [(job["name"], job["status"], _steps(job), str(job["priority"]), job["id"]) for job in found]
    return show(options, found, ("NAME", "STATUS", "STEPS", "PRIORITY", "ID"), rows)


def _steps(of: Json) -> str:
    return f"{of['steps_completed']}/{of['steps_total']}"


def _show(options: argparse.Namespace) -> int:
    job = _job(options)
    tasks = _tasks(options, job)
    if options.json:
        print(as_json({**job, "tasks": tasks}))
        return 0
    said = {
        "Name": job["name"],
        "Status": job["status"],
        "Activity": job["activity"],
        "Waits": job.get("waits"),
        "Steps": _steps(job),
        "Priority": job["priority"],
        "Type": job["type"],
        "Submitted": local(job["created"]),
        "Changed": local(job["updated"]),
        "ID": job["id"],
    }
    print(facts(said), end="\n\n")
    rows = [(task["name"], task["status"], _steps(task), _worker(task), task["id"]) for task in tasks]
    return show(options, tasks, ("TASK", "STATUS", "STEPS", "WORKER", "ID"), rows)


def _worker(task: Json) -> str:
    worker = task.get("worker")
    return worker["name"] if worker else "-"


def _become(options: argparse.Namespace) -> int:
    body = {"status": options.status.value, "reason": options.reason}
    return _post(options, "setstatus", body)


def _prioritize(options: argparse.Namespace) -> int:
    return _post(options, "setpriority", {"priority": options.priority})


def _tag(options: argparse.Namespace) -> int:
    tag = named.one(named.tags(options.manager), options.to, "tag") if options.to else None
    return _post(options, "settag", {"id": tag["id"]} if tag else {})


def _post(options: argparse.Namespace, call: str, body: Json) -> int:
    """Make a call for each of the jobs named, and say how they are then."""
    after = []
    for job in named.several(named.jobs(options.manager), options.jobs, "job"):
        options.manager.post(f"{CALLS}/jobs/{job['id']}/{call}", body)
        after.append(options.manager.get(f"{CALLS}/jobs/{job['id']}"))
        if not options.json:
            print(f"{job['name']} is {after[-1]['status']}, priority {after[-1]['priority']}")
    if options.json:
        print(as_json(after))
    return 0


def _delete(options: argparse.Namespace) -> int:
    found = named.several(named.jobs(options.manager), options.jobs, "job")
    for job in found:
        options.manager.send("DELETE", f"{CALLS}/jobs/{job['id']}")
        if not options.json:
            print(f"{job['name']} is forgotten")
    if options.json:
        print(as_json(found))
    return 0


def _log(options: argparse.Namespace) -> int:
    tasks = _tasks(options, _job(options))
    begun = [task for task in tasks if task["status"] != TaskStatus.QUEUED.value]
    if options.task:
        task = named.one(tasks, options.task, "task")
    elif begun:
        task = max(begun, key=lambda each: each["updated"])
    else:
        raise BadValue("no task of it was begun", "wait for a worker to take one")
    found = options.manager.get(f"{CALLS}/tasks/{task['id']}/log")
    if found is None:
        raise BadValue(f'task "{task["name"]}" has no log', "wait until its worker has said something")
    text = options.manager.read("GET", found["url"].lstrip("/")).decode(errors="replace")
    if options.json:
        print(as_json({**task, "log": text}))
    else:
        sys.stdout.write(text)
    return 0


def _job(options: argparse.Namespace) -> Json:
    return named.one(named.jobs(options.manager), options.job, "job")


def _tasks(options: argparse.Namespace, job: Json) -> list[Json]:
    found: list[Json] = options.manager.get(f"{CALLS}/jobs/{job['id']}/tasks")["tasks"]
    return found
