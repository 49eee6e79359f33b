"""People who are signed in: their cookies, and what proves that a request is from a page of theirs."""

import re
from dataclasses import dataclass, field

from flask import Flask
from flask.testing import FlaskClient

from farmhand.manager.rules.access import Grant, Role
from farmhand.manager.storage import people, sessions
from farmhand.manager.storage.people import Person
from farmhand.manager.storage.store import Store
from farmhand.manager.web.access.sessioncookie import PLAIN

VIEWER, OPERATOR, ADMIN = ((Grant(role),) for role in Role)


@dataclass(frozen=True)
class SignedIn:
    """A person at a browser. token: for its unsafe requests."""

    person: Person
    cookie: str
    token: str = field(default="", repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"{PLAIN}={self.cookie}"} | ({"X-Farmhand-Token": self.token} if self.token else {})


def sign_in(store: Store, name: str, *grants: Grant) -> SignedIn:
    """Make a person with these grants, and begin a session of theirs; without a password, which takes its time."""
    person = people.add(store, name, grants, "test")
    begun = sessions.begin(store, person.id, "127.0.0.1", "a test", stays=False, way="test")
    return SignedIn(person, begun.secret)


def at_page(app: Flask, who: SignedIn) -> SignedIn:
    """Return the same with what a page proves its requests by."""
    page = app.test_client(use_cookies=False).get("/jobs", headers=who.headers).text
    found = re.search(r'name="farmhand-token" content="(\w+)"', page)
    assert found is not None, page
    return SignedIn(who.person, who.cookie, found[1])


def browser(app: Flask, who: SignedIn) -> FlaskClient:
    """Return a browser without JavaScript in which somebody is signed in."""
    client = app.test_client()
    client.set_cookie(PLAIN, who.cookie)
    return client
