"""An OpenID Connect provider that signs in whom the test says, and can be made to lie.

It checks what a provider has to: the client's secret, where it sends people back to, PKCE, that a code is used once.
"""

import base64
import contextlib
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Flask, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "farmhand", "it is a secret"

Claims = dict[str, Any]

KIM: Claims = {"sub": "248289", "preferred_username": "kim", "groups": ["wranglers"]}


@dataclass
class Pretender:
    """The provider. person: the claims of who signs in next. The rest is where it lies.

    twist: changes the claims of an ID token. key: with which it signs, where that is not one that it publishes.
    described: changes what it says of itself. state: what it sends back instead of the state. refuses: an error instead
    of a code. userinfo: what it tells beside the ID token.
    """

    issuer: str = ""
    person: Claims = field(
        default_factory=lambda: {"sub": "248289", "preferred_username": "kim", "groups": ["wranglers"]}
    )
    twist: Callable[[Claims], Claims] = dict
    header: Mapping[str, Any] = field(default_factory=dict)
    key: Any = None
    described: Mapping[str, Any] = field(default_factory=dict)
    state: str | None = None
    refuses: str | None = None
    userinfo: Claims | None = None
    keys: list[RSAKey] = field(default_factory=lambda: [first_key()])
    others: list[Claims] = field(default_factory=list)  # keys that it publishes for other ends
    codes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    asked: list[Mapping[str, str]] = field(default_factory=list)  # how browsers came
    signed_out: list[Mapping[str, str]] = field(default_factory=list)

    def turn_keys(self) -> None:
        """Sign with another key from now on, as providers do now and then."""
        self.keys = [new_key()]

    def token(self, said: Mapping[str, str]) -> str:
        now = int(time.time())
        honest = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": said["nonce"],
            **self.person,
        }
        key = self.key or self.keys[0]
        header = {"alg": "RS256", "kid": self.keys[0].kid, **self.header}
        return jwt.encode(header, self.twist(honest), key, algorithms=[str(header["alg"])])


def new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})


@cache
def first_key() -> RSAKey:
    return new_key()


def create_app(it: Pretender) -> Flask:
    app = Flask("provider")

    @app.get("/.well-known/openid-configuration")
    def description() -> ResponseReturnValue:
        places = ("authorize", "token", "keys", "userinfo", "end")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint")
        found = {name: f"{it.issuer}/{place}" for name, place in zip(names, places, strict=True)}
        return jsonify({"issuer": it.issuer, **found, **it.described})

    @app.get("/keys")
    def keys() -> ResponseReturnValue:
        return jsonify(keys=[*it.others, *(key.as_dict(private=False) for key in it.keys)])

    @app.get("/authorize")
    def authorize() -> ResponseReturnValue:
        said = request.args.to_dict()
        it.asked.append(said)
        assert said["response_type"] == "code"
        assert (said["client_id"], said["code_challenge_method"]) == (CLIENT, "S256")
        code = secrets.token_urlsafe()
        it.codes[code] = said
        answer = {"error": it.refuses} if it.refuses else {"code": code}
        return redirect(f"{said['redirect_uri']}?{urlencode({**answer, 'state': it.state or said['state']})}")

    @app.post("/token")
    def token() -> ResponseReturnValue:
        said = it.codes.pop(request.form["code"], None)
        who = request.authorization
        if who is None or (who.username, who.password) != (CLIENT, SECRET):
            return jsonify(error="invalid_client"), 401
        digest = hashlib.sha256(request.form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if said is None or said["code_challenge"] != challenge or said["redirect_uri"] != request.form["redirect_uri"]:
            return jsonify(error="invalid_grant"), 400
        return jsonify(access_token="opaque", token_type="Bearer", expires_in=300, id_token=it.token(said))

    @app.get("/userinfo")
    def userinfo() -> ResponseReturnValue:
        assert request.headers["Authorization"] == "Bearer opaque"
        return jsonify(it.person if it.userinfo is None else it.userinfo)

    @app.get("/end")
    def end() -> ResponseReturnValue:
        it.signed_out.append(request.args.to_dict())
        return redirect(request.args["post_logout_redirect_uri"])

    return app


@contextlib.contextmanager
def providing(port: int = 0) -> Iterator[Pretender]:
    """Serve a provider on a port of this machine for as long as the block runs."""
    it = Pretender()
    server = make_server("127.0.0.1", port, create_app(it), threaded=True)
    it.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield it
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def queried(address: str) -> Mapping[str, str]:
    """Return the query of an address."""
    return dict(part.split("=", 1) for part in urlsplit(address).query.split("&"))
