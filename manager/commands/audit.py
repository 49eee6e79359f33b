"""farmhand-manager audit: who did what, and whether anything of it was changed; on the database, without a manager."""

import argparse
import sys
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ..rules import auditing, deeds
from ..rules.auditing import FILTERS, FORMATS
from ..rules.chain import Broken, Entry, Head, read_head
from ..rules.deeds import Deed
from ..rules.printable import printable
from .report import as_json, complain, local, show
from .upkeep import add_place, as_of_today
from .words import number

if TYPE_CHECKING:
    from ..config import Settings

LIST = "list who did what"

BROKEN = 1

_HELP = {
    "limit": "the newest so many; default: 50",
    "who": "only rows whose name contains this",
    "what": "only these, as in request.made, or a part of it",
    "whom": "only rows about this, a part of a name or an id",
    "since": "from this day on, as in 2030-01-31, or from a time in RFC 3339",
    "until": "up to this day's end, or before a time in RFC 3339",
}


def add(verbs: Any) -> None:
    listing = verbs.add_parser("list", help=LIST)
    listing.add_argument("--limit", type=number(1, 100_000), default=50, metavar="NUMBER", help=_HELP["limit"])
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(call=_list)
    exporting = verbs.add_parser("export", help="write it to standard output, the oldest row first")
    exporting.add_argument("--format", choices=sorted(FORMATS), default="jsonl", help="default: jsonl")
    exporting.set_defaults(call=_export)
    verifying = verbs.add_parser("verify", help="see whether it is as it was written: exit code 1 if not")
    known = "as `audit verify` printed it earlier, and it was kept elsewhere"
    verifying.add_argument("--head", type=_head, metavar="NUMBER:HASH", help=known)
    verifying.add_argument("--json", action="store_true", help="print JSON")
    verifying.set_defaults(call=_verify)
    for parser in (listing, exporting):
        for name in FILTERS:
            parser.add_argument(f"--{name}", default="", metavar=name.upper(), help=_HELP[name])
    for parser in (listing, exporting, verifying):
        add_place(parser)


def _head(text: str) -> Head:
    try:
        return read_head(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _wanted(options: argparse.Namespace, settings: "Settings") -> auditing.Wanted:
    return auditing.read({name: getattr(options, name) for name in FILTERS}, ZoneInfo(settings.time_zone))


def _list(options: argparse.Namespace) -> int:
    from ..storage import audit

    with as_of_today(options) as (settings, database):
        found = audit.newest_first(database, _wanted(options, settings), None, options.limit)
    rows = [_row(entry) for entry in reversed(found)]
    header = ("WHEN", "WHO", "FROM", "WHAT", "WHOM", "OUTCOME", "ROW")
    return show(options, [auditing.as_json(entry) for entry in reversed(found)], header, rows)


def _row(entry: Entry) -> tuple[str, ...]:
    said = auditing.as_json(entry)
    whence = f"{entry.way} {entry.address}".strip()
    texts = (local(str(said["at"])), entry.who, whence, entry.what, entry.whom, entry.outcome, str(entry.seq))
    return tuple(printable(text) or "-" for text in texts)


def _export(options: argparse.Namespace) -> int:
    from ..backup import who
    from ..storage import audit

    with as_of_today(options) as (settings, database):
        wanted = _wanted(options, settings)
        given = {name: getattr(options, name) for name in FILTERS if getattr(options, name)}
        deed = Deed(deeds.EXPORTED, who(), f"the audit log as {options.format}", given)
        for line in auditing.lines(audit.exported(database, wanted, deed), FORMATS[options.format]):
            sys.stdout.write(line)
    return 0


def _verify(options: argparse.Namespace) -> int:
    from ..storage import audit

    with as_of_today(options) as (settings, database):
        found = audit.verify(database, options.head, settings.audit_key())
    if isinstance(found, Broken):
        if options.json:
            print(as_json({"whole": False, "broken": vars(found)}))
        complain(f"the audit log is broken at row {found.seq} ({found.kind}): {found.why}")
        return BROKEN
    if options.json:
        print(as_json({"whole": True, "head": str(found.head), "unsealed": found.unsealed}))
        return 0
    sealed = f", {found.head.seq - found.unsealed:,} of them sealed" if found.head.seq > found.unsealed else ""
    rows = "1 row" if found.head.seq == 1 else f"{found.head.seq:,} rows"
    print(f"the audit log is whole, {rows}{sealed}; its head is\n{found.head}")
    return 0
