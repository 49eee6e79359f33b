"""Secrets that managers have in common."""

from stores import beside

from farmhand.manager.app import create_app
from farmhand.manager.storage import keys


def test_a_secret_stays_and_is_no_other(store):
    first = keys.shared(store, "one")
    assert len(bytes.fromhex(first)) == 32
    assert keys.shared(store, "one") == first
    assert keys.shared(store, "another") != first


def test_what_one_manager_has_signed_the_other_can_read(store):
    with beside(store) as other:
        assert create_app(store).secret_key == create_app(other).secret_key
