"""Tickets: nobody but who has the key makes one, or changes one."""

import base64
import hashlib
import hmac
import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.units.tickets import Claims, Forged, seal, unseal

PURPOSE = b"farmhand agent's ticket v1\n"
KEY, OTHER = bytes(range(32)), bytes(32)
CLAIMS = Claims("t1", "a1", "worker@1", "start", "c" * 64, 1_000, 61_000)
SAID = asdict(CLAIMS)


def test_a_ticket_comes_back_as_it_was_written() -> None:
    assert unseal(KEY, seal(KEY, CLAIMS)) == CLAIMS


def test_a_ticket_under_another_key_is_none() -> None:
    with pytest.raises(Forged, match="altered, or made for another agent"):
        unseal(OTHER, seal(KEY, CLAIMS))


@given(st.integers(0, 400), st.integers(1, 255))
def test_no_byte_of_a_ticket_can_be_changed(at: int, change: int) -> None:
    text = seal(KEY, CLAIMS).encode()
    at %= len(text)
    altered = bytearray(text)
    altered[at] ^= change
    try:
        found = unseal(KEY, altered.decode("latin-1"))
    except Forged:
        return
    # The last digits of base64 have bits that mean nothing.
    assert found == CLAIMS


@pytest.mark.parametrize(
    "text", ["", "v1", "v1..", "v1.a.b", "v2.a.b", "v1.a.b.c", "v1.\u00e9.x", "v1.!.?", "v1." * 5000]
)
def test_what_is_no_ticket_is_refused(text: str) -> None:
    with pytest.raises(Forged):
        unseal(KEY, text)


@pytest.mark.parametrize(
    "said",
    [{}, {"id": 1}, {**SAID, "expires": "61000"}, {**SAID, "now": True}, {**SAID, "agent": None}],
)
def test_claims_of_other_types_are_refused_even_under_the_right_key(said: dict[str, object]) -> None:
    with pytest.raises(Forged, match="it does not say"):
        unseal(KEY, sealed(said))


def test_the_way_of_sealing_is_fixed() -> None:
    assert sealed(SAID) == seal(KEY, CLAIMS)


def sealed(said: dict[str, object]) -> str:
    """Seal any claims, as only who has the key could."""
    body = json.dumps(said, separators=(",", ":"), sort_keys=True).encode()

    def text(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    return f"v1.{text(body)}.{text(hmac.digest(KEY, PURPOSE + body, hashlib.sha256))}"


def test_each_claim_is_under_the_seal() -> None:
    seals = {seal(KEY, replace(CLAIMS, **{name: 7 if name in ("now", "expires") else "x"})) for name in SAID}
    assert len(seals) == len(SAID)
