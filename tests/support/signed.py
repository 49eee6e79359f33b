"""People, and browsers without JavaScript in which they are signed in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from signed_in import ADMIN, OPERATOR, VIEWER
from werkzeug.test import TestResponse

from farmhand.manager.rules.access import Grant
from farmhand.manager.storage import people, sessions
from farmhand.manager.storage.people import Person
from farmhand.manager.storage.store import Store
from farmhand.manager.web.access.access import FIELD
from farmhand.manager.web.access.sessioncookie import cookie_name

__all__ = ["ADMIN", "OPERATOR", "VIEWER", "Browser", "person", "signed_in"]


def person(store: Store, name: str, grants: Iterable[Grant] = ADMIN, password_hash: str | None = None) -> Person:
    return people.add(store, name, grants, "a test", password_hash)


@dataclass
class Browser:
    """A browser of a person's. What it posts has what the last page that it showed had as its proof."""

    client: FlaskClient
    proof: str = ""

    def get(self, path: str, **more: Any) -> TestResponse:
        shown = self.client.get(path, follow_redirects=True, **more)
        found = shown.text.partition(f'name="{FIELD}" value="')[2].partition('"')[0] if shown.is_streamed else ""
        self.proof = found or self.proof
        return shown

    def post(self, path: str, follow: bool = True, **data: Any) -> TestResponse:
        return self.client.post(path, data={FIELD: self.proof, **data}, follow_redirects=follow)


def signed_in(app: Flask, store: Store, who: Person) -> Browser:
    """Return a browser in which somebody is signed in, as after the password."""
    client = app.test_client()
    begun = sessions.begin(store, who.id, "127.0.0.1", "Mozilla/5.0 (X11; Linux) Firefox/1", stays=False, way="a test")
    client.set_cookie(cookie_name(is_https=False), begun.secret)
    browser = Browser(client)
    browser.get("/account")
    return browser
