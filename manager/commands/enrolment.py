"""farmhand-manager enrolment: codes that let workers and agents in."""

import argparse
from typing import Any

from . import named, words
from .named import OURS
from .report import Json, as_json, local, show

LIST = "list the enrolment codes, without the codes"

_CALL = f"{OURS}/enrolments"
_MOST = 1000


def add(verbs: Any) -> None:
    listing = verbs.add_parser("list", help=LIST)
    listing.set_defaults(call=_list)
    making = verbs.add_parser("make", help="make a code and print it, once")
    making.add_argument(
        "--uses", type=words.number(1, _MOST), default=1, metavar="N", help="how many it lets in (default: 1)"
    )
    making.add_argument(
        "--expires", type=words.span, default=900.0, metavar="SPAN", help="how long it is good for (default: 15min)"
    )
    making.add_argument(
        "--tag", action="append", default=[], dest="tags", metavar="TAG", help="what the workers get; may be repeated"
    )
    making.set_defaults(call=_make)
    revoking = verbs.add_parser("revoke", help="have a code let in nobody any more; who is in stays in")
    revoking.add_argument("enrolment", type=words.identity("enrolment", "enrolment"), metavar="ID", help="its id")
    revoking.set_defaults(call=_revoke)
    for parser in (listing, making, revoking):
        words.add_manager(parser)


def _list(options: argparse.Namespace) -> int:
    found: list[Json] = options.manager.get(_CALL)["enrolments"]
    rows = [
        (
            f"{each['hint']}-…",
            f"{each['used']} of {each['uses']}",
            local(each["expires_at"]) if each["open"] else "good for nothing",
            ", ".join(each["tags"]) or "-",
            each["made_by"],
            each["id"],
        )
        for each in found
    ]
    return show(options, found, ("CODE", "USED", "UNTIL", "TAGS", "MADE BY", "ID"), rows)


def _make(options: argparse.Namespace) -> int:
    there = named.tags(options.manager) if options.tags else []
    tags = [named.one(there, name, "tag")["id"] for name in options.tags]
    made = options.manager.post(_CALL, {"uses": options.uses, "expires_in": options.expires, "tags": tags})
    print(as_json(made) if options.json else made["code"])
    return 0


def _revoke(options: argparse.Namespace) -> int:
    options.manager.send("DELETE", f"{_CALL}/{options.enrolment}")
    print(as_json({"id": options.enrolment}) if options.json else f"enrolment {options.enrolment} is revoked")
    return 0
