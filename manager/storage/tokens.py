"""API tokens: who holds one may do what it was made for, as far as its owner may. Times are milliseconds.

What is kept is a hash, by which a token is found: no slow hash is needed for 256 random bits, and who measures how long
the search takes learns of hashes only.
"""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from ..rules import deeds, tokens
from ..rules.access import Grant, Role
from ..rules.deeds import Deed
from ..rules.tokens import Scope
from . import people
from .database import Change
from .store import Missing, Store
from .tables import person, tag, token
from .workers import hash_secret

# So much of a token is kept, for people to tell which one lies somewhere.
_HINT = 7

_TOKENS = select(token, person.c.name.label("owner")).join(person, person.c.id == token.c.person_id)


@dataclass(frozen=True)
class Token:
    """A token as it is kept. owner: the name of the person whose it is; hint: how it begins."""

    id: str
    person_id: str
    owner: str
    name: str
    hint: str
    scope: Scope
    made_at: int
    expires_at: int
    used_at: int | None
    used_from: str
    revoked_at: int | None

    def holds(self, now: int) -> bool:
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True)
class Made:
    """A token that was made just now; text is nowhere else."""

    text: str
    token: Token


def make(store: Store, person_id: str, name: str, scope: Scope, lifetime: int, by: str) -> Made:
    """Make a token of a person's; raises Missing where there is no such person."""
    text = tokens.write(secrets.randbits(tokens.BITS))
    with store.database.write() as change:
        values = {
            "id": str(uuid.uuid4()),
            "hash": hash_secret(text),
            "hint": text[:_HINT],
            "person_id": person_id,
            "name": name,
            "role": scope.role.value,
            "tags": list(scope.tags),
            "made_at": change.now,
            "expires_at": change.now + lifetime,
        }
        change.connection.execute(insert(token).values(values))
        made = _one(change.connection, str(values["id"]))
        said = {"role": scope.role.value, "tags": _names(change, scope.tags), "expires_at": made.expires_at}
        change.deeds.append(Deed(deeds.TOKEN_MADE, by, _called(made), said))
    return Made(text, made)


def revoke(store: Store, token_id: str, by: str) -> None:
    """Have a token refused from now on; again changes nothing. Raises Missing."""
    with store.database.write() as change:
        was = _one(change.connection, token_id)
        if was.revoked_at is None:
            change.connection.execute(update(token).where(token.c.id == token_id).values(revoked_at=change.now))
            change.deeds.append(Deed(deeds.TOKEN_REVOKED, by, _called(was)))


def revoke_all_within(change: Change, person_id: str, by: str) -> None:
    """Revoke all tokens of a person's, as a part of a transaction."""
    mine = change.connection.execute(_TOKENS.where(token.c.person_id == person_id, token.c.revoked_at.is_(None)))
    for was in map(_token, mine.all()):
        change.connection.execute(update(token).where(token.c.id == was.id).values(revoked_at=change.now))
        change.deeds.append(Deed(deeds.TOKEN_REVOKED, by, _called(was)))


def every(store: Store, person_id: str | None = None) -> list[Token]:
    """Return the tokens of a person, or all, the newest first, without those that were of no use for a month."""
    since = store.clock() - 30 * tokens.DAY_MS
    query = _TOKENS.where(token.c.expires_at > since, (token.c.revoked_at.is_(None)) | (token.c.revoked_at > since))
    if person_id is not None:
        query = query.where(token.c.person_id == person_id)
    with store.database.read() as connection:
        return [_token(row) for row in connection.execute(query.order_by(token.c.made_at.desc(), token.c.id))]


def one(store: Store, token_id: str) -> Token:
    """Return a token; raises Missing."""
    with store.database.read() as connection:
        return _one(connection, token_id)


@dataclass(frozen=True)
class Holder:
    """Who holds a token, and what that may do now."""

    token: Token
    grants: tuple[Grant, ...]


def known(store: Store, text: str, address: str) -> Holder | None:
    """Return who holds a token, or None where it is not known; notes that it is used. One that ended is known, too."""
    with store.database.read() as connection:
        row = connection.execute(_TOKENS.where(token.c.hash == hash_secret(text))).first()
        if row is None:
            return None
        found = _token(row)
        names = {each.id: each.name for each in connection.execute(select(tag.c.id, tag.c.name).where(_there))}
        grants = tokens.within(people.grants_of(connection, found.person_id), found.scope, names)
    if found.holds(store.clock()) and not tokens.is_noted(found.used_at, store.clock()):
        _note(store, found.id, address)
    return Holder(found, grants)


_there = tag.c.deleted_at.is_(None)


def _note(store: Store, token_id: str, address: str) -> None:
    with store.database.write(alone=False) as change:
        values = {"used_at": change.now, "used_from": address}
        change.connection.execute(update(token).where(token.c.id == token_id).values(values))


def _one(connection: Connection, token_id: str) -> Token:
    row = connection.execute(_TOKENS.where(token.c.id == token_id)).first()
    if row is None:
        raise Missing(f"there is no token {token_id}")
    return _token(row)


def _names(change: Change, tag_ids: Sequence[str]) -> list[str]:
    query = select(tag.c.name).where(tag.c.id.in_(list(tag_ids))).order_by(tag.c.name)
    return list(change.connection.execute(query).scalars())


def _called(of: Token) -> str:
    return f'token "{of.name}" of {of.owner}'


def _token(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        person_id=row.person_id,
        owner=row.owner,
        name=row.name,
        hint=row.hint,
        scope=Scope(Role(row.role), tuple(row.tags)),
        made_at=row.made_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        used_from=row.used_from,
        revoked_at=row.revoked_at,
    )
