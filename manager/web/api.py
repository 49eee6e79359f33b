"""What the JSON APIs share: what a request says, checked against the document; how a problem is said.

A request comes to its view only after `check`: its caller is known where the document wants that, and it is what the
document allows. `errors.py` makes JSON of what is wrong.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from unicodedata import category
from uuid import UUID

from flask import Flask, g, request

from .contract import Operation, operations

FARMHAND = "/api/farmhand"

NO_CONTENT = ("", 204)

LONGEST_NAME = 255


class Problem(Exception):
    """A request that cannot be served; the message says to the caller what is wrong with it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Stranger(Exception):
    """The caller is none of those who may call this; the text says why."""


# A scheme of the document's `security` by what finds out who calls, and raises Stranger for one that it does not know.
Credentials = Mapping[str, Callable[[], None]]


def body() -> dict[str, Any]:
    """Return the JSON object that came with the request; empty where it may be left out and was."""
    said: dict[str, Any] = g.body
    return said


def query() -> dict[str, Any]:
    """Return those of the query's parameters that the document names, with their types."""
    said: dict[str, Any] = g.query
    return said


def prepare(app: Flask, credentials: Credentials) -> None:
    """Have every request that the document describes checked before its view sees it."""

    @app.before_request
    def check() -> None:
        call = None if request.url_rule is None else _call(request.url_rule.rule, request.method)
        if call is not None:
            if call.security:
                credentials[call.security]()
            _read(call)


@cache
def _call(rule: str, method: str) -> Operation | None:
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)
    return operations().get(("GET" if method == "HEAD" else method, path))


def _read(call: Operation) -> None:
    """Take what the request says as the call takes it; raises Unfit."""
    call.read_path(request.view_args or {})
    g.query = call.read_query(dict(request.args.lists())) if call.query else {}
    if call.body is not None:
        g.body = call.read_body(request.mimetype, request.get_data())
    elif call.kinds:
        call.check_kind(request.mimetype, empty=request.content_length == 0)


# -- reading a body by a table, where the document does not yet say what it may be


def checked_id(text: str) -> str:
    """Return a UUID in lower case, or raise Problem."""
    try:
        return str(UUID(text))
    except ValueError:
        raise Problem(400, f"{text!r} is not a UUID") from None


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
