"""API tokens by calls."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from callers import Caller
from pretended import awake
from signed import ADMIN, OPERATOR, VIEWER, person, signed_in
from stores import fresh
from werkzeug.test import TestResponse

from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.rules.access import Grant, Role
from farmhand.manager.rules.joining import Joining
from farmhand.manager.rules.tokens import DAY_MS, Scope, is_token
from farmhand.manager.storage import tags, tokens
from farmhand.manager.storage.people import Person
from farmhand.manager.storage.store import Store
from farmhand.manager.web.access.access import HEADER

TOKENS = "/api/farmhand/tokens"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = fresh(tmp_path, Settings(registration=Joining.OPEN))
    yield store
    store.close()


@pytest.fixture
def caller(store: Store) -> Caller:
    return Caller(create_app(store).test_client())


def held(store: Store, owner: Person, role: Role) -> dict[str, Any]:
    """Return what a call is sent with by a program of somebody's."""
    made = tokens.make(store, owner.id, "held", Scope(role), 90 * DAY_MS, owner.name)
    return {"headers": {"Authorization": f"Bearer {made.text}"}}


def listed(answer: TestResponse) -> list[str]:
    assert answer.json is not None
    return [token["name"] for token in answer.json["tokens"]]


def test_an_admins_program_makes_tokens_and_sees_everybodys(store: Store, caller: Caller) -> None:
    program = held(store, person(store, "root", ADMIN), Role.ADMIN)
    lees = tokens.make(store, person(store, "lee", VIEWER).id, "lee's", Scope(Role.VIEWER), DAY_MS, "lee").token
    gpu = tags.add(store, "gpu", "", "root")
    made = caller.post(TOKENS, {"name": "ci", "role": "operator", "tags": [gpu.id.upper()], "days": 7}, **program)
    assert made.status_code == 200
    assert made.json is not None
    assert is_token(made.json["token"])
    assert (made.json["owner"], made.json["tags"], made.json["holds"]) == ("root", [gpu.id], True)
    assert sorted(listed(caller.get(TOKENS, **program))) == ["ci", "held"]
    assert sorted(listed(caller.get(f"{TOKENS}?everybody=true", **program))) == ["ci", "held", "lee's"]
    assert "token" not in str(caller.get(TOKENS, **program).json["tokens"][0].keys() - {"token_id"})
    assert caller.call("DELETE", f"{TOKENS}/{lees.id}", **program).status_code == 204
    assert tokens.one(store, lees.id).revoked_at is not None


def test_anybody_elses_program_makes_none_and_revokes_itself_alone(store: Store, caller: Caller) -> None:
    lee = person(store, "lee", OPERATOR)
    program = held(store, lee, Role.OPERATOR)
    other = tokens.make(store, lee.id, "other", Scope(Role.VIEWER), DAY_MS, "lee").token
    refused = caller.post(TOKENS, {"name": "ci", "role": "viewer"}, **program)
    assert refused.status_code == 400
    assert refused.json is not None
    assert "A token makes no tokens" in refused.json["message"]
    assert caller.get(f"{TOKENS}?everybody=true", **program).status_code == 403
    assert caller.call("DELETE", f"{TOKENS}/{other.id}", **program).status_code == 403
    own = next(token for token in tokens.every(store) if token.name == "held")
    assert caller.call("DELETE", f"{TOKENS}/{own.id}", **program).status_code == 204
    assert caller.get(TOKENS, **program).status_code == 401


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": "ci"}, "role"),
        ({"role": "viewer"}, "name"),
        ({"name": "ci", "role": "emperor"}, "role"),
        ({"name": "ci", "role": "viewer", "days": 0}, "days"),
        ({"name": "ci", "role": "viewer", "days": 3651}, "days"),
        ({"name": "", "role": "viewer"}, "name"),
        ({"name": "x" * 61, "role": "viewer"}, "name"),
        ({"name": "ci", "role": "operator", "tags": ["00000000-0000-0000-0000-000000000000"]}, "There is no tag"),
    ],
)
def test_what_is_wrong_is_said(store: Store, caller: Caller, body: dict[str, Any], said: str) -> None:
    answer = caller.post(TOKENS, body, **held(store, person(store, "root", ADMIN), Role.ADMIN))
    assert answer.status_code == 400
    assert answer.json is not None
    assert said.lower() in answer.json["message"].lower()
    assert len(tokens.every(store)) == 1


def test_tags_limit_operators_only(store: Store, caller: Caller) -> None:
    gpu = tags.add(store, "gpu", "", "root")
    program = held(store, person(store, "root", ADMIN), Role.ADMIN)
    for role in ("viewer", "admin"):
        assert caller.post(TOKENS, {"name": "ci", "role": role, "tags": [gpu.id]}, **program).status_code == 400


def test_a_token_that_is_not_there_cannot_be_revoked(store: Store, caller: Caller) -> None:
    program = held(store, person(store, "root", ADMIN), Role.ADMIN)
    nobody = "00000000-0000-0000-0000-000000000000"
    assert caller.call("DELETE", f"{TOKENS}/{nobody}", **program).status_code == 404


def test_a_limited_operators_token_acts_on_its_tags_alone(store: Store, caller: Caller) -> None:
    gpu = tags.add(store, "gpu", "", "root")
    inside, outside = awake(store, "inside"), awake(store, "outside")
    tags.give(store, inside.id, [gpu.id], "root")
    program = held(store, person(store, "lee", [Grant(Role.OPERATOR, gpu.id)]), Role.OPERATOR)
    body = {"status": "asleep", "is_lazy": True}
    path = "/api/v3/worker-mgt/workers/{}/setstatus"
    assert caller.post(path.format(inside.id), body, **program).status_code == 204
    refused = caller.post(path.format(outside.id), body, **program)
    assert refused.status_code == 403
    assert refused.json is not None
    assert 'operator only of what has the tag "gpu"' in refused.json["message"]


def test_where_nobody_signs_in_there_is_nobody_to_make_one_for(store: Store) -> None:
    store.settings = replace(store.settings, without_login=True)
    caller = Caller(create_app(store).test_client())
    assert caller.get(TOKENS).json == {"tokens": []}
    assert caller.post(TOKENS, {"name": "ci", "role": "viewer"}).status_code == 409


def test_a_browser_makes_one_with_its_pages_proof(store: Store, caller: Caller) -> None:
    browser = signed_in(caller.client.application, store, person(store, "lee", OPERATOR))
    body = {"name": "ci", "role": "operator"}
    assert browser.client.post(TOKENS, json=body).status_code == 403
    made = browser.client.post(TOKENS, json=body, headers={HEADER: browser.proof})
    assert made.status_code == 200
    more = browser.client.post(TOKENS, json={**body, "role": "admin"}, headers={HEADER: browser.proof})
    assert more.status_code == 400


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Bearer {}", 200),
        ("bearer {}", 200),
        ("Bearer {}x", 401),
        ("Bearer fh_nonsense", 401),
        ("Bearer ", 401),
        ("Basic !!!", 401),
        ("Digest {}", 401),
        ("{}", 401),
        ("Bearer eyJhbGciOiJub25lIn0.e30.", 401),
    ],
)
def test_how_a_token_is_sent(store: Store, caller: Caller, header: str, code: int) -> None:
    made = tokens.make(store, person(store, "lee", VIEWER).id, "held", Scope(Role.VIEWER), DAY_MS, "lee")
    answer = caller.client.get("/api/v3/jobs", headers={"Authorization": header.format(made.text)})
    assert answer.status_code == code


@pytest.mark.parametrize("credentials", [("kim", "{}"), ("", "{}"), ("{}", ""), ("{}", "x-oauth-basic")])
def test_it_may_stand_where_programs_have_a_password(
    store: Store, caller: Caller, credentials: tuple[str, str]
) -> None:
    made = tokens.make(store, person(store, "lee", VIEWER).id, "held", Scope(Role.VIEWER), DAY_MS, "lee")
    name, password = (text.format(made.text) for text in credentials)
    assert caller.client.get("/api/v3/jobs", auth=(name, password)).status_code == 200
