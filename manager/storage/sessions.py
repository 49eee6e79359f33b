"""Browsers that are signed in, links to choose a password by, and sign-ins that failed.

What a cookie or a link has is 256 random bits, of which a hash is kept. Times are milliseconds since the epoch.
"""

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from ..rules import deeds
from ..rules.deeds import Deed
from ..rules.joining import neighbourhood
from ..rules.passwords import folded
from ..rules.throttle import FORGOTTEN, Count, Failures, another, wait
from .database import Change
from .store import Store
from .tables import attempt, known_place, one_time_link, person, session
from .workers import hash_secret

# A session is said to be in use once a minute, and not with each request.
_NOTED = 60_000

# How long a link to choose a password by is good for, in milliseconds.
LINK = 24 * 3600 * 1000

# For how long it is remembered from where a person has signed in.
_REMEMBERED = 90 * 24 * 3600 * 1000


# -- sessions


@dataclass(frozen=True)
class Session:
    """A browser that is signed in. idle: how long it may be silent; ends_at: when it ends at the latest."""

    id: str
    person_id: str
    made_at: int
    seen_at: int
    idle: int
    ends_at: int
    address: str
    agent: str

    def holds(self, now: int) -> bool:
        return now < min(self.ends_at, self.seen_at + self.idle)


@dataclass(frozen=True)
class Begun:
    """A session that began just now; secret is for its cookie, and nowhere else."""

    secret: str
    session: Session


def begin(store: Store, person_id: str, address: str, agent: str, *, stays: bool, way: str, instead: str = "") -> Begun:
    """Begin a session of a person's, instead of another one. stays: it ends by its age alone. way: how they got in."""
    secret, lifetime = secrets.token_urlsafe(32), round(store.settings.session_lifetime * 1000)
    idle = lifetime if stays else min(lifetime, round(store.settings.session_idle * 1000))
    with store.database.write() as change:
        now = change.now
        made = Session(str(uuid.uuid4()), person_id, now, now, idle, now + lifetime, address, agent[:300])
        change.connection.execute(
            delete(session).where((session.c.ends_at < now) | (session.c.hash == hash_secret(instead)))
        )
        change.connection.execute(insert(session).values(hash=hash_secret(secret), **vars(made)))
        change.connection.execute(update(person).where(person.c.id == person_id).values(signed_in_at=now))
        _remember(change, person_id, address)
        name = change.connection.execute(select(person.c.name).where(person.c.id == person_id)).scalar_one()
        change.deeds.append(Deed(deeds.SIGNED_IN, name, detail={"by": way}))
    return Begun(secret, made)


def find(store: Store, secret: str, *, counts: bool) -> Session | None:
    """Return the session of a cookie, None where it is none, or none any more. counts: it is a sign of its person."""
    query = select(session).where(session.c.hash == hash_secret(secret))
    with store.database.look() as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    found, now = _session(row), store.clock()
    if not found.holds(now):
        return None
    if counts and now - found.seen_at > _NOTED:
        with store.database.write(alone=False) as change:
            change.connection.execute(update(session).where(session.c.id == found.id).values(seen_at=now))
    return found


def of_person(store: Store, person_id: str) -> list[Session]:
    """Return the sessions of a person that hold, the newest first."""
    query = select(session).where(session.c.person_id == person_id).order_by(session.c.seen_at.desc())
    with store.database.read() as connection:
        rows = connection.execute(query).all()
    now = store.clock()
    return [each for each in map(_session, rows) if each.holds(now)]


def _session(row: Row[Any]) -> Session:
    return Session(**{name: value for name, value in row._mapping.items() if name != "hash"})


def end(store: Store, person_id: str, session_id: str, by: str) -> None:
    """Sign out one of a person's browsers; it may have been so already."""
    with store.database.write() as change:
        query = delete(session).where(session.c.id == session_id, session.c.person_id == person_id)
        if change.connection.execute(query).rowcount:
            change.deeds.append(Deed(deeds.SIGNED_OUT, by, _named(change.connection, person_id)))


def end_all(store: Store, person_id: str, by: str, but: str = "") -> None:
    """Sign out all of a person's browsers, but for the session of an id."""
    with store.database.write() as change:
        end_all_within(change, person_id, but)
        change.deeds.append(Deed(deeds.SESSIONS_ENDED, by, _named(change.connection, person_id)))


def end_all_within(change: Change, person_id: str, but: str = "") -> None:
    """Do the same as a part of a transaction that says itself why."""
    change.connection.execute(delete(session).where(session.c.person_id == person_id, session.c.id != but))


def _named(connection: Connection, person_id: str) -> str:
    return f"person {connection.execute(select(person.c.name).where(person.c.id == person_id)).scalar() or person_id}"


# -- links


def make_link(store: Store, person_id: str | None) -> str:
    """Return the secret of a new link by which a person chooses a password, or with None the first admin does."""
    with store.database.write() as change:
        return make_link_within(change, person_id)


def make_link_within(change: Change, person_id: str | None) -> str:
    """Do the same as a part of a transaction."""
    secret = secrets.token_urlsafe(32)
    change.connection.execute(delete(one_time_link).where(one_time_link.c.ends_at < change.now))
    values = {"hash": hash_secret(secret), "person_id": person_id, "made_at": change.now, "ends_at": change.now + LINK}
    change.connection.execute(insert(one_time_link).values(values))
    return secret


@dataclass(frozen=True)
class Link:
    """A link that holds. person_id: who chooses a password; None for who becomes the first admin."""

    person_id: str | None


def link(connection: Connection, secret: str, now: int) -> Link | None:
    """Return what a link is for; None where it is not known, was used, or is too old."""
    query = select(one_time_link).where(one_time_link.c.hash == hash_secret(secret), one_time_link.c.ends_at > now)
    row = connection.execute(query).first()
    return None if row is None else Link(row.person_id)


def end_links_within(change: Change, person_id: str) -> None:
    """Have no link be good any more by which somebody could choose a person's password."""
    change.connection.execute(delete(one_time_link).where(one_time_link.c.person_id == person_id))


def spend(change: Change, secret: str) -> Link | None:
    """Use a link up and return what it was for; None where it holds no more. All others for the same go with it."""
    found = link(change.connection, secret, change.now)
    if found is not None:
        same = one_time_link.c.person_id == found.person_id if found.person_id else one_time_link.c.person_id.is_(None)
        change.connection.execute(delete(one_time_link).where(same))
    return found


# -- sign-ins that fail


def try_in(store: Store, name: str, address: str) -> int:
    """Count a try to sign in, and return 0; or how long it has to wait, in milliseconds, and then it does not count.

    A try counts as failed until `succeeded` says otherwise, so that many at the same time are no way around.
    """
    with store.database.write() as change:
        found = _failures(change.connection, name, address)
        pause = wait(found, change.now, known_here=_knows(change.connection, name, address))
        if not pause:
            change.connection.execute(delete(attempt).where(attempt.c.last_at < change.now - FORGOTTEN))
            _count(change, {key: another(found.get(count), change.now) for count, key in _keys(name, address).items()})
    return pause


def succeeded(store: Store, name: str, address: str) -> None:
    """Forget what failed for a name at an address, and take back the last failure of the two by themselves."""
    keys = _keys(name, address)
    with store.database.write() as change:
        change.connection.execute(delete(attempt).where(attempt.c.key == keys[Count.PAIR]))
        others = attempt.c.key.in_([keys[Count.ADDRESS], keys[Count.NAME]])
        change.connection.execute(update(attempt).where(others).values(failures=attempt.c.failures - 1))


def untried(store: Store, name: str, address: str) -> None:
    """Take back a try whose password was not looked at: who is kept out by many others does not wait for it, too."""
    with store.database.write() as change:
        query = update(attempt).where(attempt.c.key.in_(list(_keys(name, address).values())))
        change.connection.execute(query.values(failures=attempt.c.failures - 1))


def mistaken(store: Store, name: str, address: str, whom: str, why: str) -> None:
    """Write down that a password was wrong, and that the next try has to wait.

    whom: who is known by that name; unknown ones are not written down: many a password is typed into that field.
    """
    with store.database.write() as change:
        change.deeds.append(Deed(deeds.SIGN_IN_FAILED, "nobody", whom, {"why": why}))
        known = _knows(change.connection, name, address)
        pause = wait(_failures(change.connection, name, address), change.now, known_here=known)
        if pause:
            change.deeds.append(Deed(deeds.SIGN_IN_THROTTLED, "nobody", whom, {"wait": pause}))


def _failures(connection: Connection, name: str, address: str) -> Mapping[Count, Failures]:
    keys = _keys(name, address)
    rows = connection.execute(select(attempt).where(attempt.c.key.in_(list(keys.values()))))
    kept = {row.key: Failures(row.failures, row.last_at) for row in rows}
    return {count: kept[key] for count, key in keys.items() if key in kept}


def _count(change: Change, counted: Mapping[str, Failures]) -> None:
    change.connection.execute(delete(attempt).where(attempt.c.key.in_(list(counted))))
    rows = [{"key": key, "failures": it.number, "last_at": it.last_at} for key, it in counted.items()]
    change.connection.execute(insert(attempt), rows)


def _keys(name: str, address: str) -> Mapping[Count, str]:
    who, where = folded(name), place(address)
    said = {Count.PAIR: f"{where} {who}", Count.ADDRESS: where, Count.NAME: who}
    return {count: f"{count.value} {hash_secret(text)}" for count, text in said.items()}


def _knows(connection: Connection, name: str, address: str) -> bool:
    query = select(known_place).join(person, person.c.id == known_place.c.person_id)
    return (
        connection.execute(
            query.where(person.c.folded == folded(name), known_place.c.address == place(address))
        ).first()
        is not None
    )


def _remember(change: Change, person_id: str, address: str) -> None:
    here = (known_place.c.person_id == person_id) & (known_place.c.address == place(address))
    change.connection.execute(delete(known_place).where(here | (known_place.c.last_at < change.now - _REMEMBERED)))
    values = {"person_id": person_id, "address": place(address), "last_at": change.now}
    change.connection.execute(insert(known_place).values(values))


def place(address: str) -> str:
    """Return an address, of IPv6 the network of which one customer has all; what a proxy may say instead is cut."""
    return neighbourhood(address)[:60]
