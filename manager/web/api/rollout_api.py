"""Our calls for rolling actions: one thing asked of many workers, so many at a time."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from ....worker.wire import Request
from ...rules.rollouts import Command, Refused, Rollout, Stage, Turn, places, refuse
from ...storage import rollouts
from ..access.access import demand_workers
from ..access.origin import operator
from ..site import store
from .api import FARMHAND, Problem, body
from .selection import chosen
from .terms import ACTIONS, times

bp = Blueprint("rollout_api", __name__)


@bp.errorhandler(Refused)
def refused(error: Refused) -> ResponseReturnValue:
    return jsonify(code=409, message=str(error)), 409


@bp.post(f"{FARMHAND}/rollouts")
def make() -> ResponseReturnValue:
    """Begin a rolling action with the workers that are named, or meant by a query."""
    ids = chosen(store(), body())
    demand_workers(ids)
    rollout_id = rollouts.make(store(), ids, read_rollout(body(), len(set(ids)), operator(request)))
    return shown(rollout_id), 201


def read_rollout(said: Mapping[str, Any], workers: int, by: str) -> Rollout:
    """Return what a body wants to begin; raises Problem."""
    at_once = places(workers, count=said.get("at_once"), percent=said.get("percent"))
    wish = Request(ACTIONS[said["action"]], said.get("lazy", False))
    deadline = said.get("deadline")
    refusal = refuse(wish, workers=workers, at_once=at_once, deadline=deadline)
    if refusal is not None:
        raise Problem(400, refusal)
    spans = {name: round(said[name] * 1000) for name in ("patience", "watch", "deadline") if said.get(name) is not None}
    reason = (said.get("reason") or "").strip()
    return Rollout("", wish, by, at_once, canary=said.get("canary", True), reason=reason, **spans)


@bp.get(f"{FARMHAND}/rollouts")
def every() -> ResponseReturnValue:
    found = rollouts.every(store())
    return jsonify(rollouts=[{**rollout_json(one.rollout), "stages": stages_json(one.stages)} for one in found])


@bp.get(f"{FARMHAND}/rollouts/<rollout_id>")
def one(rollout_id: str) -> ResponseReturnValue:
    return shown(rollout_id)


@bp.post(f"{FARMHAND}/rollouts/<rollout_id>/<command>")
def command(rollout_id: str, command: str) -> ResponseReturnValue:
    """Pause it, go on, or cancel it."""
    rollouts.command(store(), rollout_id, Command(command), operator(request))
    return shown(rollout_id)


def shown(rollout_id: str) -> Response:
    rollout, turns = rollouts.one(store(), rollout_id)
    counted = {stage: sum(turn.stage is stage for turn in turns) for stage in Stage}
    said = {"stages": stages_json(counted), "workers": [turn_json(turn) for turn in turns]}
    return jsonify({**rollout_json(rollout), **said})


def stages_json(stages: Mapping[Stage, int]) -> dict[str, int]:
    return {stage.value: stages.get(stage, 0) for stage in Stage}


def rollout_json(rollout: Rollout) -> dict[str, object]:
    """Write a rolling action; spans are in seconds."""
    return {
        "id": rollout.id,
        "status": rollout.wish.status.value,
        "is_lazy": rollout.wish.lazy,
        "by": rollout.by,
        "reason": rollout.reason,
        "at_once": rollout.at_once,
        "canary": rollout.canary,
        "patience": rollout.patience / 1000,
        "watch": rollout.watch / 1000,
        "deadline": None if rollout.deadline is None else rollout.deadline / 1000,
        "state": rollout.state.value,
        "why": rollout.why,
        **times({"made_at": rollout.made_at, "ended_at": rollout.ended_at}),
    }


def turn_json(turn: Turn) -> dict[str, object]:
    at = {"asked_at": turn.asked_at, "down_at": turn.down_at, "back_at": turn.back_at, "ended_at": turn.ended_at}
    return {
        "id": turn.worker_id,
        "name": turn.name,
        "stage": turn.stage.value,
        "text": turn.why,
        "request": turn.request_id,
        **times(at),
    }
