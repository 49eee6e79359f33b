"""farmhand-manager doctor: what makes a farm misbehave, where it is, and how to mend it."""

import argparse
import os
from collections.abc import Callable
from typing import Any

from ...units.errors import BadConfig
from ..rules.findings import Finding, Weight
from . import upkeep
from .report import as_json, complain

CLEAN, FOUND, CANNOT_LOOK = 0, 1, 2


def add(commands: Any, address: Callable[[str], tuple[str, int]]) -> None:
    """Add the command; address reads HOST:PORT."""
    doctor = commands.add_parser("doctor", help="look for what makes the farm misbehave, and say how to mend it")
    upkeep.add_place(doctor)
    doctor.add_argument(
        "--listen", type=address, default="127.0.0.1:8080", metavar="HOST:PORT", help="where the manager listens"
    )
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.set_defaults(call=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    try:
        found = _look(options)
    except (BadConfig, OSError) as error:
        complain(str(error))
        return CANNOT_LOOK
    found.sort(key=lambda each: each.weight is Weight.NOTE)
    if options.json:
        print(as_json([{**vars(each), "weight": each.weight.value} for each in found]))
    else:
        print("\n".join(map(_line, found)) or "nothing is wrong")
    return FOUND if any(each.weight is Weight.WRONG for each in found) else CLEAN


def _look(options: argparse.Namespace) -> list[Finding]:
    from .. import doctor
    from ..clock import wall_clock
    from ..opening import is_on_a_server
    from ..storage import checkup

    with upkeep.as_it_is(options) as (settings, database):
        server = is_on_a_server(settings, os.environ, options.database)
        scene = doctor.Scene(settings, options.data, options.config, options.listen, server)
        return [*checkup.look(database, wall_clock()), *doctor.look(scene)]


def _line(found: Finding) -> str:
    return f"{found.weight.value}: {found.where}: {found.what}; {found.mend}"
