"""The filters of the page, the API and the command line are the same; what they mean is tested with the database."""

import argparse
from typing import Any

import pytest
from callers import Caller
from flask.testing import FlaskClient
from pretended import ask, awake

from farmhand.manager.commands.selection import add_filters, query
from farmhand.manager.rules.finding import FILTERS, Kind, from_json, read
from farmhand.manager.storage.store import Store
from farmhand.manager.web.api.contract import document
from farmhand.worker.wire import Status

TYPES = {Kind.TEXT: "string", Kind.SPAN: "string", Kind.WORDS: "array", Kind.FLAG: "boolean"}


# What says which of those that are found are wanted.
PLACE = {"after", "limit"}


def documented() -> list[dict[str, dict[str, Any]]]:
    """Return the filters as the document has them: in a query, and in a body."""
    whole = document()
    parameters = whole["paths"]["/api/farmhand/workers"]["get"]["parameters"]
    return [
        {each["name"]: each["schema"] for each in parameters if each["name"] not in PLACE},
        whole["components"]["schemas"]["WorkerQuery"]["properties"],
    ]


@pytest.mark.parametrize("place", [0, 1], ids=["query", "body"])
def test_the_document_has_every_filter_with_its_words(place: int) -> None:
    found = documented()[place]
    assert {name: schema["type"] for name, schema in found.items()} == {
        name: TYPES[each.kind] for name, each in FILTERS.items()
    }
    words = {name: tuple(schema.get("items", {}).get("enum", ())) for name, schema in found.items()}
    assert words == {name: each.values for name, each in FILTERS.items()}


SAID = {
    Kind.TEXT: ("node", "node"),
    Kind.SPAN: ("5min", "5min"),
    Kind.FLAG: (None, "true"),
    Kind.WORDS: ("x", ["x"]),
}


@pytest.mark.parametrize("name", FILTERS)
def test_the_command_line_has_every_filter(name: str) -> None:
    each = FILTERS[name]
    parser = argparse.ArgumentParser()
    add_filters(parser)
    word, means = (each.values[0], [each.values[0]]) if each.values else SAID[each.kind]
    option = f"--{name.replace('_', '-')}"
    options = parser.parse_args([option] if word is None else [option, word])
    assert query(options) == {name: means}


@pytest.mark.parametrize(
    ("said", "as_json"),
    [
        ({"text": ["a"], "status": ["idle", "error"]}, {"text": "a", "status": ["idle", "error"]}),
        ({"can_restart": ["no"], "silent": ["5min"]}, {"can_restart": False, "silent": "300"}),
    ],
)
def test_the_api_and_an_address_mean_the_same(said: dict[str, list[str]], as_json: dict[str, object]) -> None:
    assert read(said) == from_json(as_json)


def test_programs_find_who_is_meant(client: FlaskClient, store: Store) -> None:
    one, other = awake(store, "node-1"), awake(store, "node-2", can_restart=False)
    ask(store, Status.RESTART, one, lazy=True)
    caller = Caller(client)

    def found(query: str) -> list[str]:
        return [worker["name"] for worker in caller.get(f"/api/farmhand/workers?{query}").json["workers"]]

    assert found("") == ["node-1", "node-2"]
    assert found("pending=restart&pending=asleep") == ["node-1"]
    assert found("can_restart=false") == ["node-2"]
    assert found("text=10.20&attention=true") == []
    refused = caller.get("/api/farmhand/workers?silent=ages")
    assert (refused.status_code, "silent: “ages” is not a time span" in refused.json["message"]) == (400, True)
    planned = caller.post(
        "/api/farmhand/plans", {"query": {"pending": ["any"], "can_restart": True}, "action": "sleep", "lazy": True}
    )
    assert [worker["id"] for worker in planned.json["workers"]] == [one.id]
    assert other.id not in planned.text
