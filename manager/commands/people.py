"""farmhand-manager people: who may sign in; on the database itself, whether a manager runs or not.

Whoever may read and write the database's folder is trusted: it is for a first start, and for when nobody can sign in.
"""

import argparse
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ...units.errors import BadValue
from ..clock import timestamp
from ..rules.access import Grant, Role, called, limitable
from ..rules.tasks import Refused
from .report import Json, as_json, complain, local, show
from .upkeep import add_place, as_of_today
from .words import DEFAULT_URL, manager, name

if TYPE_CHECKING:
    from ..storage.people import Person
    from ..storage.standing import Standing
    from ..storage.store import Store

LIST = "list who may sign in"

FAILED = 1

ROLES = [role.value for role in Role]

TAG = "an operator only for what has this tag; repeatable"


def add(verbs: Any) -> None:
    listing = verbs.add_parser("list", help=LIST)
    adding = verbs.add_parser("add", help="add somebody, and print a link by which they choose a password")
    granting = verbs.add_parser("role", help="say what somebody may do; lets in again who was deactivated")
    linking = verbs.add_parser("link", help="print a link by which somebody chooses a password")
    ending = verbs.add_parser("deactivate", help="let somebody in no more")
    for parser in (adding, granting, linking, ending):
        parser.add_argument("name", type=name, metavar="NAME", help="by which they are known")
    for parser in (adding, granting):
        parser.add_argument("--role", choices=ROLES, required=True, help="what they may do")
        parser.add_argument("--tag", action="append", default=[], metavar="TAG", help=TAG)
    url = os.environ.get("FARMHAND_MANAGER", DEFAULT_URL)
    for parser in (adding, linking):
        parser.add_argument("--url", type=_url, default=url, metavar="URL", help=f"of the manager; default: {url}")
    calls = {listing: _list, adding: _add, granting: _grant, linking: _link, ending: _deactivate}
    for parser, call in calls.items():
        parser.add_argument("--json", action="store_true", help="print JSON")
        add_place(parser)
        parser.set_defaults(call=on_store(call))


def on_store(call: "Callable[[argparse.Namespace, Store, str], int]") -> Callable[[argparse.Namespace], int]:
    """Make a command of what works on a store; what that refuses is said, with exit code 1."""

    def run(options: argparse.Namespace) -> int:
        from ..backup import who
        from ..opening import open_store
        from ..storage.store import Missing

        with (
            as_of_today(options) as (settings, _),
            closing(open_store(options.data, settings, os.environ, options.database)) as store,
        ):
            try:
                return call(options, store, who())
            except (Missing, Refused) as error:
                complain(str(error))
                return FAILED

    return run


def _url(text: str) -> str:
    return manager(text).url


def _list(options: argparse.Namespace, store: "Store", _by: str) -> int:
    from ..storage import people, standing

    stands = standing.all_of(store)
    found = [_row(it, stands[it.id]) for it in people.every(store)]
    rows = [
        (each["name"], "deactivated" if each["off"] else each["is"], local(each.get("signed_in_at")), each["id"])
        for each in found
    ]
    return show(options, found, ("NAME", "IS", "SIGNED IN", "ID"), rows)


def _row(it: "Person", stands: "Standing") -> Json:
    return {**person_json(it), "by": list(stands.by), "off": stands.off_at is not None}


def person_json(it: "Person") -> Json:
    said: Json = {
        "id": it.id,
        "name": it.name,
        "is": called(it.grants).partition(" ")[2],
        "grants": [{"role": grant.role.value, **({"tag": grant.name} if grant.tag else {})} for grant in it.grants],
        "has_password": it.has_password,
    }
    return {**said, **({"signed_in_at": timestamp(it.signed_in_at)} if it.signed_in_at else {})}


def _add(options: argparse.Namespace, store: "Store", by: str) -> int:
    from ..storage import people

    made = people.add(store, options.name, _grants(options, store), by)
    return _tell(options, store, made, f"{made.name} is added")


def _grant(options: argparse.Namespace, store: "Store", by: str) -> int:
    from ..storage import people, standing

    found = people.named(store, options.name)
    standing.turn_on(store, found.id, _grants(options, store), by)
    now = people.one(store, found.id)
    print(as_json(person_json(now)) if options.json else f"{now.name} is {called(now.grants)} now")
    return 0


def _link(options: argparse.Namespace, store: "Store", _by: str) -> int:
    from ..storage import people, standing

    found = people.named(store, options.name)
    if standing.all_of(store)[found.id].off_at is not None:
        raise Refused(f"{found.name} is not let in; say first what they may do, with farmhand-manager people role")
    return _tell(options, store, found, f"{found.name} can choose a password")


def _deactivate(options: argparse.Namespace, store: "Store", by: str) -> int:
    from ..storage import people, standing

    found = people.named(store, options.name)
    standing.turn_off(store, found.id, by)
    said = person_json(people.one(store, found.id))
    print(as_json(said) if options.json else f"{found.name} is not let in any more")
    return 0


def _tell(options: argparse.Namespace, store: "Store", it: "Person", what: str) -> int:
    """Print what was done, and a new link."""
    from ..storage import sessions

    link = f"{options.url}welcome/{sessions.make_link(store, it.id)}"
    told = f"{what} by this link, which is good once and for a day:\n{link}"
    print(as_json({**person_json(it), "link": link}) if options.json else told)
    return 0


def _grants(options: argparse.Namespace, store: "Store") -> Sequence[Grant]:
    role = Role(options.role)
    refuse_tags(options.tag, role)
    return [Grant(role, id) for id in tag_ids(options, store)] or [Grant(role)]


def refuse_tags(tags: Sequence[str], role: Role) -> None:
    """Raise BadValue for tags that would limit nothing."""
    if tags and not limitable(role):
        problem = f"--tag: tags do not limit the role {role.value}"
        raise BadValue(problem, "leave them out, or write --role operator")


def tag_ids(options: argparse.Namespace, store: "Store") -> Sequence[str]:
    """Return the ids of the tags of --tag, which are names or ids; raises Refused."""
    from ..storage import tags

    found = {key: tag.id for tag in tags.every(store) for key in (tag.id, tag.name)}
    if missing := [tag for tag in options.tag if tag not in found]:
        raise Refused(f'--tag: there is no tag "{missing[0]}"; see farmhand-manager tags')
    return list(dict.fromkeys(found[tag] for tag in options.tag))
