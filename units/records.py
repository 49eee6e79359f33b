"""The records of installed services as text, and back: JSON, a file for each service."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .dialect import Commands, Signs
from .errors import BadConfig
from .installation import Kept, Present, Record, Standing

_FORMAT = 1


def text_of(record: Record) -> str:
    return json.dumps({"format": _FORMAT, **asdict(record)}, indent=2) + "\n"


def read(path: str, text: str) -> Record:
    """Read a record. Raises BadConfig."""
    try:
        found = json.loads(text)
        if found.pop("format") != _FORMAT:
            raise ValueError("it is of another version of farmhand-units")
        return _record(found)
    except (ValueError, KeyError, TypeError, AttributeError) as bad:
        problem = f"it is not the record of an installed service: {bad}"
        raise BadConfig(path, 0, "", problem, "move it away; the files that it tells of stay where they are") from None


def _record(found: Mapping[str, Any]) -> Record:
    return Record(**{
        **found,
        "files": tuple(_kept(each) for each in found["files"]),
        "commands": _commands(found["commands"]),
        "folders": tuple(found["folders"]),
        "before": Standing(**found["before"]),
        "earlier": _record(found["earlier"]) if found["earlier"] else None,
    })  # fmt: skip


def _kept(found: Mapping[str, Any]) -> Kept:
    before = found["before"]
    return Kept(**{**found, "before": before and Present(**{**before, "owner": _tuples(before["owner"])})})


def _commands(found: Mapping[str, Any]) -> Commands:
    signs = Signs(**_each_tuples(found["signs"]))
    return Commands(**{**_each_tuples(found), "signs": signs})


def _each_tuples(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _tuples(value) for name, value in found.items()}


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
