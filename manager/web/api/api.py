"""What the JSON APIs share: what a request says, checked against the document; how a problem is said.

A request comes to its view only after `check`: it is what the document allows; who calls is access.py's to ask.
`errors.py` makes JSON of what is wrong.
"""

import re
from functools import cache
from typing import Any

from flask import Flask, g, request

from .contract import Operation, operations

FARMHAND = "/api/farmhand"

NO_CONTENT = ("", 204)


class Problem(Exception):
    """A request that cannot be served; the message says to the caller what is wrong with it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Stranger(Exception):
    """The caller is none of those who may call this; the text says why."""


def body() -> dict[str, Any]:
    """Return the JSON object that came with the request; empty where it may be left out and was."""
    said: dict[str, Any] = g.body
    return said


def query() -> dict[str, Any]:
    """Return those of the query's parameters that the document names, with their types."""
    said: dict[str, Any] = g.query
    return said


def prepare(app: Flask) -> None:
    """Have every request that the document describes checked before its view sees it."""

    @app.before_request
    def check() -> None:
        call = None if request.url_rule is None else _call(request.url_rule.rule, request.method)
        if call is not None:
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
