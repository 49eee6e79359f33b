"""Every statement about people: who they are, and what they may do. Times are milliseconds since the epoch."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ..rules import deeds
from ..rules.access import Grant, Role, called, limitable
from ..rules.deeds import Deed
from ..rules.passwords import folded
from ..rules.tasks import Refused
from . import sessions
from .database import Change
from .store import Missing, Store
from .tables import person, person_grant, tag

_GRANTS = (
    select(person_grant, tag.c.name.label("tag_name"), tag.c.deleted_at)
    .outerjoin(tag, tag.c.id == person_grant.c.tag_id)
    .order_by(person_grant.c.role, tag.c.name)
)


@dataclass(frozen=True)
class Person:
    """Somebody who is known here. has_password: whether they can sign in with one."""

    id: str
    name: str
    grants: tuple[Grant, ...]
    has_password: bool
    made_at: int
    signed_in_at: int | None


# -- who there is


def every(store: Store) -> list[Person]:
    """Return all people, by name."""
    with store.database.read() as connection:
        return _people(connection, connection.execute(select(person).order_by(person.c.folded)).all())


def one(store: Store, person_id: str) -> Person:
    """Return a person; raises Missing."""
    with store.database.read() as connection:
        return load(connection, person_id)


def load(connection: Connection, person_id: str) -> Person:
    """Return a person, within a transaction; raises Missing."""
    return _only(connection, connection.execute(select(person).where(person.c.id == person_id)).all(), person_id)


def named(store: Store, name: str) -> Person:
    """Return the person of this name, however its case; raises Missing."""
    with store.database.read() as connection:
        found = connection.execute(select(person).where(person.c.folded == folded(name))).all()
        return _only(connection, found, f'"{name}"')


@dataclass(frozen=True)
class Known:
    """Who has a name, as somebody who signs in is looked up. kept: of the password, None where there is none."""

    id: str
    name: str
    kept: str | None


def known(store: Store, name: str) -> Known | None:
    """Return who has this name, however its case; None where nobody has."""
    query = select(person.c.id, person.c.name, person.c.password_hash).where(person.c.folded == folded(name))
    with store.database.look() as connection:
        row = connection.execute(query).first()
    return None if row is None else Known(*row)


def hash_of(store: Store, person_id: str) -> str | None:
    """Return what is kept of a person's password."""
    with store.database.look() as connection:
        found: str | None = connection.execute(select(person.c.password_hash).where(person.c.id == person_id)).scalar()
    return found


def grants_of(connection: Connection, person_id: str) -> tuple[Grant, ...]:
    """Return what a person may do; a grant for a tag that was deleted is none."""
    found = connection.execute(_GRANTS.where(person_grant.c.person_id == person_id))
    return tuple(_grant(row) for row in found if row.deleted_at is None)


def admins(connection: Connection) -> list[str]:
    """Return the names of the admins."""
    query = select(person.c.name).join(person_grant, person_grant.c.person_id == person.c.id)
    return list(
        connection.execute(query.where(person_grant.c.role == Role.ADMIN.value).order_by(person.c.name)).scalars()
    )


def _people(connection: Connection, rows: Sequence[Row[Any]]) -> list[Person]:
    grants: dict[str, list[Grant]] = {}
    for row in connection.execute(_GRANTS.where(person_grant.c.person_id.in_([row.id for row in rows]))):
        if row.deleted_at is None:
            grants.setdefault(row.person_id, []).append(_grant(row))
    return [
        Person(
            row.id,
            row.name,
            tuple(grants.get(row.id, ())),
            row.password_hash is not None,
            row.made_at,
            row.signed_in_at,
        )
        for row in rows
    ]


def _grant(row: Row[Any]) -> Grant:
    return Grant(Role(row.role), row.tag_id, row.tag_name or "")


def _only(connection: Connection, rows: Sequence[Row[Any]], what: str) -> Person:
    if not rows:
        raise Missing(f"there is no person {what}")
    return _people(connection, rows)[0]


# -- what becomes of them


def add(store: Store, name: str, grants: Iterable[Grant], by: str, kept: str | None = None) -> Person:
    """Make a person; kept: the hash of the password. Raises Refused where the name is taken."""
    with store.database.write() as change:
        return add_within(change, name, grants, by, kept)


def add_within(change: Change, name: str, grants: Iterable[Grant], by: str, kept: str | None = None) -> Person:
    """Do the same as a part of a transaction."""
    if change.connection.execute(select(person.c.id).where(person.c.folded == folded(name))).first():
        raise Refused(f'there is a person "{name.strip()}" already')
    id = str(uuid.uuid4())
    values = {"id": id, "name": name.strip(), "folded": folded(name), "password_hash": kept, "made_at": change.now}
    change.connection.execute(insert(person).values(values))
    _grant_all(change, id, grants)
    made = load(change.connection, id)
    change.deeds.append(Deed(deeds.PERSON_MADE, by, _called(made), {"is": called(made.grants)}))
    return made


def rename(store: Store, person_id: str, name: str, by: str) -> None:
    """Give a person another name; raises Missing, and Refused where it is taken."""
    try:
        with store.database.write() as change:
            was = load(change.connection, person_id)
            values = {"name": name.strip(), "folded": folded(name)}
            change.connection.execute(update(person).where(person.c.id == person_id).values(values))
            change.deeds.append(Deed(deeds.PERSON_CHANGED, by, _called(was), {"name": name.strip()}))
    except IntegrityError:
        raise Refused(f'there is a person "{name.strip()}" already') from None


def set_grants(store: Store, person_id: str, grants: Iterable[Grant], by: str) -> None:
    """Say what a person may do, instead of what they might; their sessions end. Raises Missing, Refused."""
    with store.database.write() as change:
        set_grants_within(change, person_id, grants, by)


def set_grants_within(
    change: Change, person_id: str, grants: Iterable[Grant], by: str, *, keeping_an_admin: bool = True
) -> None:
    """Do the same as a part of a transaction. keeping_an_admin: refuse to take the last one's role."""
    was = load(change.connection, person_id)
    change.connection.execute(delete(person_grant).where(person_grant.c.person_id == person_id))
    _grant_all(change, person_id, grants)
    if keeping_an_admin:
        _refuse_without_admin(change, was)
    sessions.end_all_within(change, was.id)
    now = load(change.connection, was.id)
    said = {"was": called(was.grants), "is": called(now.grants)}
    change.deeds.append(Deed(deeds.PERSON_CHANGED, by, _called(was), said))


def set_password(store: Store, person_id: str, kept: str, by: str) -> None:
    """Keep the hash of a new password; all sessions of the person end, and links to choose one. Raises Missing."""
    with store.database.write() as change:
        set_password_within(change, person_id, kept, by)


def set_password_within(change: Change, person_id: str, kept: str, by: str) -> None:
    """Do the same as a part of a transaction."""
    found = load(change.connection, person_id)
    change.connection.execute(update(person).where(person.c.id == person_id).values(password_hash=kept))
    sessions.end_all_within(change, person_id)
    sessions.end_links_within(change, person_id)
    change.deeds.append(Deed(deeds.PERSON_CHANGED, by, _called(found), {"password": "another one"}))


def rehash(store: Store, person_id: str, was: str, kept: str) -> None:
    """Keep the same password with today's parameters, unless it has been changed meanwhile."""
    with store.database.write() as change:
        query = update(person).where(person.c.id == person_id, person.c.password_hash == was)
        change.connection.execute(query.values(password_hash=kept))


def remove(store: Store, person_id: str, by: str) -> None:
    """Forget a person, whose sessions end; raises Missing, and Refused for the last admin."""
    with store.database.write() as change:
        was = load(change.connection, person_id)
        change.connection.execute(delete(person).where(person.c.id == person_id))
        _refuse_without_admin(change, was)
        change.deeds.append(Deed(deeds.PERSON_DELETED, by, _called(was)))


def _grant_all(change: Change, person_id: str, grants: Iterable[Grant]) -> None:
    for grant in dict.fromkeys((grant.role, grant.tag) for grant in grants):
        role, tag_id = grant
        if tag_id is not None and not limitable(role):
            raise Refused(f"the role {role.value} cannot be limited to a tag; grant it everywhere")
        values = {"id": str(uuid.uuid4()), "person_id": person_id, "role": role.value, "tag_id": tag_id}
        change.connection.execute(insert(person_grant).values(values))


def _refuse_without_admin(change: Change, was: Person) -> None:
    """Keep the farm from having nobody who could let anybody in: what was done is undone."""
    if any(grant.role is Role.ADMIN for grant in was.grants) and not admins(change.connection):
        raise Refused(f"{was.name} is the only admin; make somebody else an admin first")


def _called(it: Person) -> str:
    return f"person {it.name}"
