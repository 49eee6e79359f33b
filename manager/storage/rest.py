"""After a restore nobody gets a task for a while: what a worker does now, the backup may know nothing of.

A worker that is heard meanwhile is told to stop what is not its task; who is not heard counts as lost, as always.
"""

from sqlalchemy import delete, insert, select, update

from ..rules.facts import Fact, Kind
from ..rules.workers import Worker
from . import events, workers
from .database import Change
from .store import Store
from .tables import secret

# What stands there: until when (milliseconds since the epoch), or nothing before the first manager has started.
_NAME = "rest"
_ROW = secret.c.name == _NAME


def order(change: Change) -> None:
    """Have the farm rest when a manager starts next."""
    change.connection.execute(delete(secret).where(_ROW))
    change.connection.execute(insert(secret).values(name=_NAME, value=""))


def begin(store: Store) -> None:
    """A manager starts: find out until when nobody gets a task, if that was ordered."""
    with store.database.write() as change:
        said = change.connection.execute(select(secret.c.value).where(_ROW)).scalar()
        if said == "":
            said = str(change.now + round(store.settings.worker_timeout * 1000))
            change.connection.execute(update(secret).where(_ROW).values(value=said))
    store.rests_until = int(said or 0)


def next_due(store: Store) -> int | None:
    """Return when tasks are handed out again, None where they are."""
    return store.rests_until or None


def come_due(store: Store) -> list[Worker]:
    """Hand out tasks again, and tell everybody; nobody is asked for anything."""
    with store.database.write() as change:
        if change.connection.execute(delete(secret).where(_ROW)).rowcount:
            workers.ring_all(change, events.append(change, Fact(Kind.FARM_WORKS)))
    store.rests_until = 0
    return []
