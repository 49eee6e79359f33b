"""What the JSON APIs share: how a body is read, how a problem is said."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import HTTPException

from ..rules.tasks import Refused
from ..storage.store import Missing, Store


class Problem(Exception):
    """A request that cannot be served; the message says to the caller what is wrong with it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def store() -> Store:
    opened: Store = current_app.extensions["store"]
    return opened


def timestamp(at: int) -> str:
    """Format milliseconds since the epoch as RFC 3339."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
    """One field of a JSON object: its type, and what its value may be."""

    type: type
    required: bool = False
    choices: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None


def read_body(fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the request's JSON object, checked; fields not in the table are let through. Raises Problem."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise Problem(400, "the body must be a JSON object")
    for name, field in fields.items():
        if body.get(name) is None:
            if field.required:
                raise Problem(400, f'"{name}" is missing: it must be {_NAMES[field.type]}')
            continue
        _check(name, field, body[name])
    return body


def _check(name: str, field: Field, value: object) -> None:
    is_bool = isinstance(value, bool)
    if not isinstance(value, field.type) or (is_bool and field.type is not bool):
        raise Problem(400, f'"{name}" must be {_NAMES[field.type]}, and is {value!r}')
    if isinstance(value, list) and not all(isinstance(each, str) for each in value):
        raise Problem(400, f'"{name}" must be a list of strings')
    if field.choices and value not in field.choices:
        raise Problem(400, f'"{name}" must be one of {", ".join(field.choices)}, and is {value!r}')
    if isinstance(value, int) and not is_bool:
        if field.low is not None and value < field.low:
            raise Problem(400, f'"{name}" must be {field.low} at least, and is {value}')
        if field.high is not None and value > field.high:
            raise Problem(400, f'"{name}" must be {field.high} at most, and is {value}')


# -- saying what is wrong


def problem(code: int, message: str) -> Response:
    response = jsonify(code=code, message=message)
    response.status_code = code
    return response


def is_api(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")


def install(app: Flask) -> None:
    """Make an application answer problems as JSON under /api."""
    app.register_error_handler(Problem, lambda it: problem(it.code, str(it)))
    app.register_error_handler(HTTPException, _http_error)
    for kind, code in ((Missing, 404), (Refused, 409)):
        app.register_error_handler(kind, _answering(code))


def _answering(code: int) -> Callable[[Exception], Response]:
    return lambda error: problem(code, str(error)) if is_api(request.path) else _page(code, str(error))


def _page(code: int, message: str) -> Response:
    return Response(f"{message}\n", status=code, mimetype="text/plain")


def _http_error(error: HTTPException) -> HTTPException | Response:
    if not is_api(request.path):
        return error
    return problem(error.code or 500, error.name if error.code == 404 else error.description or error.name)
