"""farmhand-manager tokens: API tokens of people; on the database itself, whether a manager runs or not."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from ..clock import timestamp
from ..rules.access import Role, called
from ..rules.tokens import DAY_MS, MOST_DAYS, USUAL_DAYS, Scope
from .people import ROLES, TAG, on_store, refuse_tags, tag_ids
from .report import Json, as_json, local, show
from .upkeep import add_place
from .words import identity, name, number

if TYPE_CHECKING:
    from ..storage.store import Store
    from ..storage.tokens import Token

LIST = "list the API tokens"


def add(verbs: Any) -> None:
    listing = verbs.add_parser("list", help=LIST)
    making = verbs.add_parser("make", help="make a token of somebody's, and print it")
    making.add_argument("name", type=name, metavar="NAME", help="what it is for")
    making.add_argument("--person", required=True, metavar="NAME", help="whose it is: it never may do more than they")
    making.add_argument("--role", choices=ROLES, default=Role.VIEWER.value, help="what it may do; default: viewer")
    making.add_argument("--tag", action="append", default=[], metavar="TAG", help=TAG)
    making.add_argument(
        "--days",
        type=number(1, MOST_DAYS),
        default=USUAL_DAYS,
        metavar="DAYS",
        help=f"how long it holds; default: {USUAL_DAYS}",
    )
    revoking = verbs.add_parser("revoke", help="have a token refused from now on")
    revoking.add_argument("token", type=identity("id of a token", "tokens list"), metavar="ID", help="its id")
    for parser, call in {listing: _list, making: _make, revoking: _revoke}.items():
        parser.add_argument("--json", action="store_true", help="print JSON")
        add_place(parser)
        parser.set_defaults(call=on_store(call))


def _list(options: argparse.Namespace, store: "Store", _by: str) -> int:
    from ..storage import tokens

    found = [token_json(it, store.clock()) for it in tokens.every(store)]
    rows = [
        (each["name"], each["owner"], each["role"], each["state"], local(each.get("used_at")), each["id"])
        for each in found
    ]
    return show(options, found, ("NAME", "OWNER", "MAY", "STATE", "USED", "ID"), rows)


def token_json(it: "Token", now: int) -> Json:
    state = "revoked" if it.revoked_at is not None else "holds" if it.holds(now) else "ended"
    said: Json = {
        "id": it.id,
        "name": it.name,
        "owner": it.owner,
        "begins": it.hint,
        "role": it.scope.role.value,
        "tags": list(it.scope.tags),
        "state": state,
        "expires_at": timestamp(it.expires_at),
    }
    return {**said, **({"used_at": timestamp(it.used_at)} if it.used_at is not None else {})}


def _make(options: argparse.Namespace, store: "Store", by: str) -> int:
    from ..storage import people, tokens

    owner, role = people.named(store, options.person), Role(options.role)
    refuse_tags(options.tag, role)
    scope = Scope(role, tuple(tag_ids(options, store)))
    made = tokens.make(store, owner.id, options.name, scope, options.days * DAY_MS, by)
    said = {**token_json(made.token, store.clock()), "token": made.text}
    whose = f"It may do what {owner.name} may, who is {called(owner.grants)}, and no more than {role.value}."
    print(as_json(said) if options.json else made.text)
    print(f"{whose} It is printed this once.", file=sys.stderr)  # so that $(…) is the token alone
    return 0


def _revoke(options: argparse.Namespace, store: "Store", by: str) -> int:
    from ..storage import tokens

    tokens.revoke(store, options.token, by)
    now = tokens.one(store, options.token)
    told = f'the token "{now.name}" of {now.owner} is revoked'
    print(as_json(token_json(now, store.clock())) if options.json else told)
    return 0
