"""Signing in with an OpenID Connect provider, beside passwords.

A sign-in is remembered by the browser alone, in a cookie with its state; nonce and verifier are made of the state with
the farm's key. So whoever only begins one writes nothing into the database, and any manager of the farm can end it.
"""

import base64
import hmac
import secrets
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug import Response as BaseResponse
from werkzeug.exceptions import NotFound

from ....units.errors import BadConfig
from ...rules import deeds
from ...rules.deeds import Deed
from ...rules.tasks import Refused
from ...rules.vouched import vouched
from ...storage import standing
from ...storage.store import Store
from ..site import store
from . import loginpages
from .callers import caller

if TYPE_CHECKING:
    from ...oidc import Handshake, Provider

bp = Blueprint("oidcpages", __name__)

COOKIE, PATH, SIGNED_OUT = "farmhand-provider", "/sign-in/provider", "/signed-out"

# Over https the name itself makes browsers take the cookie from nobody but this host; it wants to be for all paths.
SECURE = f"__Host-{COOKIE}"

# Seconds in which somebody signs in there.
LASTS = 600

# How often a failure is written down for one place, in milliseconds: anybody can come back with nothing.
AGAIN = 60_000


def prepare(app: Flask, store: Store) -> None:
    """Get ready for the provider that is configured, if one is; raises BadConfig without the libraries for it."""
    settings = store.settings.oidc
    app.jinja_env.globals["provider_name"] = settings.name if settings else ""
    if settings is None:
        return
    if not all(find_spec(name) for name in ("authlib", "joserfc", "requests")):
        hint = "install farmhand[oidc], or leave the setting out"
        raise BadConfig("oidc", 0, settings.issuer, "what speaks with providers is not installed", hint)
    from ...oidc import Provider  # its libraries are an extra

    app.extensions["oidc"] = Provider(settings, store.clock)


def provider() -> "Provider":
    found: Provider | None = current_app.extensions.get("oidc")
    if found is None:
        raise NotFound("People sign in here without a provider.")
    return found


@bp.get(PATH)
def start() -> ResponseReturnValue:
    """Send a browser to the provider."""
    from ...oidc import Away

    here, state = loginpages.way_back(request.args.get("next", "")), secrets.token_urlsafe(32)
    try:
        place = provider().address(_handshake(state), _back())
    except (Away, OSError) as error:
        return _failed(here, f"{provider().settings.name} cannot be asked now: {error}. Passwords still work.")
    answered = redirect(place, 303)
    said = _signer().dumps([state, here])
    _keep(answered, said, LASTS)
    return answered


@bp.get(f"{PATH}/back")
def back() -> ResponseReturnValue:
    """Sign in whom the provider sends back, if it is who left here, and they are let in."""
    from ...oidc import Away, Untrue

    try:
        state, here = _signer().loads(request.cookies.get(_cookie(), ""), max_age=LASTS)
    except BadSignature:
        return _failed("", "This sign-in was begun elsewhere, or too long ago. Begin again.")
    settings = provider().settings
    try:
        _check(state, settings.issuer)
        claims = provider().who(_handshake(state), _back(), request.args.get("code", ""))
        who = vouched(settings.issuer, claims, settings.person, settings.claim)
        found = standing.admit(store(), who, settings.roles, state, LASTS * 1000)
    except (Away, OSError) as error:
        return _failed(here, f"{settings.name} cannot be asked now: {error}. Passwords still work.")
    except (Untrue, Refused) as error:
        return _failed(here, f"{settings.name} could not sign you in: {error}.")
    answered = loginpages.begin(found.id, here, way=settings.name)
    _keep(answered, "", 0)
    return answered


@bp.get(SIGNED_OUT)
def signed_out() -> str:
    """Say where one may be signed in still. A link, as browsers let no form of ours lead to another site."""
    login, found = store().settings.proxy_login, current_app.extensions.get("oidc")
    if caller().session and login is not None:
        return render_template("signed_out.html", by="The proxy in front of this manager", place=login.sign_out)
    place = found.goodbye(url_for("loginpages.sign_in", _external=True)) if found else None
    return render_template("signed_out.html", by="", place=place)


def _check(state: str, issuer: str) -> None:
    """Raise Untrue for an answer to somebody else's request, of another provider (RFC 9207), or that says no."""
    from ...oidc import Untrue

    if not hmac.compare_digest(state.encode(), request.args.get("state", "").encode()):
        raise Untrue("what it sent belongs to another sign-in; begin again")
    if request.args.get("iss", issuer) != issuer:
        raise Untrue("the answer is another provider's")
    if "error" in request.args:
        raise Untrue(f"it says {request.args['error'][:100]}")


def _handshake(state: str) -> "Handshake":
    from ...oidc import Handshake

    def made(what: str) -> str:
        digest = hmac.digest(str(current_app.secret_key).encode(), f"{what} {state}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    return Handshake(state, made("nonce"), made("verifier"))


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt=COOKIE)


def _back() -> str:
    return url_for(".back", _external=True)


def _failed(here: str, why: str) -> Response:
    deed = Deed(deeds.SIGN_IN_FAILED, "nobody", detail={"why": why})
    standing.note(store(), deed, request.remote_addr or "", AGAIN)
    flash(why, "bad")
    known = urlsplit(here).path not in ("", "/")
    answered = redirect(url_for("loginpages.sign_in", next=here) if known else url_for("loginpages.sign_in"), 303)
    _keep(answered, "", 0)
    return answered  # type: ignore[return-value]


def _cookie() -> str:
    return SECURE if request.is_secure else COOKIE


def _keep(answered: BaseResponse, said: str, age: int) -> None:
    """Have the browser remember the sign-in, or forget it at the age of 0."""
    path = "/" if request.is_secure else PATH
    answered.set_cookie(_cookie(), said, age, path=path, secure=request.is_secure, httponly=True, samesite="Lax")
