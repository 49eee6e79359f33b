"""Says in words what a request has that the document does not allow: what is wrong where, and what it must be."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jsonschema_rs import ValidationError


class Unfit(Exception):
    """A request that the document does not allow; the text says to the caller why."""


_TYPES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_FORMATS = {"uuid": "a UUID", "date-time": "a moment as RFC 3339 writes it"}


def in_words(error: ValidationError, schema: Mapping[str, Any], name: str = "") -> str:
    """Word an error against a schema. name: of what was checked, a parameter; empty for the body."""
    said = error.kind.as_dict()
    if error.kind.name == "required":
        return f"{_place([*error.instance_path, said['property']], name)} is missing"
    place, say = _place(error.instance_path, name), _WORDS.get(error.kind.name)
    if error.kind.name == "pattern":
        said = {"description": _broken(schema, error.schema_path).get("description", f"like {said['pattern']}")}
    return f"{place} {say(said, error.instance)}" if say else f"{place}: {error.message}"


def _broken(schema: Mapping[str, Any], path: Sequence[str | int]) -> Mapping[str, Any]:
    """Return the part of a schema whose keyword, the last of the path, was broken."""
    for part in path[:-1]:
        schema = schema[part]  # type: ignore[index]  # a list has numbers
    return schema


def _place(path: Sequence[str | int], name: str) -> str:
    """Write where it is: "the body", "workers", "windows[2].start"."""
    text = name
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return f'"{text}"' if text else "the body"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _type(said: Mapping[str, Any], value: object) -> str:
    wanted = " or ".join(_TYPES[each] for each in sorted(said["types"], key="null".__eq__))
    return f"must be {wanted}, and is {_shown(value)}"


# The keywords of JSON Schema by how a value that breaks them is told of.
_WORDS: Mapping[str, Callable[[Mapping[str, Any], Any], str]] = {
    "type": _type,
    "enum": lambda said, value: f"must be one of {', '.join(map(str, said['options']))}, and is {_shown(value)}",
    "minimum": lambda said, value: f"must be {said['limit']} at least, and is {value}",
    "maximum": lambda said, value: f"must be {said['limit']} at most, and is {_shown(value)}",
    "exclusiveMinimum": lambda said, value: f"must be more than {said['limit']}, and is {value}",
    "minLength": lambda said, value: "must not be empty" if not value else f"must have {said['limit']} characters",
    "maxLength": lambda said, value: f"must have {said['limit']} characters at most, and has {len(value)}",
    "minItems": lambda said, value: "must not be empty" if not value else f"must have {said['limit']} entries at least",
    "maxItems": lambda said, value: f"must have {said['limit']} entries at most, and has {len(value)}",
    "format": lambda said, value: f"must be {_FORMATS[said['format']]}, and is {_shown(value)}",
    # No caller understands an expression: whatever has one says in words what it stands for.
    "pattern": lambda said, value: f"must be {said['description']}, and is {_shown(value)}",
}
