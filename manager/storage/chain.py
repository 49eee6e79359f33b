"""Writes the audit log: what somebody did in a transaction is in its chain if that is committed, and only then."""

import json
from collections.abc import Collection

from sqlalchemy import Connection, Table, insert, select, update

from .. import whence
from ..rules import chain, deeds
from ..rules.chain import Entry, Head
from .dialect import Change
from .tables import audit, audit_head, job, worker

_HEAD = select(audit_head.c.seq, audit_head.c.hash, audit_head.c.seal)

# The longest name, address or the like that a row has, in characters.
_LONGEST = 500

# Ids in one statement.
_MANY = 5000


def extend(change: Change, key: bytes) -> None:
    """Append what was done in a transaction to the chain. Whoever does so next waits for its end."""
    change.queue()
    here, was = whence.current(), head(change.connection)
    found = deeds.rows(change.deeds, _names(change))
    made = chain.linked(was, [_entry(row, here, change.now) for row in found], key)
    change.connection.execute(insert(audit), [vars(entry) for entry in made])
    end = made[-1]
    change.connection.execute(update(audit_head).values(seq=end.seq, hash=end.hash, seal=end.seal))
    change.deeds.clear()


def head(connection: Connection) -> Head:
    """Return the end of the chain, as it is kept beside it."""
    row = connection.execute(_HEAD).one()
    return Head(row.seq, row.hash, row.seal)


def _entry(row: deeds.Row, here: whence.Whence, now: int) -> Entry:
    detail = json.dumps(row.detail, sort_keys=True, separators=(",", ":"), default=str)
    return Entry(
        seq=0,
        at=now,
        who=_text(row.who),
        way=here.way,
        address=_text(here.address),
        what=row.what,
        whom=_text(row.whom),
        outcome=row.outcome,
        detail=detail,
        before="",
    )


def _text(value: str) -> str:
    """Return what every database gives back as it was: hashes are of what is read again."""
    return value[:_LONGEST].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _names(change: Change) -> dict[str, str]:
    of_workers = {deed.worker_id for deed in change.deeds if deed.worker_id}
    of_jobs = {deed.job_id for deed in change.deeds if deed.job_id}
    return {**_named(change, worker, of_workers), **_named(change, job, of_jobs)}


def _named(change: Change, table: Table, ids: Collection[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    ordered = sorted(ids)
    for start in range(0, len(ordered), _MANY):
        query = select(table.c.id, table.c.name).where(table.c.id.in_(ordered[start : start + _MANY]))
        names.update((row.id, row.name) for row in change.connection.execute(query))
    return names
