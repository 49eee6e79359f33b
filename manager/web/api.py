"""What the JSON APIs share: how a body is read, how a problem is said; `errors.py` makes JSON of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import category
from uuid import UUID

from flask import request

FARMHAND = "/api/farmhand"

NO_CONTENT = ("", 204)

LONGEST_NAME = 255


class Problem(Exception):
    """A request that cannot be served; the message says to the caller what is wrong with it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def checked_id(text: str) -> str:
    """Return a UUID in lower case, or raise Problem."""
    try:
        return str(UUID(text))
    except ValueError:
        raise Problem(400, f"{text!r} is not a UUID") from None


# -- reading a body

_NAMES: Mapping[type | tuple[type, ...], str] = {
    str: "a string",
    int: "an integer",
    bool: "true or false",
    list: "a list of strings",
    dict: "an object",
}


@dataclass(frozen=True)
class Field:
    """One field of a JSON object: its type, and what its value may be. is_name: one line that fits a table."""

    type: type
    required: bool = False
    choices: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    is_name: bool = False


def read_body(fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the request's JSON object, checked; fields not in the table are let through. Raises Problem."""
    body = _json_object()
    for name, field in fields.items():
        if body.get(name) is None:
            if field.required:
                raise Problem(400, f'"{name}" is missing: it must be {_NAMES[field.type]}')
            continue
        _check(name, field, body[name])
    return body


def _json_object() -> dict[str, Any]:
    try:
        body = request.get_json(force=True, silent=True)
        # JSON can write half a character, "\\ud800", which no text holds that is kept or sent.
        json.dumps(body, ensure_ascii=False).encode()
    except RecursionError:
        raise Problem(400, "the body is nested too deeply") from None
    except UnicodeEncodeError as error:
        raise Problem(400, f"the body holds {error.object[error.start]!r}, which is half a character") from None
    if not isinstance(body, dict):
        raise Problem(400, "the body must be a JSON object")
    return body


def _check(name: str, field: Field, value: object) -> None:
    is_bool = isinstance(value, bool)
    if not isinstance(value, field.type) or (is_bool and field.type is not bool):
        raise Problem(400, f'"{name}" must be {_NAMES[field.type]}, and is {value!r}')
    if isinstance(value, list) and not all(isinstance(each, str) for each in value):
        raise Problem(400, f'"{name}" must be a list of strings')
    if field.is_name and isinstance(value, str):
        _check_name(name, value)
    if field.choices and value not in field.choices:
        raise Problem(400, f'"{name}" must be one of {", ".join(field.choices)}, and is {value!r}')
    if isinstance(value, int) and not is_bool:
        if field.low is not None and value < field.low:
            raise Problem(400, f'"{name}" must be {field.low} at least, and is {value}')
        if field.high is not None and value > field.high:
            raise Problem(400, f'"{name}" must be {field.high} at most, and is {value}')


def _check_name(name: str, value: str) -> None:
    if not value.strip():
        raise Problem(400, f'"{name}" must not be empty')
    if len(value) > LONGEST_NAME:
        raise Problem(400, f'"{name}" must have {LONGEST_NAME} characters at most, and has {len(value)}')
    if strange := next((character for character in value if category(character) == "Cc"), None):
        raise Problem(400, f'"{name}" must be one line without control characters, and holds {strange!r}')
