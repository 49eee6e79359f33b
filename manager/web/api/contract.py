"""The OpenAPI document in openapi/, from which everything that checks requests is made, once.

Each file there has the paths, and the components that they need, of one area of the API. The rule for a request: it has
what the document requires and nothing that contradicts it; what the document does not speak of is let through.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from .wording import Unfit, in_words

FOLDER = Path(__file__).parent.parent / "openapi"
METHODS = ("get", "put", "post", "patch", "delete")
JSON = "application/json"

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_INTEGER = re.compile(r"-?[0-9]{1,19}")
# Up to here a number without a fraction is the same number for every reader of JSON.
_EXACT = 2**53

Json = dict[str, Any]


@dataclass(frozen=True)
class Schema:
    """What a value must be. said: the schema, with all that it refers to; validator: made from it."""

    said: Json = field(repr=False)
    validator: jsonschema_rs.Draft202012Validator = field(repr=False)

    def check(self, value: object, name: str = "") -> None:
        """Raise Unfit for a value that is not like this. name: of the value, a parameter; empty for a body."""
        if not self.validator.is_valid(value):
            raise Unfit(in_words(next(iter(self.validator.iter_errors(value))), self.said, name))


@dataclass(frozen=True)
class Parameter:
    """A parameter of a path or of a query. type: of its value, or of each where there may be many; is_id: a UUID."""

    name: str
    required: bool
    type: str
    many: bool
    is_id: bool
    schema: "Schema"

    def read(self, texts: list[str]) -> object:
        """Return the value of what stands in the address; raises Unfit."""
        values = [self._one(text) for text in texts]
        value = values if self.many else values[0]
        self.schema.check(value, self.name)
        return value

    def _one(self, text: str) -> object:
        if self.is_id:
            return lower_id(text)
        if self.type == "integer" and _INTEGER.fullmatch(text):
            return int(text)
        if self.type == "boolean" and text in ("true", "false"):
            return text == "true"
        return text


@dataclass(frozen=True)
class Operation:
    """One call: what it may be sent. security: the scheme by which its callers are known, if it has its own; is_open:
    anybody may call it.

    kinds: the media types that its body may have, none where it takes no body. body: what a JSON body must be.
    """

    security: str = ""
    is_open: bool = False
    path: tuple[Parameter, ...] = ()
    query: tuple[Parameter, ...] = ()
    kinds: tuple[str, ...] = ()
    body_required: bool = False
    body: "Schema | None" = None

    def read_path(self, said: dict[str, Any]) -> None:
        """Check the parts of the path, and write them as the manager does: ids in lower case. Raises Unfit."""
        for parameter in self.path:
            said[parameter.name] = parameter.read([said[parameter.name]])

    def read_query(self, said: Mapping[str, list[str]]) -> Json:
        """Return the query's parameters that the document knows, with their types. Raises Unfit."""
        found = {}
        for parameter in self.query:
            if parameter.name in said:
                found[parameter.name] = parameter.read(said[parameter.name])
            elif parameter.required:
                raise Unfit(f'"{parameter.name}" is missing in the query')
        return found

    def check_kind(self, kind: str, *, empty: bool) -> None:
        """Refuse a body of a media type that is not taken, and one that is missing. Raises Unfit."""
        if empty:
            raise Unfit("the body is missing")
        if kind not in self.kinds:
            raise Unfit(f"Content-Type must be {' or '.join(self.kinds)}, and is {kind or 'missing'}")

    def read_body(self, kind: str, content: bytes) -> Any:
        """Return a JSON body, checked; an empty one that may be is {}. Raises Unfit."""
        if not content and not self.body_required:
            return {}
        self.check_kind(kind, empty=not content)
        body = parse(content)
        if self.body is not None:
            self.body.check(body)
        return body


def lower_id(text: str) -> str:
    """Return a UUID as the manager writes it; raises Unfit."""
    if not _UUID.fullmatch(text):
        raise Unfit(f"{text[:100]!r} is not a UUID")
    return text.lower()


# -- JSON as it comes over the wire


def parse(content: bytes) -> Any:
    """Read JSON strictly: UTF-8, whole characters, numbers that can be counted with. Raises Unfit."""
    try:
        text = content.decode()
        value = json.loads(text, parse_float=_number, parse_constant=_number)
        if "\\u" in text:  # which can write half a character, "\\ud800", that no text holds that is kept or sent
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise Unfit("the body is nested too deeply") from None
    except UnicodeEncodeError as error:
        raise Unfit(f"the body holds {error.object[error.start]!r}, which is half a character") from None
    except ValueError:
        raise Unfit("the body is not JSON") from None
    return value


def _number(text: str) -> float | int:
    """Read 1.0 as the integer that it is; a number beyond all that can be written is none."""
    value = float(text)
    if value - value != 0:
        raise ValueError(text)
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


# -- the document


@cache
def document() -> Json:
    """Return the whole document."""
    whole: Json = {"openapi": "3.1.0", "paths": {}, "components": {}}
    for path in sorted(FOLDER.glob("*.yaml")):
        _merge(whole, yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    for item in whole["paths"].values():
        for said in (item[method] for method in METHODS if method in item):
            if "security" not in said:
                said["responses"] = {**REFUSALS, **said["responses"]}
    return whole


# What any call may be answered that is for those who are signed in.
REFUSALS: Json = {
    "401": {"$ref": "#/components/responses/Unknown"},
    "403": {"$ref": "#/components/responses/Forbidden"},
}


def _merge(whole: Json, part: Json, at: tuple[str, ...] = ()) -> None:
    for key, value in part.items():
        if isinstance(value, list) and isinstance(whole.get(key), list):
            whole[key] += value
        elif isinstance(value, dict) and isinstance(whole.get(key), dict):
            _merge(whole[key], value, (*at, key))
        elif key in whole:
            raise ValueError(f"openapi: {'.'.join((*at, str(key)))} stands in two files; keep one")
        else:
            whole[key] = value


@cache
def operations() -> Mapping[tuple[str, str], Operation]:
    """Return all calls by method and path: ("POST", "/api/v3/jobs")."""
    return {(method, path): _operation(item, said) for method, path, item, said in described()}


def described() -> Iterator[tuple[str, str, Json, Json]]:
    """Yield method and path of each call, with what the document says of the path and of the call."""
    for path, item in document()["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item, item[method]


def _operation(item: Json, said: Json) -> Operation:
    parameters = [follow(each) for each in [*item.get("parameters", ()), *said.get("parameters", ())]]
    body = said.get("requestBody", {})
    kinds = body.get("content", {})
    schema = kinds.get(JSON, {}).get("schema")
    return Operation(
        is_open=said.get("security") == [],
        security=next((scheme for needed in said.get("security", ()) for scheme in needed), ""),
        path=tuple(_parameter(each) for each in parameters if each["in"] == "path"),
        query=tuple(_parameter(each) for each in parameters if each["in"] == "query"),
        kinds=tuple(kinds),
        body_required=body.get("required", False),
        body=None if schema is None else compiled(schema),
    )


def _parameter(said: Json) -> Parameter:
    schema = follow(said["schema"])
    many = schema.get("type") == "array"
    one = follow(schema["items"]) if many else schema
    return Parameter(
        name=said["name"],
        required=said.get("required", False),
        type=one.get("type", "string"),
        many=many,
        is_id=one.get("format") == "uuid",
        schema=compiled(schema),
    )


def follow(said: Json) -> Json:
    """Return what a reference stands for; anything else stands for itself."""
    while "$ref" in said:
        found = document()
        for name in said["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        said = found
    return said


def compiled(schema: Json) -> Schema:
    """Make what checks a value against a schema of the document."""
    whole = {**schema, "components": {"schemas": document()["components"]["schemas"]}}
    return Schema(whole, jsonschema_rs.Draft202012Validator(whole, validate_formats=True))
