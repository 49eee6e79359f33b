"""Every answer, whoever gives it, tells browsers to run and to embed nothing foreign."""

import pytest
import urllib3

from farmhand.manager.web.access.naming import may_call

PATHS = ["/workers", "/jobs", "/nothing", "/static/tokens.css", "/api/v3/version", "/api/x", "/live/workers?since=x"]


@pytest.mark.parametrize("path", [*PATHS, "/api/farmhand/push", "/tasks/x/log", "/tasks/x/picture"])
def test_every_answer_is_locked_down(url: str, path: str) -> None:
    headers = urllib3.request("GET", url + path).headers
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == ("no-cache" if "static" in path else "no-store")
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
def test_where_nobody_signs_in_a_proxy_lets_nobody_in(url: str, header: str) -> None:
    passed_on = {header: "203.0.113.7"}
    assert urllib3.request("GET", f"{url}/api/v3/jobs").status == 200
    answer = urllib3.request("GET", f"{url}/api/v3/jobs", headers=passed_on)
    assert answer.status == 401
    assert "--without-login is for this machine alone" in answer.json()["message"]
    assert urllib3.request("GET", f"{url}/workers", headers=passed_on, redirect=False).status == 303


# -- by which names it may be called


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8080", 200),
        ("localhost:8080", 200),
        ("LOCALHOST.", 200),
        ("[::1]:8080", 200),
        ("192.168.1.20:8080", 200),
        ("evil.example", 421),
        ("evil.example:8080", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("[evil", 421),
    ],
)
@pytest.mark.parametrize("path", ["/workers", "/api/v3/version"])
def test_a_foreign_name_that_points_here_is_refused(url: str, path: str, host: str, status: int) -> None:
    answer = urllib3.request("GET", url + path, headers={"Host": host})
    assert answer.status == status
    if status == 421:
        assert answer.headers["Cache-Control"] == "no-store"
        assert f"not known as “{host}”" in (answer.json()["message"] if "/api/" in path else answer.data.decode())
        assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize("path", ["/live/workers", "/static/tokens.css", "/jobs", "/api/farmhand/agents"])
def test_nothing_for_operators_is_told_under_a_foreign_name(url: str, path: str) -> None:
    assert urllib3.request("GET", url + path, headers={"Host": "evil.example"}).status == 421


@pytest.mark.parametrize("path", ["/api/v3/worker/task", "/api/farmhand/push", "/api/farmhand/agents/wait"])
def test_workers_may_call_by_any_name(url: str, path: str) -> None:
    assert urllib3.request("POST", url + path, headers={"Host": "farm.example"}).status != 421


@pytest.mark.parametrize("path", ["/api/v3/worker/register-worker", "/api/farmhand/agents/enrol"])
def test_no_page_is_a_worker_by_its_own_name(url: str, path: str) -> None:
    rebound = {"Host": "evil.example", "Origin": "http://evil.example"}
    assert urllib3.request("POST", url + path, headers=rebound).status == 421


@pytest.mark.parametrize(
    ("server", "host", "served"),
    [
        (("127.0.0.1", 8080), "farm.example", True),
        (("127.0.0.1", 8080), "evil.example", False),
        (("::1", 8080, 0, 0), "evil.example", False),
        (("::ffff:127.0.0.1", 8080), "evil.example", False),
        (("10.0.0.5", 8080), "farm-on-the-net", True),
        (("10.0.0.5", 8080), "", True),
        (None, "farm.example", True),
    ],
)
def test_names_matter_where_the_loopback_is_reached(server: tuple[object, ...] | None, host: str, served: bool) -> None:
    scope = {"path": "/workers", "server": server}
    assert may_call(scope, {"host": host}, {"localhost", "farm.example"}) is served
