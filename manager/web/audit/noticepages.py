"""The page of notices: who is told of what, what became of the last messages. Admins only: needs.py."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from ...rules import deeds
from ...rules.deeds import Deed
from ...rules.notices import TOPICS
from ...storage import audit, outbox
from ...storage.outbox import Delivery
from ...targets import Target, Webhook
from ..access.origin import operator
from ..moments import Moment, span
from ..site import flashed, store

bp = Blueprint("noticepages", __name__)


@dataclass(frozen=True)
class TargetRow:
    """Whom the settings name. by: in which form; where: what of its address is no secret."""

    name: str
    by: str
    where: str
    events: str


@dataclass(frozen=True)
class DeliveryRow:
    """One message. state: delivered, waiting or given up; can_retry: it can be tried again."""

    id: str
    target: str
    made: Moment
    summary: str
    tone: str
    state: str
    outcome: str
    can_retry: bool


@bp.get("/notices")
def show() -> str:
    now, settings = store().clock(), store().settings.notices
    return render_template(
        "notices.html",
        section="farm",
        targets=[target_row(target) for target in settings.to],
        deliveries=[delivery_row(each, now) for each in outbox.newest_first(store())],
        notices=flashed(),
        limit=settings.crash_loop,
        within=span(settings.crash_loop.within),
    )


@bp.post("/notices/test")
def test() -> ResponseReturnValue:
    """Make a message that is delivered like any other."""
    name = request.form.get("target", "")
    if name not in store().settings.notices.topics:
        raise NotFound(f"There is no target {name}.")
    outbox.add_test(store(), name, operator(request))
    audit.record(store().database, Deed(deeds.NOTICE_TESTED, operator(request), f"target {name}"))
    flash(f"A test is on its way to {name}. Load this page again to see what came of it.", "ok")
    return redirect(url_for(".show"), 303)


@bp.post("/notices/again")
def again() -> ResponseReturnValue:
    """Try a message that was given up for another day."""
    id = request.form.get("delivery", "")
    if outbox.again(store(), id):
        audit.record(store().database, Deed(deeds.NOTICE_RETRIED, operator(request), f"message {id}"))
        flash("It is tried again.", "ok")
    else:
        flash("It is not given up: it is delivered, or is still tried.", "warn")
    return redirect(url_for(".show"), 303)


def target_row(target: Target) -> TargetRow:
    by = f"webhook, {target.form}" if isinstance(target, Webhook) else "e-mail"
    return TargetRow(target.name, by, target.where, ", ".join(TOPICS[event][0] for event in target.events))


def delivery_row(it: Delivery, now: int) -> DeliveryRow:
    tone, state = _state(it, now)
    return DeliveryRow(
        it.id, it.target, Moment(it.made_at, now), it.summary, tone, state, it.outcome, can_retry=state == "given up"
    )


def _state(it: Delivery, now: int) -> tuple[str, str]:
    tries = f"{it.attempts} {'try' if it.attempts == 1 else 'tries'}"
    if it.delivered_at is not None:
        return "ok", "delivered" if it.attempts == 1 else f"delivered, {tries}"
    if it.due_at is None:
        return "bad", "given up"
    if not it.attempts:
        return "", "waiting"
    return "warn", f"{tries}, next in {span(it.due_at - now)}"
