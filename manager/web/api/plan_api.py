"""Plan, then apply: our calls that say what an action would do, and then do exactly that."""

from collections.abc import Sequence
from dataclasses import asdict

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ...clock import timestamp
from ...rules.plan import Changed, Fate, Loss, Step, Totals, totals
from ...storage import plans
from ...storage.plans import Applied, Expired, Kept, Overtaken
from ..access.access import may_touch
from ..access.origin import operator
from ..site import store
from .action_api import answers
from .api import FARMHAND, Problem, body
from .selection import chosen
from .terms import read_hold, read_wish, terms_json

bp = Blueprint("plan_api", __name__)


@bp.post(f"{FARMHAND}/plans")
def make() -> ResponseReturnValue:
    """Say what an action would do to the workers that are named, or meant by a query."""
    wish, terms = read_wish(body(), store().clock())
    ids = chosen(store(), body())
    return jsonify(plan_json(plans.make(store(), ids, wish, terms, operator(request), may_touch(ids))))


@bp.post(f"{FARMHAND}/plans/<token>/apply")
def apply(token: str) -> ResponseReturnValue:
    """Do exactly what the plan says, or say what has changed."""
    try:
        spared = may_touch([step.worker_id for step in plans.one(store(), token).plan.steps])
        match plans.apply(store(), token, operator(request), read_hold(body()), spared):
            case Applied(given):
                return answers(given)
            case Overtaken(changes, anew):
                said = {"changes": [asdict(each) for each in changes], "plan": anew and plan_json(anew)}
                return jsonify(code=409, message=overtaken(changes), **said), 409
    except Expired as error:
        raise Problem(410, str(error)) from None


def overtaken(changes: Sequence[Changed]) -> str:
    told = [f"{each.name} {each.text}".strip() for each in changes[:4]]
    more = [f"{len(changes) - 4} more"] if len(changes) > 4 else []
    return f"nothing was asked of any worker, since it would not do what was planned: {'; '.join([*told, *more])}"


def plan_json(kept: Kept) -> dict[str, object]:
    """Write a plan; spans are in seconds."""
    plan, sums = kept.plan, totals(kept.plan.steps)
    return {
        "token": kept.token,
        "expires_at": timestamp(kept.expires_at),
        "status": plan.wish.status.value,
        "is_lazy": plan.wish.lazy,
        **terms_json(plan.terms),
        "workers": [step_json(step) for step in plan.steps],
        "totals": totals_json(sums),
        "capacity": asdict(plan.capacity),
    }


def totals_json(sums: Totals) -> dict[str, object]:
    counted = {name: getattr(sums, name) for name in ("asked", "unchanged", "refused", "aborted", "at_risk", "unknown")}
    remaining = None if sums.remaining is None else sums.remaining / 1000
    return {**counted, "lost": sums.lost / 1000, "remaining": remaining}


def step_json(step: Step) -> dict[str, object]:
    return {
        "id": step.worker_id,
        "name": step.name,
        "fate": step.fate.value,
        "text": step.text,
        "replaces": step.replaces,
        "task": loss_json(step.loss) if step.loss and step.fate is Fate.ASKED else None,
    }


def loss_json(loss: Loss) -> dict[str, object]:
    seconds = {"lost": loss.lost / 1000, "remaining": None if loss.remaining is None else loss.remaining / 1000}
    return {**asdict(loss), "abort": loss.abort.value, **seconds}
