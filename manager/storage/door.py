"""The door: who may join, at once or later, and with which code. Parts of a transaction that makes the newcomer."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Table, delete, select

from ..rules import joining as rules
from ..rules.joining import Entry, Waiting
from . import enrolments
from .database import Change
from .enrolments import Shown
from .store import Store
from .tables import agent, worker


class NotAdmitted(Exception):
    """Somebody may not join; the text says why, and how one may."""


@dataclass(frozen=True)
class Admitted:
    """Somebody may join, at once or later."""

    entry: Entry
    shown: Shown

    @property
    def waiting(self) -> bool:
        return self.entry.waiting

    @property
    def said(self) -> dict[str, object]:
        """Return what an event tells of it."""
        return {
            **({"waiting": True} if self.entry.waiting else {}),
            **({"code": self.shown.id} if self.entry.uses_code else {}),
        }

    def note(self, change: Change, name: str, worker_id: str | None = None) -> None:
        """Use up the code with which somebody came, once there is a row for them."""
        if self.entry.uses_code:
            enrolments.use(change, self.shown, name, worker_id)


def admit(store: Store, change: Change, code: str, address: str) -> Admitted:
    """Decide about somebody at the door; forgets another who waits, where too many do. Raises NotAdmitted, Full."""
    shown = enrolments.look(change, code) if code else Shown()
    entry = rules.judge(store.settings.joining, code=bool(code), doubt=shown.doubt)
    if entry.refusal:
        raise NotAdmitted(entry.refusal)
    if entry.waiting:
        _make_room(store, change, address)
    return Admitted(entry, shown)


def _make_room(store: Store, change: Change, address: str) -> None:
    there = [_waiting(row, store) for table in (worker, agent) for row in change.connection.execute(_standing(table))]
    for id in rules.give_way(there, address, change.now):
        for table in (worker, agent):  # nothing refers to them yet but events, which stay
            change.connection.execute(delete(table).where(table.c.id == id, table.c.waiting))
        store.seen.forget(id)


def _standing(table: Table) -> Any:
    spoke, since = (
        (table.c.incarnation > 0, table.c.registered_at)
        if table is worker
        else (table.c.last_seen > table.c.enrolled_at, table.c.enrolled_at)
    )
    columns = [table.c.id, table.c.address, since.label("since"), table.c.last_seen, spoke.label("spoke")]
    return select(*columns).where(table.c.waiting, table.c.deleted_at.is_(None))


def _waiting(row: Row[Any], store: Store) -> Waiting:
    heard = max(row.last_seen or 0, store.seen.at.get(row.id, 0)) or None
    return Waiting(row.id, row.address, row.since, heard, bool(row.spoke))
