"""What the client believes of a provider: one that lies is found out, each time by what it lies about."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from provider import CLIENT, SECRET, Pretender, new_key, providing

from farmhand.manager.oidc import Away, Handshake, Provider, Untrue
from farmhand.manager.rules.access import Role
from farmhand.manager.rules.vouched import Granted
from farmhand.manager.signin import Oidc

BACK = "http://127.0.0.1:8080/sign-in/oidc/back"
HANDSHAKE = Handshake("state", "nonce", "verifier-that-is-long-enough-for-rfc-7636-which-wants-43")

Twist = dict[str, Any]


def now() -> int:
    return int(time.time() * 1000)


@pytest.fixture
def it() -> Iterator[Pretender]:
    with providing() as it:
        yield it


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    return path


@pytest.fixture
def client(it: Pretender, secret: Path) -> Provider:
    roles = {"wranglers": Granted(Role.OPERATOR)}
    return Provider(Oidc(it.issuer, CLIENT, roles, "Nightjar", str(secret)), now)


def come_back(client: Provider, handshake: Handshake = HANDSHAKE) -> str:
    """Be a browser that is sent to the provider, and return the code that it brings back."""
    answer = requests.get(client.address(handshake, BACK), allow_redirects=False, timeout=10)
    return requests.utils.unquote(answer.headers["Location"].partition("code=")[2].partition("&")[0])


def who(client: Provider) -> Any:
    return client.who(HANDSHAKE, BACK, come_back(client))


def test_an_honest_provider_is_believed(it: Pretender, client: Provider) -> None:
    claims = who(client)
    assert (claims["sub"], claims["preferred_username"], claims["groups"]) == ("248289", "kim", ["wranglers"])
    assert it.asked[0]["scope"] == "openid profile"
    assert it.asked[0]["nonce"] == "nonce"
    assert "verifier" not in str(it.asked[0]), "it is only told once there is a code"


DAY = 86_400  # seconds; it is counted from when the tests are looked for, which may be long before this one

LIES: dict[str, tuple[Twist, str]] = {
    "another issuer": ({"iss": "https://evil.example"}, "iss"),
    "the issuer with a slash more": ({"iss": "ISSUER/"}, "iss"),
    "another nonce": ({"nonce": "of another sign-in"}, "nonce"),
    "a list of nonces": ({"nonce": ["nonce"]}, "nonce"),
    "no nonce": ({"nonce": None}, "nonce"),
    "another audience": ({"aud": "somebody-else"}, "aud"),
    "several audiences, and not for us": ({"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"}, "azp"),
    "several audiences, and for whom is not said": ({"aud": [CLIENT, "somebody-else"]}, "azp"),
    "expired": ({"exp": int(time.time()) - 120}, "exp"),
    "no expiry": ({"exp": None}, "exp"),
    "expiry that is no number": ({"exp": "tomorrow"}, "exp"),
    "issued in the future": ({"iat": int(time.time()) + DAY}, "in the future|iat"),
    "not yet valid": ({"nbf": int(time.time()) + DAY}, "not yet valid|nbf"),
    "no subject": ({"sub": None}, "sub"),
    "an empty subject": ({"sub": ""}, "sub"),
    "a subject that is no text": ({"sub": 7}, "sub"),
    "no audience": ({"aud": None}, "aud"),
    "no issuer": ({"iss": None}, "iss"),
    "for another access token": ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "at_hash"),
}


@pytest.mark.parametrize(("twist", "about"), LIES.values(), ids=LIES)
def test_an_id_token_that_does_not_hold_is_refused(it: Pretender, client: Provider, twist: Twist, about: str) -> None:
    told = {key: it.issuer + "/" if value == "ISSUER/" else value for key, value in twist.items()}
    it.twist = lambda honest: {key: each for key, each in {**honest, **told}.items() if each is not None}
    with pytest.raises(Untrue, match=about):
        who(client)


def test_clocks_may_differ_by_less_than_a_minute(it: Pretender, client: Provider) -> None:
    it.twist = lambda honest: {**honest, "exp": honest["iat"] - 30, "iat": honest["iat"] + 30}
    assert who(client)["sub"] == "248289"


def test_a_token_that_another_key_signed_is_refused(it: Pretender, client: Provider) -> None:
    it.key = new_key()
    with pytest.raises(Untrue, match="signature"):
        who(client)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_anybody_could_have_signed_is_refused(it: Pretender, client: Provider, algorithm: str) -> None:
    public = it.keys[0].as_pem(private=False)  # which everybody knows

    def token(said: Any) -> str:
        claims = Pretender.token(it, said).split(".")[1]
        body = f"{base64url(json.dumps({'alg': algorithm, 'kid': it.keys[0].kid}).encode())}.{claims}"
        return f"{body}.{base64url(hmac.digest(public, body.encode(), 'sha256')) if algorithm != 'none' else ''}"

    it.token = token  # type: ignore[method-assign]
    with pytest.raises(Untrue, match="does not hold"):
        who(client)


def base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def test_a_token_that_was_changed_on_its_way_is_refused(it: Pretender, client: Provider) -> None:
    honest = Pretender.token

    def changed(said: Any) -> str:
        header, claims, signature = honest(it, said).split(".")
        return f"{header}.{claims[:-4]}AAAA.{signature}"

    it.token = changed  # type: ignore[method-assign]
    with pytest.raises(Untrue, match="does not hold"):
        who(client)


def test_a_code_is_good_once_and_for_who_began(client: Provider) -> None:
    code = come_back(client)
    with pytest.raises(Untrue, match="invalid_grant"):
        client.who(Handshake("state", "nonce", "another-verifier-" * 3), BACK, code)
    with pytest.raises(Untrue, match="invalid_grant"):
        client.who(HANDSHAKE, BACK, code)


def test_new_keys_are_asked_for(it: Pretender, client: Provider) -> None:
    who(client)
    it.turn_keys()
    assert who(client)["sub"] == "248289"


def test_keys_for_other_ends_are_passed_over(it: Pretender, client: Provider) -> None:
    it.others = [
        {"kty": "lattice", "kid": "of tomorrow"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "RSA", "use": "enc"},
    ]
    assert who(client)["sub"] == "248289"


def test_groups_may_be_told_beside_the_token(it: Pretender, client: Provider) -> None:
    it.person = {"sub": "248289"}
    it.userinfo = {"sub": "248289", "groups": ["wranglers"]}
    assert who(client)["groups"] == ["wranglers"]
    it.userinfo = {"sub": "another", "groups": ["wranglers"]}
    with pytest.raises(Untrue, match="somebody else"):
        who(client)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"issuer": "https://evil.example"}, "calls itself"),
        ({"token_endpoint": "http://evil.example/token"}, "token_endpoint is no https"),
        ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri is no https"),
        ({"authorization_endpoint": None}, "authorization_endpoint is no https"),
    ],
)
def test_a_description_of_somebody_else_is_refused(it: Pretender, client: Provider, said: Twist, why: str) -> None:
    it.described = said
    with pytest.raises(Away, match=why):
        client.address(HANDSHAKE, BACK)


def test_a_provider_that_is_down_is_said_to_be(it: Pretender, client: Provider) -> None:
    settings = Oidc("http://127.0.0.1:9", CLIENT, {}, "Nightjar")
    with pytest.raises(Away, match="does not answer"):
        Provider(settings, now).address(HANDSHAKE, BACK)
    it.described = {"token_endpoint": "http://127.0.0.1:9/token"}
    with pytest.raises(Away, match="token endpoint does not answer"):
        who(client)


def test_a_wrong_client_secret_is_said(client: Provider, secret: Path) -> None:
    secret.write_text("another")
    with pytest.raises(Untrue, match="invalid_client"):
        who(client)


def test_it_says_where_to_sign_out(it: Pretender, client: Provider) -> None:
    place = client.goodbye("http://127.0.0.1:8080/")
    assert place == f"{it.issuer}/end?client_id=farmhand&post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A8080%2F"
