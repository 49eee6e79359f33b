"""Sleep schedules over HTTP: Flamenco's call for a worker's only window, and our own for all that there is."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ....units.errors import BadValue
from ....worker.wire import API
from ...clock import timestamp
from ...rules import schedules as rules
from ...rules.schedules import Schedule
from ...rules.times import FARTHEST, read_timestamp
from ...rules.windows import MIDNIGHT, Window, days_words, read_window, time_text
from ...storage import schedules
from ...storage.schedules import Kept, Owner
from ...zones import read_zone
from ..access.access import demand_tag, demand_workers
from ..access.origin import operator
from ..site import store
from .api import FARMHAND, NO_CONTENT, Problem, body

bp = Blueprint("schedule_api", __name__)

# What Flamenco calls the parts of a window.
_FLAMENCO = {"days": "days_of_week", "start": "start_time", "end": "end_time"}


# -- our own


@bp.get(f"{FARMHAND}/schedules")
def list_schedules() -> ResponseReturnValue:
    return jsonify(schedules=[schedule_json(kept) for kept in schedules.every(store())])


@bp.post(f"{FARMHAND}/schedules")
def add_schedule() -> ResponseReturnValue:
    owners = [Owner(kind, body()[kind].lower()) for kind in ("worker", "tag") if kind in body()]
    if len(owners) != 1:
        raise Problem(400, "name a worker or a tag, and not both: whose schedule is it?")
    if owners[0].kind == "tag":
        demand_tag(owners[0].id)
    else:
        demand_workers([owners[0].id])
    return jsonify(schedule_json(schedules.add(store(), owners[0], _said(), operator(request)))), 201


@bp.post(f"{FARMHAND}/schedules/preview")
def preview_schedule() -> ResponseReturnValue:
    said = _said()
    return jsonify(**says_json([said], _moment()), zone=said.zone.key)


@bp.get(f"{FARMHAND}/schedules/<schedule_id>")
def show_schedule(schedule_id: str) -> ResponseReturnValue:
    return jsonify(schedule_json(schedules.one(store(), schedule_id)))


@bp.patch(f"{FARMHAND}/schedules/<schedule_id>")
def change_schedule(schedule_id: str) -> ResponseReturnValue:
    was = schedules.one(store(), schedule_id)
    return jsonify(schedule_json(schedules.rewrite(store(), schedule_id, _said(was.schedule), operator(request))))


@bp.delete(f"{FARMHAND}/schedules/<schedule_id>")
def delete_schedule(schedule_id: str) -> ResponseReturnValue:
    schedules.remove(store(), schedule_id, operator(request))
    return NO_CONTENT


@bp.get(f"{FARMHAND}/workers/<worker_id>/schedules")
def show_schedules_of_worker(worker_id: str) -> ResponseReturnValue:
    worker, found, now = store().worker(worker_id), schedules.of_worker(store(), worker_id), store().clock()
    verdict = rules.judge([kept.schedule for kept in found], now)
    return jsonify(
        **says_json([kept.schedule for kept in found], now),
        held=verdict is not None and rules.held(worker, verdict),
        schedules=[schedule_json(kept) for kept in found],
    )


def _said(was: Schedule | None = None) -> Schedule:
    """Return the schedule that the body describes, which keeps what it leaves out; raises Problem."""
    was = was or Schedule(read_zone(store().settings.time_zone), ())
    said = body()
    return replace(
        was,
        windows=_windows(said["windows"]) if "windows" in said else was.windows,
        zone=_zone(said["zone"]) if "zone" in said else was.zone,
        lazy=said.get("lazy", was.lazy),
        active=said.get("active", was.active),
    )


def _windows(said: Iterable[Mapping[str, str]]) -> tuple[Window, ...]:
    found = []
    for number, each in enumerate(said):
        try:
            found.append(read_window(*(each.get(key, "") for key in ("days", "start", "end"))))
        except BadValue as error:
            raise Problem(400, f"windows[{number}].{error.problem}; {error.hint}") from None
    return tuple(found)


def _zone(said: str) -> ZoneInfo:
    try:
        return read_zone(said)
    except BadValue as error:
        raise Problem(400, f"zone: {error.problem}; {error.hint}") from None


def _moment() -> int:
    now = store().clock()
    try:
        at = read_timestamp(body()["at"]) if "at" in body() else now
    except BadValue as error:
        raise Problem(400, f"at: {error.problem}; {error.hint}") from None
    if abs(at - now) > FARTHEST:
        raise Problem(400, "at: it is more than a year away; name a nearer time")
    return at


# -- Flamenco's


@bp.get(f"{API}/worker-mgt/workers/<worker_id>/sleep-schedule")
def show_sleep_schedule(worker_id: str) -> ResponseReturnValue:
    kept = schedules.own(store(), worker_id)
    if kept is None:
        return NO_CONTENT
    said = kept.schedule
    return jsonify(
        **_first(said), windows=[window_json(each) for each in said.windows], zone=said.zone.key, lazy=said.lazy
    )


@bp.post(f"{API}/worker-mgt/workers/<worker_id>/sleep-schedule")
def set_sleep_schedule(worker_id: str) -> ResponseReturnValue:
    """Take Flamenco's form. What it cannot say stays: zone, flavour, and other windows where the first one does."""
    kept = schedules.own(store(), worker_id)
    was = kept.schedule if kept else Schedule(read_zone(store().settings.time_zone), ())
    window = _flamenco_window()
    windows = was.windows if window in was.windows[:1] else (window,)
    said = replace(was, windows=windows, active=body()["is_active"])
    if kept is None:
        schedules.add(store(), Owner("worker", worker_id), said, operator(request))
    else:
        schedules.rewrite(store(), kept.id, said, operator(request))
    return NO_CONTENT


def _flamenco_window() -> Window:
    try:
        return read_window(*(body()[name] for name in _FLAMENCO.values()))
    except BadValue as error:
        key, colon, problem = error.problem.partition(":")
        raise Problem(400, f"{_FLAMENCO[key]}{colon}{problem}; {error.hint}") from None


def _first(said: Schedule) -> dict[str, object]:
    """Write the first window as Flamenco does, which leaves the begin and the end of the day empty."""
    first = said.windows[0]
    return {
        "is_active": said.active,
        "days_of_week": days_words(first.days),
        "start_time": time_text(first.begins) if first.begins else "",
        "end_time": time_text(first.ends) if first.ends != MIDNIGHT else "",
    }


# -- JSON


def schedule_json(kept: Kept) -> dict[str, object]:
    said = kept.schedule
    return {
        "id": kept.id,
        kept.owner.kind: {"id": kept.owner.id, "name": kept.owner.name},
        "active": said.active,
        "lazy": said.lazy,
        "zone": said.zone.key,
        "windows": [window_json(window) for window in said.windows],
        "changed_at": timestamp(kept.changed_at),
        "changed_by": kept.changed_by,
        "next": _next([said], store().clock()),
    }


def window_json(window: Window) -> dict[str, str]:
    return {"days": days_words(window.days), "start": time_text(window.begins), "end": time_text(window.ends)}


def says_json(said: list[Schedule], now: int) -> dict[str, object]:
    """Write what schedules say together at a moment."""
    verdict = rules.judge(said, now)
    return {
        "status": verdict and verdict.status.value,
        "reason": verdict.reason if verdict else "no sleep schedule is in force",
        "since": _time(verdict.since) if verdict else None,
        "until": _time(verdict.until) if verdict else None,
        "next": _next(said, now),
    }


def _next(said: list[Schedule], now: int) -> list[dict[str, str | None]]:
    return [{"begins": _time(sleep.begins), "ends": _time(sleep.ends)} for sleep in rules.coming(said, now)]


def _time(at: int | None) -> str | None:
    return None if at is None else timestamp(at)
