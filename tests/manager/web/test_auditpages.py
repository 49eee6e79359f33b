"""The page of the audit log, its files, and what requests leave in it."""

import csv
import io
import json

import pytest
from pretended import ask, awake
from signed_in import VIEWER, at_page, sign_in
from sqlalchemy import text
from stores import opened
from werkzeug.test import TestResponse

from farmhand.manager import whence
from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.rules import deeds
from farmhand.manager.rules.deeds import Deed
from farmhand.manager.storage import audit, tags
from farmhand.manager.web.audit import auditpages
from farmhand.worker.wire import Status

FORMULA = '=HYPERLINK("http://evil.example.org","gpu")'


def page(client, **query) -> str:
    answered: TestResponse = client.get("/audit", query_string=query)
    assert answered.status_code == 200, answered.text
    return answered.text


def test_an_empty_log_says_what_will_be_in_it(client):
    assert "Nothing yet" in page(client)
    assert "Nothing matches" in page(client, who="kim")


def test_rows_say_who_did_what_from_where(client, store):
    made = client.post("/api/v3/worker-mgt/tags", json={"name": "gpu"}, environ_base={"REMOTE_ADDR": "10.1.2.3"})
    assert made.status_code == 200, made.text
    shown = page(client, what="tag.made")
    for said in ("made <b>tag gpu</b>", "from 10.1.2.3, without login", "row 1", str(audit.head(store.database))):
        assert said in shown


def test_what_is_refused_for_lack_of_a_role_is_written_down_once_a_minute(tmp_path):
    with opened("sqlite", tmp_path, settings=Settings()) as store:
        app = create_app(store)
        who = at_page(app, sign_in(store, "kim", *VIEWER))
        for _ in range(3):
            refused = app.test_client(use_cookies=False).post("/notices/test", headers=who.headers)
            assert refused.status_code == 403
        assert app.test_client(use_cookies=False).post("/notices/test").status_code == 303, "it is asked to sign in"
        found = [row for row in audit.in_order(store.database, 100) if row.what == deeds.ACCESS_REFUSED]
    [row] = found
    assert (row.who, row.way, row.address, row.outcome) == ("kim", "session", "127.0.0.1", "refused")
    assert row.whom == "POST /notices/test"


def test_what_follows_a_request_does_not_count_as_its(client):
    assert client.get("/audit").status_code == 200
    assert whence.current() == whence.COMMAND_LINE


def test_a_row_is_a_sentence_with_the_way_to_the_worker(client, store):
    worker = awake(store, "node-1")
    ask(store, Status.RESTART, worker, lazy=True)
    shown = page(client, what="request.made")
    assert f'asked <a href="/workers/{worker.id}">node-1</a> to restart after its task' in shown
    assert '<a class="name" href="/audit?who=kim"' in shown


def test_the_page_says_whether_the_log_is_whole(client, store):
    tags.add(store, "gpu", "", "kim")
    said = client.post("/audit/verify", follow_redirects=True)
    assert "The audit log is whole: 1 row." in said.text
    with store.database.write(alone=False) as change:
        change.connection.execute(text("DROP TRIGGER audit_refuses_UPDATE"))
        change.connection.execute(text("UPDATE audit SET who = 'robin'"))
    assert "Row 1 is changed" in client.post("/audit/verify", follow_redirects=True).text


def test_hostile_names_are_text(client, store):
    tags.add(store, "<script>alert(1)</script>\u202e", "", "<b>kim</b>")
    shown = page(client)
    assert "<script>alert" not in shown
    assert "<b>kim" not in shown
    assert "\u202e" not in shown


def test_the_address_is_the_view(client, store):
    tags.add(store, "gpu", "", "kim")
    tags.add(store, "cpu", "", "robin")
    assert "tag cpu" not in page(client, who="kim")
    assert 'value="kim"' in page(client, who="kim")
    assert "tag gpu" in page(client, since="2020-01-31", until="2099-01-31")
    assert "tag gpu" not in page(client, until="2020-01-31")


@pytest.mark.parametrize("since", ["yesterday", "2030-13-01", "2030-01-31T10:00:00"])
def test_what_is_no_time_is_refused_with_how_to_write_it(client, since):
    answered = client.get("/audit", query_string={"since": since})
    assert answered.status_code == 400
    assert "RFC 3339" in answered.text or "offset" in answered.text


def test_pages_lead_to_older_rows_and_back(client, store, monkeypatch):
    monkeypatch.setattr(auditpages, "PAGE", 2)
    for name in "abcde":
        tags.add(store, name, "", "kim")
    first = page(client, who="kim")
    assert ("tag e" in first, "tag c<" in first, "Newest" in first) == (True, False, False)
    assert 'href="/audit?who=kim&amp;before=4"' in first
    assert "tag e" in page(client, before="9" * 30), "where there is no such row, it begins with the newest"
    last = page(client, who="kim", before=2)
    assert ("tag a" in last, "Older" in last, "Newest" in last) == (True, False, True)


def test_a_file_has_all_that_is_wanted_and_is_itself_written_down(client, store):
    tags.add(store, FORMULA, "", "@kim")
    answered = client.get("/audit.csv?who=kim")
    assert answered.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    [row] = csv.DictReader(io.StringIO(answered.text))
    assert (row["who"], row["whom"]) == ("'@kim", f"tag {FORMULA}")
    lines = [json.loads(line) for line in client.get("/audit.jsonl").text.splitlines()]
    assert [line["what"] for line in lines] == ["tag.made", deeds.EXPORTED]
    assert lines[1]["whom"] == "the audit log as csv"
    assert json.loads(lines[1]["detail"]) == {"who": "kim"}
    assert client.get("/audit.exe").status_code == 404


def test_programs_get_rows_and_the_verdict(client, store):
    audit.record(store.database, Deed(deeds.SIGNED_IN, "kim", detail={"by": "password"}))
    tags.add(store, "gpu", "", "robin")
    said = client.get("/api/farmhand/audit?limit=1").json
    assert [row["who"] for row in said["rows"]] == ["robin"]
    assert said["head"] == str(audit.head(store.database))
    assert client.get("/api/farmhand/audit?before=2").json["rows"][0]["what"] == "session.began"
    assert client.get("/api/farmhand/audit/verify").json == {"whole": True, "head": said["head"], "unsealed": 2}
    broken = client.get(f"/api/farmhand/audit/verify?head=7:{'0' * 64}").json["broken"]
    assert (broken["seq"], broken["kind"]) == (3, "truncated")
    assert client.get("/api/farmhand/audit/verify?head=7").status_code == 400
    assert client.get("/api/farmhand/audit?since=soon").status_code == 400
