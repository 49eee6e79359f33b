"""The Flamenco operator API, as far as it is needed, and our own calls beside it, which take many workers at once."""

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from ...worker.wire import API, Request, Status
from ..clock import timestamp
from ..rules import drift
from ..rules.actions import Answer
from ..rules.workers import Worker
from . import job_api
from .api import FARMHAND, NO_CONTENT, Problem, body
from .contract import document
from .origin import operator
from .site import release, store

bp = Blueprint("operator_api", __name__)

_ACTIONS = {"shutdown": Status.OFFLINE, "restart": Status.RESTART, "sleep": Status.ASLEEP, "wake": Status.AWAKE}


@bp.get(f"{API}/version")
def show_version() -> ResponseReturnValue:
    number = release()
    return jsonify(version=number, shortversion=number, name=store().settings.manager_name, git="")


@bp.get(f"{API}/openapi3.json")
def show_document() -> ResponseReturnValue:
    return jsonify(document())


# -- workers


@bp.get(f"{API}/worker-mgt/workers")
def list_workers() -> ResponseReturnValue:
    return jsonify(workers=[_summary(worker) for worker in store().workers()])


@bp.get(f"{API}/worker-mgt/workers/<worker_id>")
def show_worker(worker_id: str) -> ResponseReturnValue:
    worker = store().worker(worker_id)
    detail = {
        **_summary(worker),
        "ip_address": worker.address,
        "platform": worker.platform,
        "supported_task_types": list(worker.task_types),
        "unit": _unit(worker),
    }
    if worker.task is not None:
        detail["task"] = job_api.task_summary(store().task(worker.task.id))
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


@bp.post(f"{FARMHAND}/workers/actions")
def act() -> ResponseReturnValue:
    """Ask one thing of many workers, in one transaction; each has its answer."""
    wish = Request(_ACTIONS[body()["action"]], body().get("lazy", False))
    return _answers(store().act(_ids(), wish, operator(request)))


@bp.post(f"{FARMHAND}/workers/withdraw")
def withdraw() -> ResponseReturnValue:
    """Take back what is pending on many workers."""
    return _answers(store().withdraw(_ids(), operator(request)))


def _ids() -> list[str]:
    return [each.lower() for each in body()["workers"]]


def _answers(answers: list[Answer]) -> Response:
    return jsonify(
        accepted=sum(answer.accepted for answer in answers),
        refused=sum(not answer.accepted for answer in answers),
        workers=[
            {
                "id": answer.worker_id,
                "name": answer.name,
                "accepted": answer.accepted,
                "changed": answer.changed,
                "text": answer.text,
                "request": answer.request_id,
            }
            for answer in answers
        ],
    )


def _unit(worker: Worker) -> dict[str, object]:
    """Say whether a worker runs under the definition that would be made for it today."""
    found = drift.judge(worker.unit)
    of = found.recipe
    made = {"system": of.dialect.name, "way": of.way, "profile": of.worker.profile} if of else {}
    return {"state": found.drift.value, "text": found.why, "drop_ins": list(found.drop_ins), **made}


def _summary(worker: Worker) -> dict[str, object]:
    summary: dict[str, object] = {
        "id": worker.id,
        "name": worker.name,
        "status": worker.status.value,
        "version": worker.version,
        "can_restart": worker.can_restart,
    }
    if worker.request is not None:
        wish = worker.request.wish
        summary["status_change"] = {"status": wish.status.value, "is_lazy": wish.lazy}
    if worker.last_seen is not None:
        summary["last_seen"] = timestamp(worker.last_seen)
    return summary
