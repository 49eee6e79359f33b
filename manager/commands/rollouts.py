"""farmhand-manager rollouts: one thing asked of many workers, so many at a time."""

import argparse
import sys
import time
from typing import Any

from . import words
from .actions import FAILED, LOOK_EVERY, add_flavour, add_waiting, waits
from .named import OURS
from .report import Json, as_json, complain, facts, local, show
from .selection import add_selection, chosen

LIST = "list the last rolling actions, the newest first"


def add(verbs: Any) -> None:
    listing = verbs.add_parser("list", help=LIST)
    listing.set_defaults(call=_list)
    details = verbs.add_parser("show", help="say where each worker of a rolling action stands")
    details.set_defaults(call=_show)
    begin = verbs.add_parser("start", help="begin a rolling action")
    begin.add_argument("action", choices=("restart", "sleep", "wake"), metavar="ACTION", help="what to ask of each")
    add_selection(begin)
    add_flavour(begin)
    pace = begin.add_mutually_exclusive_group()
    pace.add_argument("--at-once", type=words.number(1, 100_000), metavar="N", help="so many at a time; 1 if left out")
    pace.add_argument("--percent", type=float, metavar="P", help="so many percent of them at a time")
    begin.add_argument("--no-canary", dest="canary", action="store_false", help="let no one go before all others")
    begin.add_argument("--patience", type=words.span, metavar="SPAN", help="how long one may take to come back")
    begin.add_argument("--watch", type=words.span, metavar="SPAN", help="how long each is watched once it is back")
    begin.add_argument(
        "--at-latest", type=words.span, metavar="SPAN", help="how long a task is waited for, from its turn"
    )
    begin.add_argument("--reason", default="", metavar="TEXT", help="kept with who asked and when")
    add_waiting(begin)
    begin.set_defaults(call=_start)
    commands = [
        ("pause", "ask no further workers for now"),
        ("resume", "go on with one that is paused or has halted"),
        ("cancel", "ask no further workers, and take back what is pending"),
    ]
    parsers = [listing, details, begin]
    for command, help in commands:
        parser = verbs.add_parser(command, help=help)
        parser.set_defaults(call=_command, command=command)
        parsers.append(parser)
    for parser in [details, *parsers[3:]]:
        parser.add_argument(
            "rollout", type=words.identity("rolling action's id", "rollouts list"), metavar="ROLLOUT", help="its id"
        )
    for parser in parsers:
        words.add_manager(parser)


def _list(options: argparse.Namespace) -> int:
    found = options.manager.get(f"{OURS}/rollouts")["rollouts"]
    rows = [(each["status"], each["state"], _stages(each), local(each["made_at"]), each["id"]) for each in found]
    return show(options, found, ("ACTION", "STATE", "WORKERS", "BEGUN", "ID"), rows)


def _stages(rollout: Json) -> str:
    return ", ".join(f"{count} {stage}" for stage, count in rollout["stages"].items() if count) or "-"


def _show(options: argparse.Namespace) -> int:
    return _tell(options, options.manager.get(f"{OURS}/rollouts/{options.rollout}"))


def _start(options: argparse.Namespace) -> int:
    ids = [worker["id"] for worker in chosen(options)]
    spans = {"patience": options.patience, "watch": options.watch, "deadline": options.at_latest}
    pace = {"at_once": options.at_once, "percent": options.percent}
    terms = {"lazy": options.lazy, "canary": options.canary, "reason": options.reason or None}
    given = {name: value for name, value in {**spans, **pace, **terms}.items() if value is not None}
    begun = options.manager.post(f"{OURS}/rollouts", {"action": options.action, "workers": ids, **given})
    if not waits(options):
        return _tell(options, begun)
    return _follow(options, begun)


def _follow(options: argparse.Namespace, rollout: Json) -> int:
    """Wait until it has ended or halted, and tell of each step on the way."""
    until = None if options.timeout is None else time.monotonic() + options.timeout
    told = ""
    while rollout["state"] in ("running", "paused"):
        if (words := f"{rollout['state']}: {_stages(rollout)}") != told:
            print(words, file=sys.stderr, flush=True)
        told = words
        if until is not None and time.monotonic() >= until:
            complain(f"--timeout: it goes on without you; see farmhand-manager rollouts show {rollout['id']}")
            return FAILED
        time.sleep(LOOK_EVERY)
        rollout = options.manager.get(f"{OURS}/rollouts/{rollout['id']}")
    _tell(options, rollout)
    failed = rollout["stages"]["failed"]
    return 0 if rollout["state"] == "done" and not failed else FAILED


def _command(options: argparse.Namespace) -> int:
    return _tell(options, options.manager.post(f"{OURS}/rollouts/{options.rollout}/{options.command}"))


def _tell(options: argparse.Namespace, rollout: Json) -> int:
    if options.json:
        print(as_json(rollout))
        return 0
    said = {
        "Action": f"{rollout['status']}{' after task' if rollout['is_lazy'] else ' immediately'}",
        "State": f"{rollout['state']}: {rollout['why']}" if rollout["why"] else rollout["state"],
        "Workers": _stages(rollout),
        "At once": rollout["at_once"],
        "Begun": f"{local(rollout['made_at'])} by {rollout['by']}",
        "Reason": rollout["reason"],
        "ID": rollout["id"],
    }
    print(facts(said), end="\n\n")
    rows = [(each["name"], each["stage"], each["text"] or "-", each["id"]) for each in rollout["workers"]]
    return show(options, rollout, ("WORKER", "STAGE", "WHY", "ID"), rows)
