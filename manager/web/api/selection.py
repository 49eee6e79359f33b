"""Which workers somebody means: by their ids, or all that a query finds, as the Workers page filters."""

from collections.abc import Mapping
from typing import Any

from ...rules.finding import BadFilter, Filters, from_json
from ...storage import finding
from ...storage.store import Store
from .api import Problem


def chosen(store: Store, body: Mapping[str, Any]) -> list[str]:
    """Return the ids of the workers that a body's `workers` or `query` names; raises Problem where it names nobody."""
    if "workers" in body:
        return [each.lower() for each in body["workers"]]
    found = finding.matching(store, read_query(body["query"]))
    if not found:
        raise Problem(409, "query: no worker is like that; nothing was planned")
    return found


def read_query(query: Mapping[str, Any]) -> Filters:
    """Read what a program looks for; raises Problem."""
    try:
        return from_json(query)
    except BadFilter as error:
        raise Problem(400, error.text) from None
