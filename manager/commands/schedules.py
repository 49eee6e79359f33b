"""farmhand-manager schedules: when workers sleep by themselves."""

import argparse
import re
from typing import Any

from ...units.errors import BadValue
from ..rules.schedules import Sleep
from ..rules.sleepwords import sleep_text
from ..rules.times import read_timestamp
from ..rules.windows import read_window
from ..zones import read_zone
from . import named, words
from .named import OURS
from .report import Json, as_json, facts, local, show

LIST = "list the sleep schedules"

_WINDOW = re.compile(r"(?P<days>.*?)\s*(?P<start>\d\d:\d\d)\s*-\s*(?P<end>\d\d:\d\d)")


def add(verbs: Any) -> None:
    listing = verbs.add_parser("list", help=LIST)
    listing.set_defaults(call=_list)
    details = verbs.add_parser("show", help="say what a schedule says, and when next")
    _add_which(details)
    details.set_defaults(call=_show)
    making = verbs.add_parser("add", help="make the schedule of a worker or a tag")
    owner = making.add_mutually_exclusive_group(required=True)
    owner.add_argument("--worker", metavar="WORKER", help="a worker's name or id")
    owner.add_argument("--tag", metavar="TAG", help="a tag's name or id")
    _add_fields(making, required=True)
    making.set_defaults(call=_add)
    changing = verbs.add_parser("change", help="change a schedule; what is not given stays as it is")
    _add_which(changing)
    _add_fields(changing, required=False)
    changing.set_defaults(call=_change)
    deleting = verbs.add_parser("delete", help="remove a schedule; who sleeps by it alone wakes up")
    _add_which(deleting)
    deleting.set_defaults(call=_delete)
    preview = verbs.add_parser("preview", help="say what a schedule would do, and keep nothing")
    _add_fields(preview, required=True)
    preview.set_defaults(call=_preview)
    for parser in (listing, details, making, changing, deleting, preview):
        words.add_manager(parser)


def _add_which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("schedule", metavar="SCHEDULE", help="its id, or the name of its worker or tag")


def _add_fields(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--window",
        dest="windows",
        action="append",
        type=_window,
        required=required,
        metavar="WINDOW",
        help='"mo-fr 22:00-06:00", or without days; may be given several times',
    )
    parser.add_argument("--zone", metavar="ZONE", help='an IANA time zone, such as "Europe/Berlin"')
    lazy = parser.add_mutually_exclusive_group()
    lazy.add_argument(
        "--after-task", dest="lazy", action="store_true", default=None, help="let running tasks end; so it is anyway"
    )
    lazy.add_argument("--now", dest="lazy", action="store_false", default=None, help="abort running tasks")
    active = parser.add_mutually_exclusive_group()
    active.add_argument(
        "--on", dest="active", action="store_true", default=None, help="have it in force, as it is anyway"
    )
    active.add_argument("--off", dest="active", action="store_false", default=None, help="keep it without any effect")


def _window(text: str) -> Json:
    found = _WINDOW.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f'"{text}" is no window; write "22:00-06:00" or "mo-fr 22:00-06:00"')
    return found.groupdict()


def _fields(options: argparse.Namespace) -> Json:
    said = {name: getattr(options, name) for name in ("windows", "zone", "lazy", "active")}
    return {name: value for name, value in said.items() if value is not None}


def _list(options: argparse.Namespace) -> int:
    found = _every(options)
    rows = [
        (_owner(each), _windows(each), each["zone"], _how(each), "; ".join(_next(each, 1)) or "-", each["id"])
        for each in found
    ]
    return show(options, found, ("OF", "WINDOWS", "ZONE", "HOW", "NEXT", "ID"), rows)


def _every(options: argparse.Namespace) -> list[Json]:
    found: list[Json] = options.manager.get(f"{OURS}/schedules")["schedules"]
    return found


def _owner(schedule: Json) -> str:
    return str(schedule["worker"]["name"]) if "worker" in schedule else f"tag {schedule['tag']['name']}"


def _windows(schedule: Json) -> str:
    return ", ".join(str(read_window(each["days"], each["start"], each["end"])) for each in schedule["windows"])


def _how(schedule: Json) -> str:
    return ("after task" if schedule["lazy"] else "immediately") if schedule["active"] else "off"


def _next(said: Json, count: int) -> list[str]:
    """Say when it sleeps next, by the clocks of its zone."""
    sleeps = (Sleep(_at(each["begins"]), _at(each["ends"])) for each in said["next"][:count])
    return [sleep_text(sleep, read_zone(said["zone"])) for sleep in sleeps]


def _at(time: str | None) -> int | None:
    return read_timestamp(time) if time else None


def _one(options: argparse.Namespace) -> Json:
    """Return the schedule that is named by its id, or by whose it is; raises BadValue."""
    word = options.schedule
    found = [
        each
        for each in _every(options)
        if word.lower() == each["id"] or any(word in each[kind].values() for kind in ("worker", "tag") if kind in each)
    ]
    if len(found) != 1:
        problem = f'"{word}" names {len(found)} schedules' if found else f'there is no schedule of "{word}"'
        raise BadValue(problem, "write the id of one, from farmhand-manager schedules list")
    return found[0]


def _show(options: argparse.Namespace) -> int:
    return _tell(options, _one(options))


def _add(options: argparse.Namespace) -> int:
    kind = "worker" if options.worker else "tag"
    every = named.workers(options.manager) if options.worker else named.tags(options.manager)
    owner = named.one(every, options.worker or options.tag, kind)
    return _tell(options, options.manager.post(f"{OURS}/schedules", {kind: owner["id"], **_fields(options)}))


def _change(options: argparse.Namespace) -> int:
    was = _one(options)
    return _tell(options, options.manager.send("PATCH", f"{OURS}/schedules/{was['id']}", _fields(options)))


def _delete(options: argparse.Namespace) -> int:
    was = _one(options)
    options.manager.send("DELETE", f"{OURS}/schedules/{was['id']}")
    print(as_json(was) if options.json else f"the schedule of {_owner(was)} is removed")
    return 0


def _preview(options: argparse.Namespace) -> int:
    said = options.manager.post(f"{OURS}/schedules/preview", _fields(options))
    shown = {"Now": f"{said['status'] or 'nothing'}: {said['reason']}", "Next": _next(said, 5)}
    print(as_json(said) if options.json else facts(shown))
    return 0


def _tell(options: argparse.Namespace, schedule: Json) -> int:
    said = {
        "Of": _owner(schedule),
        "Windows": _windows(schedule),
        "Zone": schedule["zone"],
        "How": _how(schedule),
        "Next": _next(schedule, 5),
        "Changed": f"{local(schedule['changed_at'])} by {schedule['changed_by']}",
        "ID": schedule["id"],
    }
    print(as_json(schedule) if options.json else facts(said))
    return 0
