"""Every answer, whoever gives it, tells browsers to run and to embed nothing foreign."""

import pytest
import urllib3

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
    assert headers["Referrer-Policy"] == "same-origin"
