"""Which workers a program means: by their ids, or as the Workers page's filters would list them."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..rules.tags import Tag
from ..rules.workers import Worker
from ..storage import tags
from ..storage.store import Store
from .api import Problem
from .listing import Filters
from .rows import row


def chosen(store: Store, body: Mapping[str, Any]) -> list[str]:
    """Return the ids of the workers that a body's `workers` or `query` names; raises Problem where it names nobody."""
    if "workers" in body:
        return [each.lower() for each in body["workers"]]
    found = matching(store.workers(), tags.of_workers(store), body["query"], store.clock())
    if not found:
        raise Problem(409, "query: no worker is like that; nothing was planned")
    return [worker.id for worker in found]


def matching(
    workers: Sequence[Worker], tags: Mapping[str, Sequence[Tag]], query: Mapping[str, Any], now: int
) -> list[Worker]:
    """Return those workers that a query means: of each filter any of its values, and all filters at once."""
    filters = Filters(query.get("text", ""), frozenset(query.get("status", ())))
    return [
        worker
        for worker in workers
        if filters.matches(row(worker, now))
        and _any(query.get("platform"), [worker.platform])
        and _any(query.get("version"), [worker.version])
        and _any(query.get("tag"), [word for tag in tags.get(worker.id, ()) for word in (tag.id, tag.name)])
        and query.get("can_restart", worker.can_restart) == worker.can_restart
    ]


def _any(wanted: Sequence[str] | None, found: Sequence[str]) -> bool:
    return not wanted or not set(wanted).isdisjoint(found)
