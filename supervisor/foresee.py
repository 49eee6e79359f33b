"""`farmhand whatif`: what would become of a service if its runs ended like this. Reads a file, and runs nothing."""

import argparse
import json
import sys
from typing import Any

from ..units.errors import BadConfig, BadValue
from ..units.files import read_text
from ..units.grammar import parse_signal, parse_span
from ..units.spec import Service
from .exit_codes import BAD_INPUT
from .rules.exitstatus import Exit
from .rules.whatif import Deadline, Ending, Forecast, Moment, NotForeseen, conclusion, describe, forecast

HELP = "foresee what would become of a service if its runs ended like this; nothing is started"
_DEADLINES: tuple[Deadline, ...] = ("start", "stop", "watchdog", "runtime")
_HIGHEST_CODE = 255


def add_parser(verbs: Any) -> None:
    """Add the command to argparse's sub-commands."""
    parser = verbs.add_parser("whatif", help=HELP, description=HELP)
    parser.add_argument("file", metavar="FILE", help="Farmhand's YAML, or a .service file")
    parser.add_argument("name", nargs="?", metavar="NAME", help="which service of it, if there are several")
    endings = parser.add_argument_group("how its runs end, in turn")
    endings.add_argument("--exit", action="append", dest="endings", type=_exit, metavar="CODE", help="with a code")
    endings.add_argument("--signal", action="append", dest="endings", type=_signal, metavar="NAME", help="by a signal")
    endings.add_argument(
        "--timeout",
        action="append",
        dest="endings",
        type=_timeout,
        metavar="|".join(_DEADLINES),
        help="by letting a deadline pass: it never says that it is up, does not obey a stop, falls silent, or runs on",
    )
    parser.add_argument("--times", type=_times, metavar="N", help="how many runs end so (default: each ending once)")
    parser.add_argument("--uptime", type=_span, default=1.0, metavar="SPAN", help="after how long (default: 1s)")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(arguments: argparse.Namespace) -> int:
    """Print the forecast; returns the exit code, 2 for a question or a file that has to be mended."""
    endings = tuple(arguments.endings or ())
    if not endings:
        return _fail("whatif: no ending is given; say --exit CODE, --signal NAME or --timeout WHICH")
    try:
        service = _service(arguments.file, arguments.name)
        seen = forecast(service, endings, times=arguments.times or len(endings), uptime=arguments.uptime)
    except (BadConfig, NotForeseen) as problem:
        return _fail(str(problem))
    print(json.dumps(_plain(seen), indent=2) if arguments.json else "\n".join(describe(seen)))
    return 0


def _service(file: str, name: str | None) -> Service:
    from ..units.check import check  # not for the other commands, which read no files
    from .definitions.catalog import drop_ins_beside

    report = check(file, read_text(file), drop_ins_beside(file))
    if report.error is not None:
        raise report.error
    named = [service for service in report.services if name is None or service.name == name.removesuffix(".service")]
    if len(named) != 1:
        known = ", ".join(service.name for service in report.services)
        problem = "there are several services" if named else f"there is no service {name!r}"
        raise NotForeseen(f"{file}: {problem}; name one of {known}")
    return named[0]


def _plain(seen: Forecast) -> dict[str, Any]:
    """Return the forecast for programs; times are seconds since the first start."""
    return {
        "service": seen.service.name,
        "moments": [_moment(seen.service, moment) for moment in seen.moments],
        "end": {
            "ActiveState": seen.active.value,
            "SubState": seen.life.state.value,
            "Result": seen.life.result.value,
            "NRestarts": seen.life.restarts,
            "starts": seen.runs,
            "start_limit_hit": seen.limited,
            "sentence": conclusion(seen),
        },
    }


def _moment(service: Service, moment: Moment) -> dict[str, Any]:
    told: dict[str, Any] = {
        "at": round(moment.at, 6),
        "states": [state.value for state in moment.states],
        "why": moment.why,
    }
    if moment.verdict is not None:
        told["restart"] = moment.verdict.restart
        told["after"] = moment.verdict.wait if moment.verdict.restart else None
        told["directive"] = moment.verdict.directive or None
        told["where"] = service.origin.get(moment.verdict.directive)
    return told


def _exit(text: str) -> Ending:
    if not text.isascii() or not text.isdigit() or int(text) > _HIGHEST_CODE:
        raise argparse.ArgumentTypeError(f"{text!r} is not an exit code; write 0 to {_HIGHEST_CODE}")
    return Ending(exit=Exit(code=int(text)))


def _signal(text: str) -> Ending:
    try:
        return Ending(exit=Exit(signal=parse_signal(text)))
    except BadValue as bad:
        raise argparse.ArgumentTypeError(f"{bad.problem}; {bad.hint}") from None


def _timeout(text: str) -> Ending:
    for deadline in _DEADLINES:
        if text == deadline:
            return Ending(timeout=deadline)
    raise argparse.ArgumentTypeError(f"{text!r} is not a deadline; write one of {', '.join(_DEADLINES)}")


def _times(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of runs; write 1 or more")
    return int(text)


def _span(text: str) -> float:
    try:
        return parse_span(text)
    except BadValue as bad:
        raise argparse.ArgumentTypeError(f"{bad.problem}; {bad.hint}") from None


def _fail(text: str) -> int:
    print(text, file=sys.stderr)
    return BAD_INPUT
