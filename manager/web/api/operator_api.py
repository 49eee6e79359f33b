"""The Flamenco operator API, as far as it is needed: the manager itself, and workers."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ....worker.wire import API, Request, Status
from ...clock import timestamp
from ...rules import drift
from ...rules.workers import Worker
from ...storage import drills, tags
from ..access.origin import operator
from ..site import store
from .agent_api import attended_json, drill_json, restart_json
from .api import NO_CONTENT, Problem, body
from .jobjson import tag_json, task_summary
from .terms import last_wish_json, pending_json

bp = Blueprint("operator_api", __name__)


@bp.get(f"{API}/worker-mgt/workers")
def list_workers() -> ResponseReturnValue:
    return jsonify(workers=[summary(worker) for worker in store().workers()])


@bp.get(f"{API}/worker-mgt/workers/<worker_id>")
def show_worker(worker_id: str) -> ResponseReturnValue:
    worker = store().worker(worker_id)
    detail = {
        **summary(worker),
        "ip_address": worker.address,
        "platform": worker.platform,
        "supported_task_types": list(worker.task_types),
        "unit": _unit(worker),
        "agent": attended_json(worker, store().clock()),
    }
    if (drill := drills.last(store(), worker_id)) is not None:
        detail["drill"] = drill_json(drill)
    if has := tags.of_worker(store(), worker.id):
        detail["tags"] = [tag_json(tag) for tag in has]
    if worker.task is not None:
        detail["task"] = task_summary(store().task(worker.task.id))
    return jsonify(detail)


@bp.delete(f"{API}/worker-mgt/workers/<worker_id>")
def delete_worker(worker_id: str) -> ResponseReturnValue:
    store().delete_worker(worker_id, operator(request))
    return NO_CONTENT


@bp.post(f"{API}/worker-mgt/workers/<worker_id>/setstatus")
def set_worker_status(worker_id: str) -> ResponseReturnValue:
    worker = store().worker(worker_id)
    wish = Request(Status(body()["status"]), body()["is_lazy"])
    answer = store().act([worker.id], wish, operator(request))[0]
    if not answer.accepted:
        cannot = wish.status is Status.RESTART and not worker.can_restart
        raise Problem(412 if cannot else 409, f"{answer.name} {answer.text}")
    return NO_CONTENT


def _unit(worker: Worker) -> dict[str, object]:
    """Say whether a worker runs under the definition that would be made for it today."""
    found = drift.judge(worker.unit)
    of = found.recipe
    made = {"system": of.dialect.name, "way": of.way, "profile": of.worker.profile} if of else {}
    return {"state": found.drift.value, "text": found.why, "drop_ins": list(found.drop_ins), **made}


def summary(worker: Worker) -> dict[str, object]:
    """Write what every list of workers has of one."""
    said: dict[str, object] = {
        "id": worker.id,
        "name": worker.name,
        "status": worker.status.value,
        "version": worker.version,
        "can_restart": worker.can_restart,
        "restart": restart_json(worker, store().clock()),
    }
    if worker.request is not None:
        wish = worker.request.wish
        said["status_change"] = {"status": wish.status.value, "is_lazy": wish.lazy}
        said["request"] = pending_json(worker.request)
    if worker.wished is not None:
        said["last_wish"] = last_wish_json(worker.wished)
    if worker.last_seen is not None:
        said["last_seen"] = timestamp(worker.last_seen)
    return said
