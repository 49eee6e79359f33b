"""farmhand-manager tags: which there are, and how many workers have them."""

import argparse
from collections import Counter
from typing import Any

from . import named, words
from .named import CALLS
from .report import Json, as_json, show

LIST = "list the tags"


def add(verbs: Any) -> None:
    listing = verbs.add_parser("list", help=LIST)
    listing.set_defaults(call=_list)
    making = verbs.add_parser("add", help="make a tag")
    making.add_argument("name", metavar="NAME", help="what it is called; no other tag is")
    making.add_argument("--description", default="", metavar="TEXT", help="what it is for")
    making.set_defaults(call=_add)
    changing = verbs.add_parser("change", help="give a tag another name or description")
    changing.add_argument("tag", metavar="TAG", help="its name or id")
    changing.add_argument("--name", metavar="NAME", help="what it is called from now on")
    changing.add_argument("--description", metavar="TEXT", help="what it is for")
    changing.set_defaults(call=_change)
    deleting = verbs.add_parser("delete", help="take a tag from all workers; jobs that ask for it wait")
    deleting.add_argument("tag", metavar="TAG", help="its name or id")
    deleting.set_defaults(call=_delete)
    for parser in (listing, making, changing, deleting):
        words.add_manager(parser)


def _list(options: argparse.Namespace) -> int:
    workers = Counter(tag["id"] for worker in named.workers(options.manager) for tag in worker["tags"])
    found = [{**tag, "workers": workers[tag["id"]]} for tag in named.tags(options.manager)]
    rows = [(tag["name"], str(tag["workers"]), tag.get("description") or "-", tag["id"]) for tag in found]
    return show(options, found, ("NAME", "WORKERS", "DESCRIPTION", "ID"), rows)


def _add(options: argparse.Namespace) -> int:
    body = {"name": options.name, "description": options.description}
    return _tell(options, options.manager.post(f"{CALLS}/worker-mgt/tags", body), "is made")


def _change(options: argparse.Namespace) -> int:
    was = named.one(named.tags(options.manager), options.tag, "tag")
    given = {"name": options.name, "description": options.description}
    said = {**was, **{key: value for key, value in given.items() if value is not None}}
    options.manager.send("PUT", f"{CALLS}/worker-mgt/tag/{was['id']}", said)
    return _tell(options, said, "is changed")


def _delete(options: argparse.Namespace) -> int:
    was = named.one(named.tags(options.manager), options.tag, "tag")
    options.manager.send("DELETE", f"{CALLS}/worker-mgt/tag/{was['id']}")
    return _tell(options, was, "is deleted")


def _tell(options: argparse.Namespace, tag: Json, what: str) -> int:
    print(as_json(tag) if options.json else f"tag {tag['name']} {what}")
    return 0
