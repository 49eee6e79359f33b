"""Compares the manager's answers with what its OpenAPI document says of them."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from farmhand.manager.web.api.contract import compiled, described, follow


@cache
def patterns() -> list[tuple[re.Pattern[str], str, str]]:
    """Return an expression, the method and the path for each call; the paths with the fewest parameters first."""
    calls = sorted(((path, method) for method, path, _, _ in described()), key=lambda call: call[0].count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), method, path) for path, method in calls]


def call_of(method: str, address: str) -> tuple[str, str] | None:
    """Return the call that an address belongs to, as the document names it."""
    path = address.partition("?")[0]
    found = (call for expression, *call in patterns() if call[0] == method and expression.fullmatch(path))
    return next(((method, path) for method, path in found), None)


@cache
def responses(method: str, path: str) -> Mapping[str, dict[str, Any]]:
    said = next(said for its_method, its_path, _, said in described() if (its_method, its_path) == (method, path))
    return {status: follow(response) for status, response in said["responses"].items()}


@cache
def validator(method: str, path: str, status: str, kind: str) -> jsonschema_rs.Draft202012Validator | None:
    schema = responses(method, path)[status].get("content", {})[kind].get("schema")
    return None if schema is None else compiled(schema).validator


def check(method: str, address: str, status: int, kind: str, body: Any) -> None:
    """Fail for an answer of a documented call that the document does not speak of. body: JSON, or text."""
    call = call_of(method, address)
    if call is None:
        return
    name = f"{method} {address}"
    assert str(status) in responses(*call), f"{name}: {status} is not among the documented answers: {body}"
    kinds = responses(*call)[str(status)].get("content", {})
    if not kinds:
        assert not body, f"{name}: {status} is documented to have no body: {body}"
        return
    assert kind in kinds, f"{name}: {status} has the undocumented type {kind}"
    schema = validator(*call, str(status), kind)
    if schema is not None:
        wrong = [f"{error.instance_path}: {error.message}" for error in schema.iter_errors(body)]
        assert not wrong, f"{name}: {status} is not as documented: {wrong}: {body}"
