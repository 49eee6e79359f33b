"""Whether people are let in, how they like their pages, and who they are to those that vouch for them.

Times are milliseconds since the epoch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from ..rules import vouched as rules
from ..rules.access import Grant
from ..rules.deeds import Deed
from ..rules.passwords import LONGEST_NAME, folded
from ..rules.tasks import Refused
from ..rules.vouched import Roles, Vouched
from . import people, sessions, tokens
from .database import Change
from .people import Person
from .store import Store
from .tables import person, spent, tag, vouched
from .workers import hash_secret

_DAY = 24 * 3600 * 1000


@dataclass(frozen=True)
class Standing:
    """How a person stands. off_at: since when they are not let in; by: who vouches for them."""

    off_at: int | None = None
    shortcuts: bool = True
    by: tuple[str, ...] = ()


def all_of(store: Store) -> dict[str, Standing]:
    """Return how people stand, by their ids."""
    with store.database.read() as connection:
        issuers: dict[str, list[str]] = {}
        for row in connection.execute(select(vouched.c.person_id, vouched.c.issuer).order_by(vouched.c.issuer)):
            issuers.setdefault(row.person_id, []).append(row.issuer)
        rows = connection.execute(select(person.c.id, person.c.off_at, person.c.shortcuts)).all()
    return {row.id: Standing(row.off_at, row.shortcuts, tuple(issuers.get(row.id, ()))) for row in rows}


def issuers_of(store: Store, person_id: str) -> list[str]:
    """Return those who vouch for a person."""
    with store.database.look() as connection:
        return list(connection.execute(select(vouched.c.issuer).where(vouched.c.person_id == person_id)).scalars())


def has_shortcuts(store: Store, person_id: str) -> bool:
    """Say whether single keys do something on a person's pages; they do for who is no person."""
    with store.database.look() as connection:
        found: bool | None = connection.execute(select(person.c.shortcuts).where(person.c.id == person_id)).scalar()
    return found is not False


def set_shortcuts(store: Store, person_id: str, *, wanted: bool) -> None:
    with store.database.write() as change:
        change.connection.execute(update(person).where(person.c.id == person_id).values(shortcuts=wanted))


def turn_off(store: Store, person_id: str, by: str) -> None:
    """Let somebody in no more: sessions, links, tokens and the password are gone, and what they might do.

    Who is let in again begins anew, and whoever has what they had does not. Their name stays, as it stands beside what
    they did. Raises Missing, and Refused for the last admin.
    """
    with store.database.write() as change:
        people.set_grants_within(change, person_id, (), by)
        values = {"off_at": change.now, "password_hash": None}
        change.connection.execute(update(person).where(person.c.id == person_id).values(values))
        sessions.end_links_within(change, person_id)
        tokens.revoke_all_within(change, person_id, by)


def turn_on(store: Store, person_id: str, grants: Sequence[Grant], by: str) -> None:
    """Let somebody in again, to do this; raises Missing, Refused."""
    with store.database.write() as change:
        people.set_grants_within(change, person_id, grants, by)
        change.connection.execute(update(person).where(person.c.id == person_id).values(off_at=None))


# -- those for whom somebody vouches


def admit(store: Store, who: Vouched, roles: Roles, state: str = "", lasts: int = 0) -> Person:
    """Return the person for whom somebody vouches, who is made at the first time; they may do what their groups may.

    state: of a sign-in, which is good once; lasts: for how long it would be. Raises Refused for who is not let in; one
    who was may do nothing from now on.
    """
    with store.database.read() as connection:
        there = {row.name: row.id for row in connection.execute(_TAGS)}
        grants = rules.grants(who.groups, roles, there)
        known = None if state else _unchanged(connection, who, grants)
    if known is None:
        with store.database.write() as change:
            if state and not once(change, f"state {state}", lasts):
                raise Refused("this sign-in was used already; begin again")
            known = _welcome(change, who, grants)
    if known is None or not known.grants:
        raise Refused(f"{who.name} is in no group that has a role here")
    return known


_TAGS = select(tag.c.id, tag.c.name).where(tag.c.deleted_at.is_(None))


def _unchanged(connection: Connection, who: Vouched, grants: Sequence[Grant]) -> Person | None:
    """Return the person if there is nothing to write."""
    person_id = _known(connection, who)
    found = None if person_id is None else people.load(connection, person_id)
    return found if found is not None and grants and _same(found.grants, grants) else None


def _welcome(change: Change, who: Vouched, grants: Sequence[Grant]) -> Person | None:
    person_id = _known(change.connection, who)
    if person_id is None:
        return _make(change, who, grants) if grants else None
    change.connection.execute(update(vouched).where(vouched.c.key == _key(who)).values(last_at=change.now))
    was = people.load(change.connection, person_id)
    off_at = change.connection.execute(select(person.c.off_at).where(person.c.id == person_id)).scalar()
    if off_at is not None:
        raise Refused(f"{was.name} is not let in any more; an admin can change that")
    if not _same(was.grants, grants):
        people.set_grants_within(change, person_id, grants, who.issuer, keeping_an_admin=False)
    return people.load(change.connection, person_id)


def _make(change: Change, who: Vouched, grants: Sequence[Grant]) -> Person:
    made = people.add_within(change, _free_name(change, who.name), grants, who.issuer)
    said = {"issuer": who.issuer, "subject": who.subject, "person_id": made.id, "last_at": change.now}
    change.connection.execute(insert(vouched).values(key=_key(who), **said))
    return made


def _known(connection: Connection, who: Vouched) -> str | None:
    found: str | None = connection.execute(select(vouched.c.person_id).where(vouched.c.key == _key(who))).scalar()
    return found


def _same(one: Sequence[Grant], other: Sequence[Grant]) -> bool:
    return {(grant.role, grant.tag) for grant in one} == {(grant.role, grant.tag) for grant in other}


def _free_name(change: Change, name: str) -> str:
    """Return a name that nobody has: who has it already is somebody else, as far as anybody can tell."""
    shown = "".join(letter for letter in name if letter.isprintable())
    plain = shown[: LONGEST_NAME - 4].strip() or "somebody"
    tries = (plain, *(f"{plain} {number}" for number in range(2, 1000)))
    taken = select(person.c.folded).where(person.c.folded.in_([folded(each) for each in tries]))
    there = set(change.connection.execute(taken).scalars())
    return next(each for each in tries if folded(each) not in there)


def _key(who: Vouched) -> str:
    return hash_secret(f"{len(who.issuer)} {who.issuer} {who.subject}")


# -- once


def once(change: Change, what: str, lasts: int) -> bool:
    """Say whether this is the first time of something, for so long."""
    change.connection.execute(delete(spent).where(spent.c.ends_at <= change.now))
    hashed = hash_secret(what)
    if change.connection.execute(select(spent.c.hash).where(spent.c.hash == hashed)).first():
        return False
    change.connection.execute(insert(spent).values(hash=hashed, ends_at=change.now + lasts))
    return True


def note(store: Store, deed: Deed, address: str, again: int = _DAY) -> None:
    """Write something into the audit log that anybody can have happen: once in so long for each place."""
    what = f"{deed.what} {sessions.place(address)}"
    with store.database.look() as connection:  # those who come often cost no write
        there = connection.execute(_SPENT.where(spent.c.hash == hash_secret(what))).scalar()
    if there is None or there <= store.clock():
        with store.database.write() as change:
            if once(change, what, again):
                change.deeds.append(deed)


_SPENT = select(spent.c.ends_at)
