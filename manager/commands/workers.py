"""farmhand-manager workers: which there are, what they do; the other verbs are in actions.py and attended.py."""

import argparse
from typing import Any

from . import actions, attended, named, words
from .named import CALLS, OURS
from .report import Json, as_json, facts, local, show
from .selection import add_filters, add_selection, chosen, query

LIST = "list the workers"


def add(verbs: Any) -> None:
    listing = verbs.add_parser("list", help=LIST)
    add_filters(listing)
    words.add_manager(listing)
    listing.set_defaults(call=_list)
    details = verbs.add_parser("show", help="say all that is known of a worker")
    details.add_argument("worker", metavar="WORKER", help="its name or id")
    words.add_manager(details)
    details.set_defaults(call=_show)
    actions.add(verbs)
    attended.add(verbs)
    tag = verbs.add_parser("tag", help="give workers tags, or take them away")
    add_selection(tag)
    tag.add_argument("--add", action="append", default=[], metavar="TAG", help="a tag's name or id")
    tag.add_argument("--remove", action="append", default=[], metavar="TAG", help="a tag's name or id")
    words.add_manager(tag)
    tag.set_defaults(call=_tag)
    delete = verbs.add_parser(
        "delete", help="forget workers, which end when they next ask; their tasks are queued again"
    )
    add_selection(delete)
    words.add_manager(delete)
    delete.set_defaults(call=_delete)


def _list(options: argparse.Namespace) -> int:
    found = named.workers(options.manager, query(options))
    rows = [
        (each["name"], each["status"], pending(each), each["doing"], _tags(each), each["version"], each["id"])
        for each in found
    ]
    return show(options, found, ("NAME", "STATUS", "PENDING", "DOING", "TAGS", "VERSION", "ID"), rows)


def pending(worker: Json) -> str:
    change = worker.get("status_change")
    return f"{change['status']}{' after task' if change['is_lazy'] else ''}" if change else "-"


def _tags(worker: Json) -> str:
    return ",".join(tag["name"] for tag in worker["tags"]) or "-"


def _show(options: argparse.Namespace) -> int:
    found = named.one(named.workers(options.manager), options.worker, "worker")
    sleeps = options.manager.get(f"{OURS}/workers/{found['id']}/schedules")
    details = {**options.manager.get(f"{CALLS}/worker-mgt/workers/{found['id']}"), **found, "sleep": sleeps}
    if options.json:
        print(as_json(details))
        return 0
    said = {
        "Name": details["name"],
        "Status": details["status"],
        "Doing": details["doing"],
        "Pending": _asked(details),
        "Sleep": f"{sleeps['status']} until {local(sleeps['until'])}; {sleeps['reason']}" if sleeps["status"] else "",
        "Tags": ", ".join(tag["name"] for tag in details["tags"]),
        "Last seen": local(details.get("last_seen")),
        "Version": details["version"],
        "Platform": details["platform"],
        "Address": details["ip_address"],
        "Task types": ", ".join(details["supported_task_types"]),
        "Restart": f"{details['restart']['state']}: {details['restart']['why']}",
        "Definition": f"{details['unit']['state']}: {details['unit']['text']}",
        "ID": details["id"],
    }
    print(facts(said))
    return 0


def _asked(worker: Json) -> str:
    """Say what is pending, who asked for it, when, why and on which terms."""
    request = worker.get("request")
    if request is None:
        return ""
    terms = [f"{words} {local(request[name])}" for name, words in _TERMS.items() if name in request]
    by = f"by {request['by'] or 'the farm itself'}"
    return "; ".join(filter(None, [pending(worker), *terms, by, request["reason"], local(request["at"])]))


_TERMS = {"deadline": "at the latest", "until": "until"}


def _tag(options: argparse.Namespace) -> int:
    known, found = named.tags(options.manager), chosen(options)
    gives = {tag["id"]: tag for tag in named.several(known, options.add, "tag")}
    takes = {tag["id"] for tag in named.several(known, options.remove, "tag")}
    for worker in found:
        has = {tag["id"]: tag for tag in worker["tags"]}
        worker["tags"] = [tag for id, tag in {**has, **gives}.items() if id not in takes]
        path = f"{CALLS}/worker-mgt/workers/{worker['id']}/settags"
        options.manager.post(path, {"tag_ids": [tag["id"] for tag in worker["tags"]]})
        if not options.json:
            print(f"{worker['name']} has {_tags(worker) if worker['tags'] else 'no tags'}")
    if options.json:
        print(as_json(found))
    return 0


def _delete(options: argparse.Namespace) -> int:
    found = chosen(options)
    for worker in found:
        options.manager.send("DELETE", f"{CALLS}/worker-mgt/workers/{worker['id']}")
        if not options.json:
            print(f"{worker['name']} is forgotten")
    if options.json:
        print(as_json(found))
    return 0
