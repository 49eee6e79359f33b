"""What is asked of workers: the verbs of `workers` that ask it, foresee it, follow it, and take it back."""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ...units.errors import BadValue
from ..client import Refusal
from ..rules.times import span
from . import words
from .named import OURS
from .report import Json, as_json, complain, local, room, table
from .selection import add_selection, chosen

FAILED = 1

# How often a waiting command looks, in seconds.
LOOK_EVERY = 0.25

HELP: Mapping[str, str] = {
    "restart": "restart workers",
    "sleep": "send workers to sleep",
    "wake": "wake workers up",
    "shutdown": "shut workers down",
}

_DONE = {"restart": "restarted", "asleep": "asleep", "awake": "awake", "offline": "shut down"}


def add(verbs: Any) -> None:
    """Add the verbs to those of `workers`."""
    for action, help in HELP.items():
        _add_action(verbs.add_parser(action, help=help), action)
    apply = verbs.add_parser("apply", help="do what --dry-run has shown, by its token, or say what has changed since")
    apply.add_argument("token", type=words.identity("token", "workers ACTION --dry-run"), metavar="TOKEN")
    add_waiting(apply)
    words.add_manager(apply)
    apply.set_defaults(call=_apply)
    withdraw = verbs.add_parser("withdraw", help="take back what is pending")
    add_selection(withdraw)
    words.add_manager(withdraw)
    withdraw.set_defaults(call=_withdraw)


def _add_action(parser: argparse.ArgumentParser, action: str) -> None:
    add_selection(parser)
    terms = parser.add_argument_group("when and why")
    if action != "wake":
        add_flavour(terms)
        terms.add_argument(
            "--at-latest",
            type=words.moment,
            metavar="TIME",
            help='after the task, but in "20min" or at "18:00" whatever it is at',
        )
    if action == "sleep":
        terms.add_argument("--until", type=words.moment, metavar="TIME", help='wake them then: "07:00", "8h"')
    terms.add_argument("--reason", default="", metavar="TEXT", help="kept with who asked and when")
    add_waiting(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what it would do, and ask nobody")
    words.add_manager(parser)
    parser.set_defaults(call=_act, action=action)


def add_flavour(parser: Any) -> None:
    """Add the two flavours, of which the gentle one holds where nothing is said."""
    flavour = parser.add_mutually_exclusive_group()
    flavour.add_argument(
        "--after-task", dest="lazy", action="store_true", default=True, help="let running tasks end; so it is anyway"
    )
    flavour.add_argument("--now", dest="lazy", action="store_false", help="abort running tasks, which are queued again")


def add_waiting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--wait", action="store_true", help="wait until all have done it; exit 1 if one does not")
    parser.add_argument("--timeout", type=words.span, metavar="SPAN", help='wait, but no longer than "10min"')


def waits(options: argparse.Namespace) -> bool:
    return options.wait or options.timeout is not None


def wish(options: argparse.Namespace) -> Json:
    """Return what is asked for, and on which terms, as the API takes it; raises BadValue."""
    lazy, deadline = getattr(options, "lazy", False), getattr(options, "at_latest", None)
    if deadline is not None and not lazy:
        raise BadValue("--now and --at-latest", "give one of them: --at-latest lets tasks end until then")
    said = {"deadline": deadline, "until": getattr(options, "until", None), "reason": options.reason or None}
    given = {name: value for name, value in said.items() if value is not None}
    return {"action": options.action, "lazy": lazy, **given}


def _act(options: argparse.Namespace) -> int:
    asked, found = wish(options), chosen(options)
    body = {**asked, "workers": [worker["id"] for worker in found]}
    if options.dry_run:
        return _foresee(options, options.manager.post(f"{OURS}/plans", body))
    return _tell(options, options.manager.post(f"{OURS}/workers/actions", body))


def _withdraw(options: argparse.Namespace) -> int:
    body = {"workers": [worker["id"] for worker in chosen(options)]}
    return _answer(options, options.manager.post(f"{OURS}/workers/withdraw", body))


def _apply(options: argparse.Namespace) -> int:
    try:
        answers = options.manager.post(f"{OURS}/plans/{options.token}/apply")
    except Refusal as refusal:
        plan = refusal.body.get("plan")
        if not plan:
            raise
        complain(str(refusal))
        complain(f"it would do something else now; look at it with --dry-run, or apply {plan['token']}")
        return FAILED
    return _tell(options, answers)


def _foresee(options: argparse.Namespace, plan: Json) -> int:
    if options.json:
        print(as_json(plan))
        return 0
    rows = [(step["name"], step["fate"], _task(step["task"]), step["text"]) for step in plan["workers"]]
    print(table(("NAME", "FATE", "TASK", "WHAT COMES OF IT"), rows, room()))
    sums, capacity = plan["totals"], plan["capacity"]
    print(f"Asked: {sums['asked']}, unchanged: {sums['unchanged']}, refused: {sums['refused']}")
    print(f"Tasks aborted: {sums['aborted']}, with {span(round(sums['lost'] * 1000))} of work")
    print(f"Awake: {capacity['before']} now, {capacity['after']} then, of which {capacity['restarting']} restart")
    print(f"Do exactly this until {local(plan['expires_at'])}: farmhand-manager workers apply {plan['token']}")
    return 0


def _task(task: Json | None) -> str:
    if task is None:
        return "-"
    done = "" if task["percent"] is None else f", {task['percent']} %"
    return f"{task['job']}, {task['task']}{done}{', aborted' if task['abort'] == 'now' else ''}"


def _tell(options: argparse.Namespace, answers: Json) -> int:
    """Say what was asked, and wait for it where that is wanted."""
    if not waits(options):
        return _answer(options, answers)
    told = 0 if options.json else _answer(options, answers)
    asked = [each for each in answers["workers"] if each["request"] is not None]
    ended = _follow(options, asked)
    if options.json:
        became = {each["id"]: state for each, state in ended}
        workers = [{**each, "became": became.get(each["id"])} for each in answers["workers"]]
        print(as_json({**answers, "workers": workers}))
    done = len(ended) == len(asked) and all(state["state"] == "done" for _, state in ended)
    return told if done and not answers["refused"] else FAILED


def _answer(options: argparse.Namespace, answers: Json) -> int:
    """Say what each worker's answer is: what was accepted to the output, what was refused as an error."""
    if options.json:
        print(as_json(answers))
    for each in [] if options.json else answers["workers"]:
        print(f"{each['name']} {each['text']}", file=sys.stdout if each["accepted"] else sys.stderr, flush=True)
    return FAILED if answers["refused"] else 0


def _follow(options: argparse.Namespace, asked: Sequence[Json]) -> list[tuple[Json, Json]]:
    """Wait for requests, and say of each when it has ended; returns those that have, with what became of them."""
    until = None if options.timeout is None else time.monotonic() + options.timeout
    waiting, ended = list(asked), []
    while waiting:
        for each in tuple(waiting):
            state = options.manager.get(f"{OURS}/workers/{each['id']}/requests/{each['request']}")
            if state["state"] not in ("pending", "seen"):
                waiting.remove(each)
                ended.append((each, state))
                _ended(options, each, state)
        if waiting and until is not None and time.monotonic() >= until:
            names = ", ".join(each["name"] for each in waiting)
            complain(f"--timeout: not done yet by {names}; what was asked for stays pending")
            break
        if waiting:
            time.sleep(LOOK_EVERY)
    return ended


def _ended(options: argparse.Namespace, each: Json, state: Json) -> None:
    if state["state"] != "done":
        complain(f"{each['name']}: it was {state['state']} by {state.get('ended_by') or 'the farm itself'}")
    elif not options.json:
        print(f"{each['name']} is {_DONE[state['status']]}", flush=True)
