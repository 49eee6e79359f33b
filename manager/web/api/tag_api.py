"""The Flamenco operator API for tags: which there are, and which workers have them."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ....worker.wire import API
from ...storage import tags
from ..access.origin import operator
from ..site import store
from .api import NO_CONTENT, body
from .jobjson import tag_json

bp = Blueprint("tag_api", __name__, url_prefix=f"{API}/worker-mgt")


@bp.get("/tags")
def list_tags() -> ResponseReturnValue:
    return jsonify(tags=[tag_json(tag) for tag in tags.every(store())])


@bp.post("/tags")
def add_tag() -> ResponseReturnValue:
    tag_id = body().get("id") or None
    made = tags.add(
        store(), body()["name"], body().get("description") or "", operator(request), tag_id and tag_id.lower()
    )
    return jsonify(tag_json(made))


@bp.get("/tag/<tag_id>")
def show_tag(tag_id: str) -> ResponseReturnValue:
    return jsonify(tag_json(tags.one(store(), tag_id)))


@bp.put("/tag/<tag_id>")
def change_tag(tag_id: str) -> ResponseReturnValue:
    tags.rewrite(store(), tag_id, body()["name"], body().get("description") or "", operator(request))
    return NO_CONTENT


@bp.delete("/tag/<tag_id>")
def delete_tag(tag_id: str) -> ResponseReturnValue:
    tags.remove(store(), tag_id, operator(request))
    return NO_CONTENT


@bp.post("/workers/<worker_id>/settags")
def set_tags_of_worker(worker_id: str) -> ResponseReturnValue:
    tags.give(store(), worker_id, [tag_id.lower() for tag_id in body()["tag_ids"]], operator(request))
    return NO_CONTENT
