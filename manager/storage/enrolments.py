"""Enrolment codes: each lets in so many workers or agents, until it expires. Times are milliseconds since the epoch.

What is kept is a hash: whoever reads the database, or a copy of it, gets nobody in.
"""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from ..rules.facts import Fact, Kind
from ..rules.joining import ALPHABET, GROUP, LIFETIME, SIGNS, Enrolment, read_code, refuse_code, write_code
from ..rules.tasks import Refused
from . import events
from .database import Change
from .store import Missing, Store
from .tables import enrolment, tag, worker_tag
from .workers import hash_secret


@dataclass(frozen=True)
class Made:
    """An enrolment code that was made just now; the code itself is nowhere else."""

    code: str
    enrolment: Enrolment


def make(store: Store, by: str, *, uses: int = 1, lifetime: int = LIFETIME, tag_ids: Sequence[str] = ()) -> Made:
    """Make a code. lifetime: in milliseconds; tag_ids: what the workers get. Raises Missing for a tag that is not."""
    signs = "".join(secrets.choice(ALPHABET) for _ in range(SIGNS))
    with store.database.write() as change:
        names = _names(change.connection, tag_ids)
        if missing := [tag_id for tag_id in tag_ids if tag_id not in names]:
            raise Missing(f"there is no tag {missing[0]}")
        made = {
            "id": str(uuid.uuid4()),
            "code_hash": hash_secret(signs),
            "hint": signs[:GROUP],
            "made_at": change.now,
            "made_by": by,
            "expires_at": change.now + lifetime,
            "uses": uses,
            "tags": list(names),
        }
        change.connection.execute(insert(enrolment).values(made))
        said = {"uses": uses, "expires_at": made["expires_at"], "tags": list(names.values())}
        _tell(change, Kind.ENROLMENT_MADE, str(made["id"]), signs[:GROUP], by, said)
        kept = _one(change.connection, enrolment.c.id == made["id"])
    assert kept is not None, "it was made in this transaction"
    return Made(write_code(signs), kept)


def known(store: Store) -> list[Enrolment]:
    """Return the codes that are good for something or were a day ago, the newest first."""
    recent = enrolment.c.expires_at > store.clock() - 24 * 3600_000
    with store.database.read() as connection:
        rows = connection.execute(select(enrolment).where(recent).order_by(enrolment.c.made_at.desc())).all()
        return [_enrolment(connection, row) for row in rows]


def revoke(store: Store, enrolment_id: str, by: str) -> None:
    """Have a code let in nobody any more; who is in stays in. Raises Missing, Refused."""
    with store.database.write() as change:
        found = _one(change.connection, enrolment.c.id == enrolment_id)
        if found is None:
            raise Missing(f"there is no enrolment code {enrolment_id}")
        if (doubt := refuse_code(found, change.now)) is not None:
            raise Refused(f"there is nothing to revoke: {doubt}")
        values = {"revoked_at": change.now}
        change.connection.execute(update(enrolment).where(enrolment.c.id == enrolment_id).values(values))
        _tell(change, Kind.ENROLMENT_REVOKED, found.id, found.hint, by, {})


@dataclass(frozen=True)
class Shown:
    """What a code that somebody shows is. doubt: why it lets nobody in."""

    id: str = ""
    hint: str = ""
    doubt: str | None = None


def look(change: Change, code: str) -> Shown:
    """Say what a code is good for, in a transaction in which nobody else uses it."""
    of_code = enrolment.c.code_hash == hash_secret(read_code(code))
    change.connection.execute(select(enrolment.c.id).where(of_code).with_for_update())
    found = _one(change.connection, of_code)
    doubt = refuse_code(found, change.now)
    return Shown(doubt=doubt) if found is None else Shown(found.id, found.hint, doubt)


def use(change: Change, shown: Shown, who: str, worker_id: str | None = None) -> None:
    """Use a code up by one; a worker gets the tags that are bound to it. who: what its name is."""
    this = enrolment.c.id == shown.id
    row = change.connection.execute(
        update(enrolment).where(this).values(used=enrolment.c.used + 1).returning(enrolment.c.used, enrolment.c.tags)
    ).one()
    tags = _names(change.connection, row.tags)
    if worker_id is not None and tags:
        rows = [{"worker_id": worker_id, "tag_id": tag_id} for tag_id in tags]
        change.connection.execute(insert(worker_tag), rows)
    fact = Fact(Kind.ENROLMENT_USED, {"enrolment": shown.id, "hint": shown.hint, "used": row.used, "name": who})
    events.append(change, fact, worker_id=worker_id)


def _names(connection: Connection, tag_ids: Sequence[str]) -> dict[str, str]:
    """Return the names of those of the tags that exist, by their ids."""
    query = select(tag.c.id, tag.c.name).where(tag.c.id.in_(list(tag_ids)), tag.c.deleted_at.is_(None))
    return {row.id: row.name for row in connection.execute(query.order_by(tag.c.name))}


def _one(connection: Connection, which: ColumnElement[bool]) -> Enrolment | None:
    row = connection.execute(select(enrolment).where(which)).first()
    return None if row is None else _enrolment(connection, row)


def _enrolment(connection: Connection, row: Row[Any]) -> Enrolment:
    return Enrolment(
        id=row.id,
        hint=row.hint,
        made_at=row.made_at,
        made_by=row.made_by,
        expires_at=row.expires_at,
        uses=row.uses,
        used=row.used,
        tags=tuple(_names(connection, row.tags).values()),
        revoked_at=row.revoked_at,
    )


def _tell(change: Change, kind: Kind, id: str, hint: str, by: str, said: dict[str, object]) -> None:
    events.append(change, Fact(kind, {"enrolment": id, "hint": hint, **said}), who=by)
