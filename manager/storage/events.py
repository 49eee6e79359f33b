"""The append-only table of everything that happened: audit log, timeline and live updates are three views of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..rules.facts import Kind


@dataclass(frozen=True)
class Event:
    """One thing that happened; `who` is the operator, or empty where the farm did it by itself."""

    seq: int
    at: int
    kind: Kind
    worker_id: str | None
    task_id: str | None
    job_id: str | None
    who: str
    detail: Mapping[str, object]
