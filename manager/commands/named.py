"""Finds what a person names: workers, tags, jobs by their ids, or by their names where those say which."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast
from urllib.parse import urlencode, urlsplit

from ...units.errors import BadValue, nearest
from ...worker.wire import API
from ..client import Manager
from .report import Json

CALLS = API[1:]
OURS = "api/farmhand"

# Where names are shown, if it is not the list of their kind.
LISTED = {"task": "jobs show JOB"}


def one(found: Sequence[Json], word: str, kind: str) -> Json:
    """Return that of those found which a word names; raises BadValue where that is none, or several."""
    by_id = [each for each in found if each["id"] == word.lower()]
    named = by_id or [each for each in found if each["name"] == word]
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(each["id"] for each in named)
        raise BadValue(f'"{word}" is the name of {len(named)} {kind}s', f"write the id of one: {ids}")
    near = nearest(word, [each["name"] for each in found])
    listed = f"see farmhand-manager {LISTED.get(kind, f'{kind}s list')}"
    raise BadValue(f'there is no {kind} "{word}"', f'did you mean "{near}"?' if near else listed)


def several(found: Sequence[Json], words: Iterable[str], kind: str) -> list[Json]:
    """Return those that words name, each once."""
    return list({each["id"]: each for each in (one(found, word, kind) for word in words)}.values())


def workers(manager: Manager, query: Mapping[str, object] | None = None) -> list[Json]:
    """Return the workers, or those that a query means; raises BadValue for a tag that is not there."""
    if wanted := (query or {}).get("tag"):
        several(tags(manager), cast(Sequence[str], wanted), "tag")
    found, asked = list[Json](), urlencode(query or {}, doseq=True)
    while True:
        said = manager.get(f"{OURS}/workers?{asked}")
        found += said["workers"]
        if said["next"] is None:
            return found
        asked = urlsplit(said["next"]).query


def tags(manager: Manager) -> list[Json]:
    found: list[Json] = manager.get(f"{CALLS}/worker-mgt/tags")["tags"]
    return found


def jobs(manager: Manager) -> list[Json]:
    found: list[Json] = manager.get(f"{CALLS}/jobs")["jobs"]
    return found
