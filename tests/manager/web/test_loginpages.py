"""Signing in and out as a browser without JavaScript does it, and what a session's cookie is like."""

import re
from collections.abc import Iterator
from pathlib import Path
from threading import BoundedSemaphore

import pytest
import urllib3
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from manager_server import serving
from pretended import awake
from signed_in import ADMIN, OPERATOR, VIEWER, at_page, browser, sign_in
from stores import Clock, fresh
from werkzeug.test import TestResponse

from farmhand.manager import passwords
from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.rules.access import Grant, Role
from farmhand.manager.rules.joining import Joining
from farmhand.manager.storage import people, sessions, tags
from farmhand.manager.storage.store import Store
from farmhand.manager.web.access.loginpages import way_back
from farmhand.manager.welcome import first_link

PASSWORD = "nine horses and a battery"
HTTPS = "https://farm.example.org"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    opened = fresh(tmp_path, Settings(trusted_proxies=("127.0.0.1",), registration=Joining.OPEN), clock)
    yield opened
    opened.close()


@pytest.fixture
def app(store: Store) -> Flask:
    return create_app(store)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def kim(store: Store) -> people.Person:
    return people.add(store, "Kim", ADMIN, "test", passwords.hashed(PASSWORD))


def enter(client: FlaskClient, name: str = "kim", password: str = PASSWORD, **more: str) -> TestResponse:
    base = more.pop("base_url", None)
    return client.post("/sign-in", data={"name": name, "password": password, **more}, base_url=base)


def cookie(answer: TestResponse) -> str:
    return next(said for said in answer.headers.getlist("Set-Cookie") if "farmhand-session" in said)


def told(answer: TestResponse) -> str:
    found = re.search(r'role="alert">.*?<p>(.*?)</p>', answer.text)
    return found[1] if found else ""


# -- the first admin


def test_the_first_admin_comes_by_the_link_which_looking_does_not_use_up(store: Store, client: FlaskClient) -> None:
    link = first_link(store, "http://localhost/")
    assert link is not None
    path = link.removeprefix("http://localhost")
    for _ in range(2):
        seen = client.get(path)
        assert (seen.status_code, seen.headers["Referrer-Policy"]) == (200, "strict-origin")
    said = {"name": "Ada", "password": PASSWORD, "again": PASSWORD}
    assert client.post(path, data=said).location == "/workers"
    assert client.get("/workers").status_code == 200
    assert client.post(path, data=said, headers={"X-Farmhand-Token": "x"}).status_code == 403
    assert client.get(path).status_code == 410
    assert [(person.name, person.grants) for person in people.every(store)] == [("Ada", ADMIN)]
    assert first_link(store, "http://localhost/") is None


def test_whoever_comes_before_the_first_admin_is_told_where_the_link_is(store: Store, client: FlaskClient) -> None:
    assert "Nobody can sign in yet. The manager has printed a link" in client.get("/sign-in").text
    people.add(store, "Kim", ADMIN, "test")
    assert "No account? Ask whoever runs the farm." in client.get("/sign-in").text


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"name": "", "password": PASSWORD, "again": PASSWORD}, "Write a name."),
        ({"name": "Ada", "password": "short", "again": "short"}, "fewer than 12 characters"),
        ({"name": "Ada", "password": PASSWORD, "again": PASSWORD[1:]}, "not the same"),
    ],
)
def test_what_is_wrong_with_a_choice_is_said_and_the_link_stays(
    store: Store, client: FlaskClient, said: dict[str, str], problem: str
) -> None:
    path = (first_link(store, "") or "").removeprefix("/")
    answer = client.post(f"/{path}", data=said)
    assert answer.status_code == 400
    assert problem in told(answer)
    assert client.get(f"/{path}").status_code == 200
    assert people.every(store) == []


def test_two_links_make_one_admin(store: Store, app: Flask) -> None:
    paths = [(first_link(store, "") or "") for _ in range(2)]
    said = {"name": "Ada", "password": PASSWORD, "again": PASSWORD}
    assert [app.test_client().post(path, data=said).status_code for path in paths] == [303, 410]


def test_a_forgotten_password_is_chosen_anew_and_every_browser_signed_out(
    store: Store, app: Flask, kim: people.Person
) -> None:
    other = app.test_client()
    enter(other)
    path = f"/welcome/{sessions.make_link(store, kim.id)}"
    said = {"name": "somebody else", "password": "another one of nine words", "again": "another one of nine words"}
    client = app.test_client()
    assert client.post(path, data=said).status_code == 303
    assert client.get("/workers").status_code == 200
    assert other.get("/workers").location == "/sign-in?next=%2Fworkers"
    assert people.one(store, kim.id).name == "Kim"
    assert enter(app.test_client()).status_code == 401
    assert enter(app.test_client(), password="another one of nine words").status_code == 303


# -- signing in


@pytest.mark.parametrize("name", ["kim", "KIM ", "Kim"])
def test_a_person_comes_back_to_where_they_were(client: FlaskClient, kim: people.Person, name: str) -> None:
    sent = client.get("/jobs?x=1")
    assert sent.location == "/sign-in?next=%2Fjobs%3Fx%3D1"
    assert 'value="/jobs?x=1"' in client.get(sent.location).text
    assert enter(client, name, next="/jobs?x=1").location == "/jobs?x=1"
    assert client.get("/sign-in?next=/jobs").location == "/jobs"


@pytest.mark.parametrize(
    "elsewhere",
    [
        *("https://evil.example/", "//evil.example/", "/\\evil.example/", "\\/evil.example", "javascript:alert(1)"),
        *("///evil.example/", "////evil.example/", "//[", "http://["),
        *("/a\nb", "/sign-in", "/sign-out", "", "workers"),
    ],
)
def test_nobody_is_sent_to_another_site(app: Flask, elsewhere: str) -> None:
    with app.test_request_context():
        assert way_back(elsewhere) == "/workers"


@pytest.mark.parametrize("name", ["Origin", "Referer"])
def test_addresses_that_are_none_are_of_nobody(client: FlaskClient, name: str) -> None:
    answer = client.post("/workers/act", headers={name: "http://["})
    assert answer.status_code == (403 if name == "Origin" else 303)


@pytest.mark.parametrize(("name", "password"), [("kim", "x" * 20), ("nobody", PASSWORD), ("kim", "x" * 300), ("", "")])
def test_what_was_wrong_is_not_told(client: FlaskClient, kim: people.Person, name: str, password: str) -> None:
    answer = enter(client, name, password)
    assert (answer.status_code, told(answer)) == (401, "The name and the password do not go together.")
    assert password == "" or password not in answer.text


def test_a_person_without_a_password_has_none(store: Store, client: FlaskClient) -> None:
    people.add(store, "Lee", VIEWER, "an identity provider")
    assert enter(client, "lee", "").status_code == 401
    assert enter(client, "lee", "nobody has this password").status_code == 401


def test_tries_that_fail_have_to_wait_and_say_how_long(client: FlaskClient, kim: people.Person, clock: Clock) -> None:
    for _ in range(3):
        enter(client, password="not the password")
    answer = enter(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert "Wait 1 s, then try again" in told(answer)
    clock.passes(1)
    assert enter(client).status_code == 303


def test_a_crowd_keeps_nobody_out_for_longer_than_it_is_there(
    client: FlaskClient, kim: people.Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as crowded:
        crowded.setattr(passwords, "_SEATS", BoundedSemaphore(1))
        with passwords._Turn():
            answers = [enter(client) for _ in range(8)]
    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in answers] == [(503, "1")] * 8
    assert enter(client).status_code == 303


def test_a_hash_of_other_parameters_is_made_anew(store: Store, client: FlaskClient) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    lee = people.add(store, "Lee", VIEWER, "test", weak)
    assert enter(client, "lee").status_code == 303
    kept = people.hash_of(store, lee.id) or ""
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify(kept, PASSWORD)


# -- its cookie


def test_a_cookie_is_out_of_reach_of_scripts_and_other_sites(client: FlaskClient, kim: people.Person) -> None:
    said = cookie(enter(client))
    assert re.fullmatch(r"farmhand-session=[\w-]{43}; HttpOnly; Path=/; SameSite=Lax", said)
    assert re.search(r"; Max-Age=604800; ", cookie(enter(client.application.test_client(), stay="on")))


def test_over_https_its_name_keeps_it_there(client: FlaskClient, kim: people.Person) -> None:
    said = cookie(enter(client, base_url=HTTPS))
    assert re.fullmatch(r"__Host-farmhand-session=[\w-]{43}; Secure; HttpOnly; Path=/; SameSite=Lax", said)
    secret = said.partition("=")[2].partition(";")[0]
    plain = {"Cookie": f"farmhand-session={secret}"}
    other = client.application.test_client(use_cookies=False)
    assert other.get("/workers", base_url=HTTPS, headers=plain).status_code == 303, "another site of the host set it"


@pytest.mark.parametrize(("base_url", "begins"), [(HTTPS, "__Host-farmhand="), ("http://localhost", "farmhand=")])
def test_so_does_the_one_that_a_new_token_waits_in(
    client: FlaskClient, kim: people.Person, base_url: str, begins: str
) -> None:
    enter(client, base_url=base_url)
    token = re.search(r'name="farmhand-token" content="(\w+)"', client.get("/account", base_url=base_url).text)
    assert token is not None
    made = client.post(
        "/account/tokens",
        data={"csrf": token[1], "name": "nightly", "role": "viewer", "days": "1"},
        base_url=base_url,
    )
    said = made.headers["Set-Cookie"]
    assert said.startswith(begins)
    assert ("; Secure; HttpOnly; Path=/; SameSite=Lax" in said) is (base_url == HTTPS)


def test_a_trusted_proxy_says_whether_it_is_https(store: Store) -> None:
    with serving(store) as url:
        headers = {"X-Forwarded-Proto": "https", "Host": "127.0.0.1"}
        there = urllib3.request("GET", f"{url}/sign-in", headers=headers)
        here = urllib3.request("GET", f"{url}/sign-in")
    assert there.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in here.headers


def test_signing_in_again_begins_another_session_and_ends_the_last(
    app: Flask, store: Store, kim: people.Person
) -> None:
    client = app.test_client()
    first = cookie(enter(client))
    page = client.get("/jobs").text
    token = re.search(r'name="farmhand-token" content="(\w+)"', page)
    assert token is not None
    second = cookie(enter(client, csrf=token[1]))
    assert first != second
    assert len(sessions.of_person(store, kim.id)) == 1


def test_signing_out_ends_the_session_itself(app: Flask, store: Store) -> None:
    who = at_page(app, sign_in(store, "Lee", *VIEWER))
    client = browser(app, who)
    assert client.post("/sign-out").status_code == 403, "another site's form does so, too"
    assert client.post("/sign-out", data={"csrf": who.token}).location == "/sign-in"
    assert sessions.find(store, who.cookie, counts=True) is None


# -- what an operator of one tag may touch


def test_of_many_workers_those_of_another_tag_are_left_out_and_named(app: Flask, store: Store) -> None:
    gpu = tags.add(store, "gpu", "", "test")
    mine, other = awake(store, "mine"), awake(store, "other")
    tags.give(store, mine.id, [gpu.id], "test")
    lee = at_page(app, sign_in(store, "Lee", Grant(Role.OPERATOR, gpu.id)))
    client = app.test_client(use_cookies=False)

    def post(path: str, body: object) -> TestResponse:
        return client.post(f"/api/farmhand/{path}", json=body, headers=lee.headers)

    wish = {"action": "restart", "lazy": True}
    both = {"workers": [mine.id, other.id]}
    asked = post("workers/actions", {**wish, **both}).json
    assert [(it["name"], it["accepted"]) for it in asked["workers"]] == [("mine", True), ("other", False)]
    assert asked["workers"][1]["text"] == 'is left out: you are an operator only of what has the tag "gpu"'
    assert store.worker(other.id).request is None

    kim = at_page(app, sign_in(store, "Kim", *OPERATOR))
    client.post("/api/farmhand/workers/actions", json={**wish, **both}, headers=kim.headers)
    pending = store.worker(other.id).request
    assert pending is not None
    post("workers/withdraw", both)
    post("workers/withdraw", {"requests": [pending.id]})
    assert store.worker(other.id).request == pending
    assert store.worker(mine.id).request is None

    planned = post("plans", {**wish, **both}).json
    assert [(it["name"], it["fate"]) for it in planned["workers"]] == [("mine", "asked"), ("other", "refused")]
    theirs = client.post("/api/farmhand/plans", json={"action": "shutdown", **both}, headers=kim.headers).json["token"]
    assert post(f"plans/{theirs}/apply", None).status_code in (200, 409)
    assert store.worker(other.id).request == pending
    assert post("rollouts", {"action": "restart", "at_once": 1, **both}).status_code == 403


def test_a_job_of_another_tag_is_out_of_reach(app: Flask, store: Store) -> None:
    gpu, cpu = (tags.add(store, name, "", "test") for name in ("gpu", "cpu"))
    lee = at_page(app, sign_in(store, "Lee", Grant(Role.OPERATOR, gpu.id)))
    client = app.test_client(use_cookies=False)
    draft = {"name": "a job", "type": "echo-sleep-test", "priority": 50, "settings": {"message": "hello"}}

    def submit(tag: str | None) -> TestResponse:
        return client.post("/api/v3/jobs", json={**draft, "worker_tag": tag}, headers=lee.headers)

    assert [submit(tag).status_code for tag in (None, cpu.id, gpu.id)] == [403, 403, 200]
    [job] = store.jobs()
    for tag in ({}, {"id": cpu.id}, {"name": "cpu"}):
        said = client.post(f"/api/v3/jobs/{job.id}/settag", json=tag, headers=lee.headers)
        assert said.status_code == 403, tag
    assert client.post(f"/api/v3/jobs/{job.id}/settag", json={"name": "gpu"}, headers=lee.headers).status_code == 204
