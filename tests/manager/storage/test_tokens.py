"""Tokens as they are kept, on databases of every kind."""

import hashlib

import pytest
from signed import ADMIN, OPERATOR, VIEWER, person
from sqlalchemy import text

from farmhand.manager.rules.access import Grant, Role
from farmhand.manager.rules.tokens import DAY_MS, Scope, is_token
from farmhand.manager.storage import people, standing, tags, tokens
from farmhand.manager.storage.store import Missing


@pytest.fixture
def kim(store):
    return person(store, "kim", OPERATOR)


def make(store, owner, role=Role.OPERATOR, limits=(), days=90):
    return tokens.make(store, owner.id, "nightly", Scope(role, tuple(limits)), days * DAY_MS, "kim")


def may(store, made):
    holder = tokens.known(store, made.text, "192.0.2.7")
    return holder and list(holder.grants)


def test_a_token_is_known_by_itself_alone(store, kim):
    made = make(store, kim)
    assert is_token(made.text)
    assert may(store, made) == [Grant(Role.OPERATOR)]
    assert tokens.known(store, made.text[:-1] + "x", "192.0.2.7") is None


def test_only_a_hash_is_kept(store, kim):
    made = make(store, kim)
    with store.database.read() as connection:
        row = connection.execute(text("SELECT * FROM token")).one()
    assert made.text not in str(row)
    assert hashlib.sha256(made.text.encode()).hexdigest() in str(row)
    assert made.text.startswith(made.token.hint)
    assert len(made.token.hint) < 10


def test_it_ends(store, kim, clock):
    made = make(store, kim, days=7)
    clock.passes(7 * 24 * 3600 - 1)
    assert tokens.known(store, made.text, "").token.holds(clock())
    clock.passes(1)
    assert not tokens.known(store, made.text, "").token.holds(clock())


def test_revoked_it_holds_no_more_and_stays_so(store, kim, clock):
    made = make(store, kim)
    tokens.revoke(store, made.token.id, "kim")
    revoked_at = tokens.one(store, made.token.id).revoked_at
    assert not tokens.known(store, made.text, "").token.holds(clock())
    clock.passes(60)
    tokens.revoke(store, made.token.id, "kim")
    assert tokens.one(store, made.token.id).revoked_at == revoked_at
    with pytest.raises(Missing):
        tokens.revoke(store, kim.id, "kim")


def test_when_it_was_used_is_written_once_a_minute(store, kim, clock):
    made = make(store, kim)
    tokens.known(store, made.text, "192.0.2.7")
    first = tokens.one(store, made.token.id)
    assert (first.used_at, first.used_from) == (clock(), "192.0.2.7")
    clock.passes(59)
    tokens.known(store, made.text, "192.0.2.8")
    assert tokens.one(store, made.token.id) == first
    clock.passes(1)
    tokens.known(store, made.text, "192.0.2.8")
    assert tokens.one(store, made.token.id).used_from == "192.0.2.8"


def test_a_token_that_ended_is_not_used(store, kim, clock):
    made = make(store, kim, days=1)
    clock.passes(24 * 3600)
    tokens.known(store, made.text, "192.0.2.7")
    assert tokens.one(store, made.token.id).used_at is None


def test_what_its_owner_loses_it_loses(store, kim):
    person(store, "root", ADMIN)
    gpu = tags.add(store, "gpu", "", "kim")
    made = make(store, kim)
    limited = make(store, kim, limits=[gpu.id])
    assert may(store, limited) == [Grant(Role.OPERATOR, gpu.id, "gpu")]
    people.set_grants(store, kim.id, VIEWER, "root")
    assert may(store, made) == may(store, limited) == [Grant(Role.VIEWER)]
    people.set_grants(store, kim.id, OPERATOR, "root")
    tags.remove(store, gpu.id, "root")
    assert may(store, limited) == [Grant(Role.VIEWER)], "a tag that is no more limits to nothing"
    standing.turn_off(store, kim.id, "root")
    assert may(store, made) == []
    people.remove(store, kim.id, "root")
    assert may(store, made) is None


def test_they_are_listed_while_they_are_of_interest(store, kim, clock):
    lee = person(store, "lee", VIEWER)
    first = make(store, kim, days=1).token
    clock.passes(1)
    other = make(store, lee).token
    assert [token.id for token in tokens.every(store)] == [other.id, first.id]
    assert [token.id for token in tokens.every(store, kim.id)] == [first.id]
    clock.passes(31 * 24 * 3600)
    assert [token.id for token in tokens.every(store)] == [other.id]


def test_both_are_written_into_the_audit_log(store, kim):
    made = make(store, kim)
    tokens.revoke(store, made.token.id, "root")
    with store.database.read() as connection:
        rows = connection.execute(text("SELECT what, who, whom, detail FROM audit ORDER BY seq")).all()[-2:]
    assert [(row.what, row.who, row.whom) for row in rows] == [
        ("token.made", "kim", 'token "nightly" of kim'),
        ("token.revoked", "root", 'token "nightly" of kim'),
    ]
    assert made.text not in str(rows)
