"""What the agents on the nodes do for workers: start them, restart those that hang, and try a restart."""

import argparse
import sys
import time
from collections.abc import Mapping
from typing import Any

from ..client import Refusal
from . import words
from .actions import FAILED, LOOK_EVERY, add_waiting, waits
from .named import CALLS, OURS
from .report import Json, as_json, complain
from .selection import add_selection, chosen

HELP: Mapping[str, str] = {
    "start": "have agents start workers that are offline",
    "force-restart": "have agents restart workers that do not answer",
    "drill": "restart workers that are idle or asleep, to see that it works",
}


def add(verbs: Any) -> None:
    """Add the verbs to those of `workers`."""
    for verb, help in HELP.items():
        parser = verbs.add_parser(verb, help=help)
        add_selection(parser)
        add_waiting(parser)
        words.add_manager(parser)
        parser.set_defaults(call=_ask, verb=verb)


def _ask(options: argparse.Namespace) -> int:
    said, refused = [], 0
    for worker in chosen(options):
        try:
            answer = options.manager.post(f"{OURS}/workers/{worker['id']}/{options.verb}")
        except Refusal as refusal:
            if refusal.code != 409:
                raise
            complain(str(refusal))
            refused += 1
            continue
        said.append({**answer, "name": worker["name"], "worker": worker["id"]})
        if not options.json:
            print(answer["text"], flush=True)
    failed = _follow(options, said) if waits(options) else 0
    if options.json:
        print(as_json(said))
    return FAILED if refused or failed else 0


def _follow(options: argparse.Namespace, said: list[Json]) -> int:
    """Wait for what agents do; returns how many have failed."""
    until = None if options.timeout is None else time.monotonic() + options.timeout
    failed = 0
    for each in said:
        while (state := _state(options, each)) in ("waiting", "taken", "under way"):
            if until is not None and time.monotonic() >= until:
                break
            time.sleep(LOOK_EVERY)
        each["state"] = state
        failed += state != "done"
        if not options.json:
            print(f"{each['name']}: {state}", file=sys.stdout if state == "done" else sys.stderr, flush=True)
    return failed


def _state(options: argparse.Namespace, each: Json) -> str:
    """Return the word for where it stands: a drill's, or a ticket's."""
    if options.verb == "drill":
        worker = options.manager.get(f"{CALLS}/worker-mgt/workers/{each['worker']}")
        return str(worker["drill"]["state"])
    return str(options.manager.get(f"{OURS}/tickets/{each['id']}")["state"])
