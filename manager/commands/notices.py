"""farmhand-manager notices: who is told of events, and a message to see that it arrives; without a manager."""

import argparse
from typing import Any

from ...units.errors import BadConfig
from .. import config
from ..clock import wall_clock
from ..targets import Target, Webhook
from .report import show
from .upkeep import add_place

LIST = "list who is told of what"


def add(verbs: Any) -> None:
    listing = verbs.add_parser("list", help=LIST)
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(call=_list)
    testing = verbs.add_parser("test", help="send a message now, and say what came of it")
    testing.add_argument("name", metavar="NAME", help="of those below notices: to: in the settings")
    testing.set_defaults(call=_test)
    for parser in (listing, testing):
        add_place(parser)


def _list(options: argparse.Namespace) -> int:
    found = config.settings(options.config, options.data).notices.to
    said = [{"name": it.name, "by": _way(it), "where": it.where, "events": list(it.events)} for it in found]
    rows = [(it.name, _way(it), it.where, ", ".join(it.events)) for it in found]
    return show(options, said, ("NAME", "BY", "WHERE", "EVENTS"), rows)


def _way(target: Target) -> str:
    return f"webhook, {target.form}" if isinstance(target, Webhook) else "e-mail"


def _test(options: argparse.Namespace) -> int:
    from ..backup import who
    from ..notify import send
    from ..post import Unsent
    from ..storage.outbox import message, test

    settings = config.settings(options.config, options.data)
    target = next((each for each in settings.notices.to if each.name == options.name), None)
    if target is None:
        known = ", ".join(each.name for each in settings.notices.to)
        hint = f"known are {known}" if known else "write it into the file of --config"
        raise BadConfig(str(options.config or "--config"), 0, "notices.to", f'there is no "{options.name}"', hint)
    now = wall_clock()
    said = message(settings.manager_name, [test(now, who())], "")
    try:
        print(f"{target.name}: {send(settings.notices, target, f'msg_test_{now}', said, now)}")
    except Unsent as error:
        raise ConnectionError(f"{target.name}: {error}") from None
    return 0
