"""The Sleep tab of a worker's page: its schedule as a form, and when it will sleep."""

from collections.abc import Sequence
from functools import partial
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from ...rules import schedules as rules
from ...rules.schedules import Schedule
from ...rules.sleepwords import now_text, sleep_text, windows_text
from ...rules.workers import Worker
from ...storage import schedules
from ...storage.schedules import Owner
from ...zones import read_zone
from ..actions.outcome import Notice
from ..framing import bar
from ..site import flashed, store
from ..workers.rows import row
from . import sleepdesk
from .sleepform import Form, shown
from .weekview import week

bp = Blueprint("schedulepages", __name__)


@bp.get("/workers/<worker_id>/sleep")
def sleep(worker_id: str) -> str:
    return _page(worker_id, [])


@bp.post("/workers/<worker_id>/sleep")
def save(worker_id: str) -> ResponseReturnValue:
    """Keep what the form says, remove the schedule, or show what it would bring."""
    owner, here = Owner("worker", worker_id), url_for(".sleep", worker_id=worker_id)
    return sleepdesk.answer(owner, schedules.own(store(), worker_id), partial(_page, worker_id), here)


def now_words(worker: Worker, said: Sequence[Schedule], now: int) -> str:
    """Say what a worker's schedules want now, and until when."""
    verdict = rules.judge(said, now)
    held = verdict is not None and rules.held(worker, verdict)
    return now_text(verdict, zone_of(said), held=held)


def zone_of(said: Sequence[Schedule]) -> ZoneInfo:
    """Return the zone in which to tell of schedules: of the first, which is the worker's own where it has one."""
    return said[0].zone if said else read_zone(store().settings.time_zone)


def _page(worker_id: str, notices: Sequence[Notice], form: Form | None = None, draft: Schedule | None = None) -> str:
    """Show the tab; form: as it was sent; draft: the schedule that would be the worker's own."""
    worker, now = store().worker(worker_id), store().clock()
    found = schedules.of_worker(store(), worker_id)
    mine = next((kept.schedule for kept in found if kept.owner.kind == "worker"), None)
    by_tags = [kept for kept in found if kept.owner.kind == "tag"]
    own = draft or mine
    said = [*([own] if own else []), *(kept.schedule for kept in by_tags)]
    zone = zone_of(said)
    return render_template(
        "sleep.html",
        section="workers",
        tab="sleep",
        w=row(worker, now),
        form=form or shown(mine, store().settings.time_zone),
        exists=mine is not None,
        by_tags=[(kept.owner.name, kept.schedule) for kept in by_tags],
        draft=draft is not None,
        unsaved=form is not None,
        week=week(said, zone, now),
        windows_text=windows_text,
        now_text=now_words(worker, said, now),
        next=[sleep_text(each, zone) for each in rules.coming(said, now)],
        zone=zone.key,
        **bar(),
        notices=[*flashed(), *notices],
        here=url_for(".sleep", worker_id=worker_id),
    )
