"""The History tab of a worker's page: what it was, how its processes ended, all that happened to it; and the farm's."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request, url_for
from werkzeug.exceptions import BadRequest

from ....worker.wire import RESTART_EXIT_CODE
from ...rules import exits, spans
from ...rules.facts import Kind
from ...storage import histories, samples
from ...zones import read_zone
from ..framing import address, common
from ..given import whole_number
from ..site import store
from . import farmview
from .historyview import REACHES, Reach, being_chart, ends_chart, ends_since
from .rows import row
from .timeline import LIFE, steps

bp = Blueprint("historypages", __name__)

# Steps on a page.
PAGE = 50


@dataclass(frozen=True)
class Choice:
    """A part of the history that can be asked for."""

    label: str
    kinds: frozenset[Kind]


def _named(*subjects: str) -> frozenset[Kind]:
    return frozenset(kind for kind in LIFE if kind.value.partition(".")[0] in subjects)


CHOICES: Mapping[str, Choice] = {
    "": Choice("Everything", frozenset(LIFE)),
    "changes": Choice("What people and schedules asked for", _named("request", "ticket", "schedule")),
    "ends": Choice("Starts and ends", frozenset(exits.ENDINGS & LIFE)),
    "supervisor": Choice("What its agent tells", _named("service", "ticket")),
}


@bp.get("/farm")
def farm() -> str:
    """Show how the whole farm was."""
    now, reach = store().clock(), _reach()
    taken, zone = samples.since(store(), min(ends_since(now), now - reach.length)), _zone()
    here = url_for(".farm")
    return render_template(
        "farm.html",
        section="farm",
        reaches=[(each, address(here, {"reach": each.key}), each is reach) for each in REACHES.values()],
        states=farmview.states_chart([one for one in taken if one.at >= now - reach.length], reach, now, zone),
        endings=farmview.ends_chart(taken, now, zone),
        here=here,
    )


def _zone() -> ZoneInfo:
    """Return the farm's zone, whose days a chart has whichever machine draws it."""
    return read_zone(store().settings.time_zone)


def _reach() -> Reach:
    """Return how far back is asked for; raises BadRequest."""
    found = REACHES.get(request.args.get("reach", "day"))
    if found is None:
        raise BadRequest(f"reach: it is one of {', '.join(REACHES)}")
    return found


@bp.get("/workers/<worker_id>/history")
def history(worker_id: str) -> str:
    found, now = store().worker(worker_id), store().clock()
    reach, zone = _reach(), _zone()
    shown, before = request.args.get("show", ""), request.args.get("before", "")
    if shown not in CHOICES or (before and whole_number(before) is None):
        raise BadRequest("show, before: there is no such part of a history; begin again at the worker's page")
    here = url_for(".history", worker_id=worker_id)
    events = store().worker_events(worker_id, PAGE + 1, whole_number(before), CHOICES[shown].kinds)
    beings = histories.since(store(), worker_id, spans.TELLING, now - reach.length, spans.TOLD)
    endings = histories.since(store(), worker_id, exits.ENDINGS, ends_since(now), exits.TOLD)
    code = found.attended.worker_code if found.attended else None
    asked: dict[str, object] = {"reach": reach.key, "show": shown}
    return render_template(
        "history.html",
        tab="history",
        w=row(found, now),
        reaches=[(each, address(here, {**asked, "reach": each.key}), each is reach) for each in REACHES.values()],
        beings=being_chart(spans.spans(beings.events, now - reach.length, now), reach, now, zone),
        endings=ends_chart(exits.ends(endings.events, RESTART_EXIT_CODE if code is None else code), now, zone),
        cut=beings.cut or endings.cut,
        choices=CHOICES,
        shown=shown,
        reach=reach.key,
        steps=steps(reversed(events[:PAGE]), now)[::-1],
        older=address(here, {**asked, "before": events[PAGE - 1].seq}) if len(events) > PAGE else "",
        newest=address(here, asked) if before else "",
        **common(here, "", now, None),
    )
