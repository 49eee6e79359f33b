"""The OpenAPI document: it has every call, and a request is what it says."""

import http.client
import json
import re

import pytest
from jsonschema import Draft202012Validator

from farmhand.manager.app import create_app, create_asgi
from farmhand.manager.web.api.contract import JSON, METHODS, described, document, follow, operations, parse
from farmhand.manager.web.api.wording import Unfit
from farmhand.worker.wire import REQUESTABLE, JobStatus, Status, TaskStatus

ID = "0C5CAE9F-8A51-4D1E-A1B2-0123456789AB"


def served(store):
    """Yield each call under /api that Flask or Starlette routes somewhere."""
    for rule in create_app(store).url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
    for route in create_asgi(store)[0].routes:
        for method in (getattr(route, "methods", None) or set()) - {"HEAD"}:
            yield method, route.path


def test_every_call_is_in_the_document_and_nothing_else_is(store):
    assert {call for call in served(store) if call[1].startswith("/api")} == operations().keys()


def test_the_document_is_served_whole(client):
    answer = client.get("/api/v3/openapi3.json")
    assert answer.json == document()
    assert answer.json["openapi"].startswith("3.1.")


def test_every_call_has_a_name_of_its_own_and_a_row_in_a_table():
    names = [said["operationId"] for _, _, _, said in described()]
    assert len(names) == len(set(names))
    tables = {tag["name"] for tag in document()["tags"]}
    for method, path, _, said in described():
        assert set(said["tags"]) <= tables, (method, path)
        assert said["summary"], (method, path)


def test_every_answer_says_what_it_is():
    for method, path, _, said in described():
        for status, response in said["responses"].items():
            assert follow(response)["description"], (method, path, status)


def test_every_parameter_of_a_path_is_described():
    for (method, path), operation in operations().items():
        described = {parameter.name for parameter in operation.path}
        assert described == set(re.findall(r"\{(\w+)\}", path)), (method, path)


def test_every_reference_leads_somewhere_and_every_component_is_needed():
    text, used = str(document()), set()
    for reference in re.findall(r"'\$ref': '(.*?)'", text):
        assert follow({"$ref": reference})
        used.add(tuple(reference.split("/")[-2:]))
    there = {(kind, name) for kind, named in document()["components"].items() for name in named}
    assert {(kind, name) for kind, name in there - used if kind != "securitySchemes"} == set()


def test_every_expression_says_in_words_what_it_stands_for():
    for schema in schemas(document()):
        assert "pattern" not in schema or schema.get("description"), schema


@pytest.mark.parametrize(("method", "path"), operations())
def test_every_schema_is_one(method, path):
    said = document()["paths"][path][method.lower()]
    bodies = [said.get("requestBody", {}), *(follow(response) for response in said["responses"].values())]
    for body in bodies:
        for kind in body.get("content", {}).values():
            Draft202012Validator.check_schema(kind.get("schema", {}))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("WorkerStatus", {status.value for status in Status}),
        ("RequestableStatus", {status.value for status in REQUESTABLE}),
        ("TaskStatus", {status.value for status in TaskStatus}),
        ("JobStatus", {status.value for status in JobStatus}),
    ],
)
def test_its_statuses_are_those_that_there_are(name, words):
    assert set(document()["components"]["schemas"][name]["enum"]) == words


def test_a_worker_may_report_every_status_but_the_managers_own_judgement():
    update = document()["paths"]["/api/v3/worker/task/{task_id}"]["post"]["requestBody"]["content"][JSON]["schema"]
    words = {status.value for status in TaskStatus} - {TaskStatus.SOFT_FAILED.value}
    assert set(update["properties"]["taskStatus"]["enum"]) == words


def schemas(node):
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from schemas(child)


def test_nobody_may_change_something_with_a_request_that_a_form_can_send():
    for (method, path), operation in operations().items():
        assert method in [name.upper() for name in METHODS]
        if method != "GET" and operation.body is not None:
            assert operation.kinds == (JSON,), path


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'{"a": 1.0}', {"a": 1}),
        (b'{"a": 1.5}', {"a": 1.5}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        ('{"a": "é"}'.encode(), {"a": "é"}),
    ],
)
def test_what_json_is_taken(content, value):
    assert parse(content) == value
    assert [type(each) for each in parse(content).values()] == [type(each) for each in value.values()]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"\xef\xbb\xbf{}", b"NaN", b"[1e400]", b'"\\ud800"', b"[" * 99999, b"1" * 5000]
)
def test_what_no_json_is(content):
    with pytest.raises(Unfit):
        parse(content)


def test_an_id_is_written_as_the_manager_does():
    said = {"task_id": ID}
    operations()["GET", "/api/v3/tasks/{task_id}"].read_path(said)
    assert said == {"task_id": ID.lower()}


@pytest.mark.parametrize("text", ["x", ID[:-1], ID.replace("-", ""), f"{{{ID}}}", ID.replace("0", "O"), f"{ID}\n"])
def test_what_no_id_is(text):
    with pytest.raises(Unfit, match="is not a UUID"):
        operations()["GET", "/api/v3/tasks/{task_id}"].read_path({"task_id": text})


@pytest.mark.parametrize(
    ("said", "message"),
    [({"since": ["x"]}, '"since" must be an integer, and is "x"'), ({"since": ["-1"]}, '"since" must be 0 at least')],
)
def test_a_query_is_checked(said, message):
    with pytest.raises(Unfit, match=message):
        operations()["GET", "/api/farmhand/push"].read_query(said)


def test_a_body_may_come_in_pieces_without_its_length(url):
    host, port = url.removeprefix("http://").split(":")
    said = {"name": "n", "secret": "s", "platform": "linux", "supported_task_types": ["misc"]}
    pieces = (json.dumps(said)[:20].encode(), json.dumps(said)[20:].encode())
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("POST", "/api/v3/worker/register-worker", iter(pieces), {"Content-Type": JSON})
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["name"]) == (200, "n")
    connection.close()


def test_a_query_has_its_types_and_may_have_more():
    assert operations()["GET", "/api/farmhand/push"].read_query({"since": ["7"], "x": ["y"]}) == {"since": 7}
