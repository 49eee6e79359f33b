"""The cookie of a browser that is signed in, and who it is by that."""

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSessionInterface

from ...storage import people, sessions
from ...storage.sessions import Begun
from ...storage.store import Missing, Store
from .callers import Call, Caller, Kind

# Over https the name itself makes browsers take the cookie from nobody but this host, and send it over https only.
PLAIN, SECURE = "farmhand-session", "__Host-farmhand-session"


def cookie_name(*, is_https: bool) -> str:
    return SECURE if is_https else PLAIN


class Told(SecureCookieSessionInterface):
    """What the next page has to say, in a cookie: a new token or link may be in it, so over https it stays there."""

    def get_cookie_name(self, app: Flask) -> str:
        return "__Host-farmhand" if request.is_secure else "farmhand"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def by_session(store: Store, call: Call) -> Caller | None:
    """Know a person by the cookie of a session that holds; another one is as good as none."""
    secret = call.cookies.get(cookie_name(is_https=call.is_https), "")
    found = sessions.find(store, secret, counts=call.counts) if secret else None
    if found is None:
        return None
    try:
        person = people.one(store, found.person_id)
    except Missing:
        return None
    return Caller(person.name, Kind.PERSON, person.grants, person.id, found.id)


def secret_of(request: Request) -> str:
    """Return what the cookie of a request has; empty where it has none."""
    return request.cookies.get(cookie_name(is_https=request.is_secure), "")


def keep(response: Response, begun: Begun, *, stays: bool, is_https: bool) -> None:
    """Have the browser keep a session, for as long as it holds or until it is closed."""
    age = (begun.session.ends_at - begun.session.made_at) // 1000 if stays else None
    name = cookie_name(is_https=is_https)
    response.set_cookie(name, begun.secret, max_age=age, path="/", secure=is_https, httponly=True, samesite="Lax")


def forget(response: Response, *, is_https: bool) -> None:
    response.delete_cookie(cookie_name(is_https=is_https), path="/", secure=is_https, httponly=True, samesite="Lax")
