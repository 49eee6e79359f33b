"""From the body of a submission to a draft of a job."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask, current_app

from ....worker.wire import JobStatus
from ...config import Settings, this_platform
from ...jobtypes.compile import compile
from ...jobtypes.jobtype import JobType
from ...jobtypes.library import job_types
from ...rules import variables
from ...rules.jobs import Draft
from ...rules.tags import Tag
from ...storage import tags
from ..site import store
from .api import Problem

_PRIORITY_UNLESS_TOLD = 50

# Who submits from here has the manager's own platform.
MANAGER = "manager"


def prepare(app: Flask, settings: Settings) -> None:
    """Read the job types, once; raises units.errors.BadConfig."""
    app.extensions["job_types"] = job_types(Path(settings.job_types) if settings.job_types else None)


def types() -> Mapping[str, JobType]:
    found: Mapping[str, JobType] = current_app.extensions["job_types"]
    return found


def type_named(name: str, code: int) -> JobType:
    """Return a job type; raises Problem with this code."""
    found = types().get(name)
    if found is None:
        raise Problem(code, f'there is no job type "{name}"; there are {", ".join(types())}')
    return found


def drafted(body: Mapping[str, Any]) -> Draft:
    """Make a job of a submission; raises Problem and jobtypes.compile.Unusable."""
    type = type_named(body["type"], 400)
    if (body.get("type_etag") or type.etag) != type.etag:
        raise Problem(412, f'the job type "{type.name}" has changed since this submission was prepared')
    tag = _tag(body.get("worker_tag"))
    draft = compile(
        type,
        name=body["name"],
        priority=_PRIORITY_UNLESS_TOLD if body.get("priority") is None else body["priority"],
        settings=_neutral(body.get("settings") or {}, body.get("submitter_platform") or ""),
        metadata=body.get("metadata") or {},
        now=datetime.now(),
        paused=body.get("initial_status") == JobStatus.PAUSED.value,
    )
    return replace(draft, tag_id=None if tag is None else tag.id, storage=body.get("storage"))


def _tag(tag_id: str | None) -> Tag | None:
    if not tag_id:
        return None
    with store().database.read() as connection:
        try:
            return tags.wished(connection, tag_id.lower())
        except tags.Unknown as error:
            raise Problem(400, f"worker_tag: {error}") from None


def _neutral(settings: Mapping[str, object], platform: str) -> Mapping[str, object]:
    """Return the settings with the folders in them that have another name on each platform."""
    here = this_platform() if platform == MANAGER else platform.lower()
    chosen = variables.chosen(store().settings.variables, platform=here, audience=variables.USERS)
    return {key: variables.neutral(value, chosen, here) for key, value in settings.items()}
