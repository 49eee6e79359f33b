"""An OpenID Connect provider as its client sees it: where it sends people to sign in, and who came back.

Authorization code flow with PKCE (RFC 7636). Authlib speaks OAuth and knows the rules for ID tokens, joserfc checks
signatures; both come with the extra `oidc`, and this module is imported only where a provider is configured.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from .rules.vouched import texts
from .signin import Oidc

Json = Mapping[str, Any]

# Signatures that only the provider can make: neither none nor such with a secret that is shared with it.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")

DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")

# Seconds: how long the provider may take, how far its clock may be off, how long its description is believed.
PATIENCE = 5
SKEW = 60
FRESH = 600


class Away(Exception):
    """The provider cannot be asked now; the text says why."""


class Untrue(Exception):
    """What came back does not prove who somebody is; the text says why not."""


@dataclass(frozen=True)
class Handshake:
    """What one sign-in has that no other has: state for the browser, nonce for the provider, verifier for the code."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """The configured provider. Its description and its keys are kept for a while.

    clock returns the milliseconds since the epoch.
    """

    def __init__(self, settings: Oidc, clock: Callable[[], int]) -> None:
        self.settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at, self._said, self._keys = 0, cast(Json, {}), cast(KeySet | None, None)

    def address(self, handshake: Handshake, back: str) -> str:
        """Return where to send a browser to sign in; back: where it is sent after that. Raises Away."""
        session = self._session(back)
        found: tuple[str, str] = session.create_authorization_url(
            self._description()["authorization_endpoint"],
            state=handshake.state,
            nonce=handshake.nonce,
            code_verifier=handshake.verifier,
        )
        return found[0]

    def who(self, handshake: Handshake, back: str, code: str) -> Json:
        """Return the claims of who signed in, for the code that the browser came back with; raises Away, Untrue."""
        said = self._description()
        session = self._session(back)
        try:
            token = session.fetch_token(
                said["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=handshake.verifier,
                timeout=PATIENCE,
                allow_redirects=False,
            )
        except AuthlibBaseError as error:
            raise Untrue(f"the provider does not take the code: {error.error}") from None
        except (requests.RequestException, ValueError) as error:
            raise Away(f"its token endpoint does not answer: {error}") from None
        claims = self._verified(token.get("id_token"), handshake.nonce, token.get("access_token"))
        told = texts(claims, self.settings.claim)
        return claims if told else {**self._userinfo(session, claims), **claims}

    def goodbye(self, back: str) -> str | None:
        """Return where to send a browser to sign out at the provider too, if it has such a place."""
        try:
            place = self._description().get("end_session_endpoint")
        except Away:
            return None
        if not place:
            return None
        query = requests.models.PreparedRequest()
        query.prepare_url(place, {"client_id": self.settings.client_id, "post_logout_redirect_uri": back})
        return query.url

    def _session(self, back: str) -> Any:
        return OAuth2Session(
            self.settings.client_id,
            self.settings.secret(),
            scope=" ".join(self.settings.scopes),
            redirect_uri=back,
            code_challenge_method="S256",
        )

    def _userinfo(self, session: Any, claims: Json) -> Json:
        """Return what the provider tells beside the token; it has to be about the same person."""
        place = self._description().get("userinfo_endpoint")
        if not place:
            return {}
        found = _json(lambda: session.get(place, timeout=PATIENCE, allow_redirects=False), place)
        if found.get("sub") != claims["sub"]:
            raise Untrue("what it tells of the person is about somebody else")
        return found

    def _verified(self, token: object, nonce: str, access_token: object) -> Json:
        """Return the claims of an ID token that the provider signed for us, for this sign-in, and that still holds."""
        if not isinstance(token, str):
            raise Untrue("the provider sent no ID token")
        try:
            decoded = self._decoded(token)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                options={
                    "iss": {"essential": True, "value": self.settings.issuer},
                    "aud": {"essential": True, "value": self.settings.client_id},
                    "sub": {"essential": True},
                },
                params={"nonce": nonce, "client_id": self.settings.client_id, "access_token": access_token},
            )
            claims.validate(now=self._clock() // 1000, leeway=SKEW)
        except (JoseError, ValueError) as error:
            raise Untrue(f"its ID token does not hold: {error}") from None
        return cast(Json, dict(claims))

    def _decoded(self, token: str) -> jwt.Token:
        """Check a token's signature; a provider that changed its keys is asked for them once more."""
        try:
            return jwt.decode(token, self._key_set(), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            return jwt.decode(token, self._key_set(anew=True), algorithms=ALGORITHMS)

    def _key_set(self, *, anew: bool = False) -> KeySet:
        place = self._description()["jwks_uri"]
        with self._lock:
            if self._keys is None or anew:
                said = _json(lambda: requests.get(place, timeout=PATIENCE, allow_redirects=False), place)
                known = [
                    key for key in said.get("keys", ()) if key.get("use", "sig") == "sig" and key.get("kty") != "oct"
                ]
                self._keys = KeySet.import_key_set({"keys": known})
            return self._keys

    def _description(self) -> Json:
        """Return what the provider says of itself (OpenID Connect Discovery 1.0); raises Away."""
        with self._lock:
            now = self._clock()
            if not self._said or not 0 <= now - self._read_at < FRESH * 1000:
                self._said, self._read_at = described(self.settings.issuer), now
            return self._said


def described(issuer: str) -> Json:
    """Ask an issuer for its description, which has to be its own; raises Away."""
    place = issuer.rstrip("/") + DISCOVERY
    said = _json(lambda: requests.get(place, timeout=PATIENCE, allow_redirects=False), place)
    if said.get("issuer") != issuer:
        raise Away(f'it calls itself "{said.get("issuer")}", and not {issuer}')
    for name in ENDPOINTS:
        if not is_guarded(str(said.get(name, "")), issuer):
            raise Away(f"its {name} is no https address")
    return said


def is_guarded(place: str, issuer: str) -> bool:
    """Say whether nobody between can read or change what is sent to a place: https, or the issuer's own loopback."""
    parts = urlsplit(place)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == urlsplit(issuer).hostname)


def _json(ask: Callable[[], requests.Response], place: str) -> Json:
    try:
        answer = ask()
        found = answer.json() if answer.status_code == 200 else None
    except (requests.RequestException, ValueError) as error:
        raise Away(f"{place} does not answer: {error}") from None
    if not isinstance(found, dict):
        raise Away(f"{place} answers {answer.status_code} and nothing that can be read")
    return found
