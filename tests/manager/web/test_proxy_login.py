"""People whom a proxy signs in: its word counts, nobody else's. With a real nginx, and with what gets past one."""

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from farm import free_port
from manager_server import serving
from polling import until
from several import AROUND, NGINX, needed
from sqlalchemy import text
from stores import fresh

from farmhand.manager.config import Settings, settings
from farmhand.manager.rules.access import Grant, Role
from farmhand.manager.rules.vouched import Granted
from farmhand.manager.signin import ProxyLogin
from farmhand.manager.storage import people, standing
from farmhand.manager.storage.store import Store

ROLES = {"wranglers": Granted(Role.OPERATOR), "admins": Granted(Role.ADMIN)}
LOGIN = ProxyLogin("Remote-User", ROLES, groups="Remote-Groups", sign_out="https://auth.example.org/logout")
KIM = {"Remote-User": "kim", "Remote-Groups": "artists,wranglers"}
GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "single-sign-on.md"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = fresh(tmp_path / "data", Settings(trusted_proxies=("127.0.0.1",), proxy_login=LOGIN))
    yield store
    store.close()


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    """The manager's own address; who calls it from here is its proxy."""
    with serving(store) as url:
        yield url


def ask(url: str, path: str = "/account", headers: dict[str, str] | None = None, **more: Any) -> requests.Response:
    return requests.request(more.pop("method", "GET"), f"{url}{path}", headers=headers, timeout=10, **more)


def proof(page: requests.Response) -> str:
    return page.text.partition('name="csrf" value="')[2].partition('"')[0]


def audited(store: Store, what: str) -> int:
    with store.database.read() as connection:
        return connection.execute(text("SELECT count(*) FROM audit WHERE what = :what"), {"what": what}).scalar() or 0


def test_the_proxys_word_is_enough(url: str, store: Store) -> None:
    page = ask(url, headers=KIM)
    assert page.url == f"{url}/account"
    assert "The proxy in front of this manager signs you in" in page.text
    assert people.named(store, "kim").grants == (Grant(Role.OPERATOR),)
    assert ask(url, "/people", KIM).status_code == 403
    assert ask(url, "/people", {**KIM, "Remote-Groups": "admins"}).status_code == 200, "groups count at once"


def test_who_is_in_no_group_is_told(url: str, store: Store) -> None:
    page = ask(url, headers={"Remote-User": "lee", "Remote-Groups": "artists"})
    assert page.url.startswith(f"{url}/sign-in")
    assert "Lee is in no group that has a role here" in page.text
    assert people.every(store) == []


def test_another_site_cannot_use_the_proxys_cookie(url: str, store: Store) -> None:
    ask(url, headers=KIM)
    form = {"name": "x", "role": "viewer", "days": "1"}
    for headers in (KIM, {**KIM, "Origin": "https://evil.example"}):
        assert ask(url, "/account/tokens", headers, method="POST", data=form).status_code == 403
    page = ask(url, "/account/tokens", KIM)
    made = ask(url, "/account/tokens", KIM, method="POST", data={**form, "csrf": proof(page)})
    assert made.status_code == 200
    assert "fh_" in made.text
    others = ask(url, "/account/tokens", {**KIM, "Remote-User": "lee"})
    assert ask(url, "/account/tokens", KIM, method="POST", data={**form, "csrf": proof(others)}).status_code == 403


def test_who_was_turned_off_stays_out(url: str, store: Store) -> None:
    ask(url, headers={**KIM, "Remote-User": "root", "Remote-Groups": "admins"})
    ask(url, headers=KIM)
    standing.turn_off(store, people.named(store, "kim").id, "root")
    assert "Kim is not let in any more" in ask(url, headers=KIM).text


def test_signing_out_leads_to_the_proxy(url: str) -> None:
    page = ask(url, headers=KIM)
    shown = ask(url, "/sign-out", KIM, method="POST", data={"csrf": proof(page)})
    assert "You are signed in still" in shown.text
    assert 'href="https://auth.example.org/logout"' in shown.text


def test_nobody_else_is_believed_and_that_is_written_down(store: Store) -> None:
    store.settings = replace(store.settings, trusted_proxies=("192.0.2.1",))
    with serving(store) as url:
        for _ in range(3):
            assert ask(url, headers=KIM).url.startswith(f"{url}/sign-in")
    assert people.every(store) == []
    assert audited(store, "session.refused") == 1


def test_a_second_header_is_not_believed(url: str, store: Store) -> None:
    host, port = url.removeprefix("http://").split(":")
    twice = b"Remote-User: kim\r\nRemote-User: root\r\nRemote-Groups: admins\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /people HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + twice + b"\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"303" in answer.split(b"\r\n")[0]
    assert people.every(store) == []


# -- the nginx of the guide


@contextlib.contextmanager
def nginx(folder: Path, manager: str, gate: str) -> Iterator[str]:
    """Run the guide's nginx in front of a manager; gate: the address of what signs people in."""
    port = free_port()
    site = GUIDE.read_text(encoding="utf-8").partition("```nginx\n")[2].partition("```")[0]
    site = site.replace("listen 80;", f"listen 127.0.0.1:{port};")
    site = site.replace("http://127.0.0.1:8080", manager).replace("http://127.0.0.1:4180", gate)
    config = folder / "nginx.conf"
    config.write_text(AROUND.format(folder=folder, site=site))
    process = subprocess.Popen([NGINX, "-c", str(config), "-p", str(folder)], stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}"), "nginx to answer")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def answers(url: str) -> bool:
    with contextlib.suppress(requests.ConnectionError):
        return ask(url, "/api/v3/version").status_code == 200
    return False


@contextlib.contextmanager
def gatekeeper() -> Iterator[str]:
    """Serve what nginx asks: who has the cookie "kim" is kim, in two groups; nobody else is anybody."""
    from threading import Thread

    from flask import Flask, Response, request
    from werkzeug.serving import make_server

    app = Flask("gate")

    @app.get("/oauth2/auth")
    def auth() -> Response:
        if request.cookies.get("who") != "kim":
            return Response(status=401)
        return Response(
            status=202, headers={"X-Auth-Request-User": "kim", "X-Auth-Request-Groups": "artists,wranglers"}
        )

    @app.get("/oauth2/sign_in")
    def sign_in() -> str:
        return "sign in there"

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def test_the_guides_settings_know_the_manager_by_the_name_of_its_proxy(tmp_path: Path) -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    block = guide.partition("## With a proxy")[2].partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "manager.yaml").write_text(block)
    read = settings(tmp_path / "manager.yaml", tmp_path)
    assert read.proxy_login is not None
    assert [f"server_name {name};" in guide for name in read.host_names] == [True]


@needed
def test_the_guides_nginx_lets_in_whom_it_knows_and_nobody_who_says_so(tmp_path: Path, url: str, store: Store) -> None:
    with gatekeeper() as gate, nginx(tmp_path, url, gate) as front:
        cookie = {"who": "kim"}
        assert "sign in there" in ask(front).text, "nginx sends strangers to sign in"
        sent = ask(front, "/jobs?status=active", allow_redirects=False)
        where = urlsplit(sent.headers["Location"])
        assert (sent.status_code, where.path, where.query) == (303, "/oauth2/sign_in", "rd=/jobs?status=active")
        assert "sign in there" in ask(front, headers={"Remote-User": "root", "Remote-Groups": "admins"}).text
        page = ask(front, cookies=cookie)
        assert page.url == f"{front}/account"
        forged = {"Remote-User": "root", "Remote-Groups": "admins", "Remote_Groups": "admins"}
        assert ask(front, "/people", forged, cookies=cookie).status_code == 403, "kim stays kim"
        assert ask(front, "/api/v3/jobs", forged, cookies=cookie).status_code == 401, "nobody is vouched for there"
        form = {"csrf": proof(page), "name": "nightly", "role": "viewer", "days": "1"}
        made = ask(front, "/account/tokens", method="POST", data=form, cookies=cookie, allow_redirects=False)
        assert made.status_code == 303
    assert [each.name for each in people.every(store)] == ["kim"]
