"""What the bar of actions does: an action is done at once, or shown first as a plan; and is undone for some seconds.

A page's script sends the same forms and is answered where to go, in JSON: it shows the page of a plan as a dialog.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from urllib.parse import parse_qs

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, Forbidden, Gone

from ....worker.wire import Request, Status
from ...rules.actions import Answer
from ...rules.confirming import Verdict, verdict
from ...rules.facts import Kind
from ...rules.plan import Changed, Fate, Plan
from ...rules.rollouts import Refused, Rollout, places, refuse
from ...storage import events, plans, requests, rollouts
from ...storage.plans import Applied, Expired, Kept
from ...zones import read_zone
from ..access.access import demand_workers, may_touch
from ..access.origin import operator
from ..framing import Said, address, came_from
from ..site import flashed, store
from ..workers.pages import again
from ..workers.picking import picked
from .actionform import Unclear, read_share, sent, wanted
from .following import read_following
from .outcome import NAMED, Notice, acted, short, withdrawn
from .planview import plan_view

bp = Blueprint("actionpages", __name__)

# Among the requests that a click made there may be so many that others made at the same time.
SPARE = 1000


@bp.post("/workers/act")
def act() -> ResponseReturnValue:
    """Ask something of the selected workers; or show first what it would do; or say what is missing."""
    form, settings = sent(request.form), store().settings
    try:
        asked = wanted(form, store().clock(), read_zone(settings.time_zone), settings.reason_required)
    except Unclear as error:
        notice = Notice("bad", f"{error} Nothing was asked of any worker.")
        return again(Said(notice, replace(form, wrong=error.field))), 400
    before, those = store().newest(), picked(store(), request.form)
    ids = those.ids
    done = plans.act(
        store(),
        ids,
        asked.action.wish,
        asked.terms,
        operator(request),
        named=not asked.everybody,
        hold=hold(),
        spared=may_touch(ids),
    )
    if isinstance(done, Kept):
        if those.changed:
            flash(those.changed, "warn")
        return go(url_for(".plan", token=done.token, back=came_from()))
    return told(done, asked.action.wish, before, unknown(ids, done.answers))


@bp.post("/workers/hurry")
def hurry() -> ResponseReturnValue:
    """Have a worker do now what it is to do after its task; that aborts the task, so it is shown first."""
    worker = store().worker(request.form.get("worker", ""))
    demand_workers([worker.id])
    pending = worker.request
    if pending is None:
        flash(f"{short(worker.name)} has nothing pending any more.", "warn")
        return go(came_from())
    before, wish = store().newest(), replace(pending.wish, lazy=False)
    terms = replace(pending.terms, deadline=None)
    done = plans.act(store(), [worker.id], wish, terms, operator(request), named=True, hold=hold())
    if isinstance(done, Kept):
        return go(url_for(".plan", token=done.token, back=came_from()))
    return told(done, wish, before)


def hold() -> int:
    """Return for how many milliseconds an action can be undone that a person asks for."""
    return round(store().settings.undo * 1000)


def unknown(ids: Collection[str], answers: Sequence[Answer]) -> list[Answer]:
    known = {answer.worker_id for answer in answers}
    return [Answer(id, id, False, "is not known here", changed=False) for id in ids if id not in known]


def told(done: Applied, wish: Request, before: int, strangers: Sequence[Answer] = ()) -> ResponseReturnValue:
    """Say what became of it, on the page that it was asked on, whose toast then follows it."""
    notice = acted(wish, [*done.answers, *strangers])
    flash(notice.text, notice.tone)
    return go(with_follow(came_from(), made(before, done.answers)))


def go(to: str) -> ResponseReturnValue:
    """Send a browser there, or tell a script where."""
    if request.accept_mimetypes.best == "application/json":
        return jsonify(to=to)
    return redirect(to, 303)


# -- plans


@bp.get("/workers/plan/<token>")
def plan(token: str) -> str:
    return plan_page(plans.one(store(), token), [])


@bp.post("/workers/plan/<token>")
def decide(token: str) -> ResponseReturnValue:
    """Do what the plan says; or the same after the tasks, or a few workers at a time."""
    kept, by = plans.one(store(), token), operator(request)
    how = request.form.get("do", "")
    if how == "roll":
        return _roll(kept, by)
    if how not in ("apply", "soften"):
        raise BadRequest("do: neither apply, nor soften, nor roll")
    needed = plan_view(kept.plan, judged(kept.plan), 0).typed
    if how == "apply" and needed and request.form.get("typed", "").strip() != needed:
        notice = Notice(
            "bad", f"Type {needed} to confirm that so many workers are meant. Nothing was asked of any worker."
        )
        return plan_page(kept, [notice]), 400
    before, spared = store().newest(), may_touch([step.worker_id for step in kept.plan.steps])
    try:
        if how == "soften":
            done = plans.soften(store(), token, by, spared)
        else:
            done = plans.apply(store(), token, by, hold(), spared)
    except Expired as error:
        raise Gone(f"{str(error).capitalize()}. Nothing was asked of any worker.") from None
    if isinstance(done, Applied):
        wish = kept.plan.wish if how == "apply" else replace(kept.plan.wish, lazy=True)
        return told(done, wish, before)
    if done.anew is None:
        return plan_page(kept, [changed(done.changes)]), 409
    return go(url_for(".plan", token=done.anew.token, after=token, back=came_from()))


def _roll(kept: Kept, by: str) -> ResponseReturnValue:
    """Begin a rolling action with those whom the plan asks."""
    ids = [step.worker_id for step in kept.plan.steps if step.fate is Fate.ASKED]
    now, terms = store().clock(), kept.plan.terms
    try:
        if spared := may_touch(ids):
            raise Refused(f"{len(spared)} of these workers are not yours to change; select the others")
        share = read_share(request.form.get("at_once", ""))
        at_once = places(len(ids), count=share.count, percent=share.percent)
        wish = replace(kept.plan.wish, lazy=kept.plan.wish.status is not Status.AWAKE and "gentle" in request.form)
        deadline = terms.deadline - now if terms.deadline and wish.lazy else None
        canary = "canary" in request.form
        refusal = refuse(wish, workers=len(ids), at_once=at_once, deadline=deadline)
        if refusal is not None:
            raise Refused(refusal)
    except Refused as error:
        return plan_page(kept, [Notice("bad", f"{error}. Nothing was asked of any worker.")]), 400
    asked = Rollout("", wish, by, at_once, canary=canary, deadline=deadline, reason=terms.reason)
    return go(url_for("rolloutpages.one", rollout_id=rollouts.make(store(), ids, asked)))


def plan_page(kept: Kept, notices: Sequence[Notice]) -> str:
    """Render a plan. after: the plan that it takes the place of, and what had changed."""
    now, back = store().clock(), came_from()
    changes = plans.overtaken_by(store(), request.args.get("after", ""))
    return render_template(
        "plan.html",
        section="workers",
        plan=plan_view(kept.plan, judged(kept.plan), now),
        token=kept.token,
        reason=kept.plan.terms.reason,
        back=back,
        notices=[*flashed(), *notices, *([changed(changes)] if changes else [])],
    )


def judged(plan: Plan) -> Verdict:
    return verdict(plan, named=True, share=store().settings.confirm_share / 100)


def changed(changes: Sequence[Changed]) -> Notice:
    """Say what is otherwise than was agreed to."""
    one = len(changes) == 1
    told = [f"{short(each.name)} {each.text}".strip() for each in changes[:NAMED]]
    more = [f"{len(changes) - NAMED} more"] if len(changes) > NAMED else []
    head = "1 worker has" if one else f"{len(changes)} workers have"
    text = f"{head} changed meanwhile, so nothing was asked of anybody yet: {'; '.join([*told, *more])}."
    return Notice("warn", f"{text} This is the plan of now.")


# -- taking back


@bp.post("/workers/withdraw")
def withdraw() -> ResponseReturnValue:
    """Take back what is pending for the workers named."""
    ids = list(dict.fromkeys(request.form.getlist("worker")))
    if not ids:
        raise BadRequest("worker: nobody is named whose pending change is to be taken back")
    return _taken_back(store().withdraw(mine(ids), operator(request)))


@bp.post("/workers/undo")
def undo() -> ResponseReturnValue:
    """Take back what one click asked for, as far as it has not been done."""
    followed = read_following(store(), request.form.get("follow", ""))
    if followed is None:
        raise BadRequest("follow: this click is not known any more; take back in its row what is pending of a worker")
    ids = [followed.workers[worker_id].request_id for worker_id in mine(list(followed.workers))]
    return _taken_back(requests.cancel(store(), ids, operator(request)))


def mine(worker_ids: Sequence[str]) -> list[str]:
    """Return those of these workers that the caller may act on."""
    spared = may_touch(worker_ids)
    if worker_ids and len(spared) == len(worker_ids):
        raise Forbidden(f"This worker {next(iter(spared.values()))}. Nothing was changed")
    return [id for id in worker_ids if id not in spared]


def _taken_back(answers: Sequence[Answer]) -> ResponseReturnValue:
    notice = withdrawn(answers)
    flash(notice.text, notice.tone)
    return go(came_from())


# -- following


def made(before: int, answers: Sequence[Answer]) -> str:
    """Name the events that a click made, for the toast to follow; empty where it made none."""
    ids = {answer.request_id for answer in answers if answer.changed}
    with store().database.read() as connection:
        newest = events.newest(connection)
        told = events.of_kinds(connection, {Kind.REQUEST_MADE}, before, newest, SPARE + len(ids))
    seqs = [event.seq for event in told if event.detail["request"] in ids]
    return f"{min(seqs)}-{max(seqs)}" if seqs else ""


def with_follow(back: str, span: str) -> str:
    path, _, query = back.partition("?")
    kept = {key: values for key, values in parse_qs(query).items() if key != "follow"}
    return address(path, {**kept, "follow": span})
