"""Every statement about tags. Functions that take a store are one transaction each."""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ..rules.facts import Fact, Kind
from ..rules.jobs import ENDED
from ..rules.tags import Tag
from ..rules.tasks import Refused
from . import events, jobs, queues, schedules, workers
from .database import Change
from .store import Missing, Store
from .tables import job, schedule, tag, worker_tag

_EXISTING = select(tag).where(tag.c.deleted_at.is_(None)).order_by(tag.c.name)


class Unknown(LookupError):
    """A job asks for a tag that is not there; the text names it."""


# -- tags


def every(store: Store) -> list[Tag]:
    """Return the tags that exist, by name."""
    with store.database.read() as connection:
        return [Tag(row.id, row.name, row.description) for row in connection.execute(_EXISTING)]


def one(store: Store, tag_id: str) -> Tag:
    """Return a tag; raises Missing, for a deleted one too."""
    with store.database.read() as connection:
        return _one(connection, tag_id)


def add(store: Store, name: str, description: str, by: str, tag_id: str | None = None) -> Tag:
    """Make a tag, with this id where it is given; raises Refused where the name or the id is taken."""
    made = Tag(tag_id or str(uuid.uuid4()), name.strip(), description)
    with _unique(made.name), store.database.write() as change:
        if change.connection.execute(select(tag.c.id).where(tag.c.id == made.id)).first():
            raise Refused(f"the id {made.id} is or was that of another tag")
        values = {"id": made.id, "name": made.name, "description": made.description}
        change.connection.execute(insert(tag).values(values))
        events.append(change, Fact(Kind.TAG_MADE, {"tag": made.id, "name": made.name}), who=by)
    return made


def rewrite(store: Store, tag_id: str, name: str, description: str, by: str) -> None:
    """Give a tag another name and description; raises Missing, and Refused where the name is taken."""
    name = name.strip()
    with _unique(name), store.database.write() as change:
        was = _one(change.connection, tag_id)
        change.connection.execute(update(tag).where(tag.c.id == tag_id).values(name=name, description=description))
        events.append(change, Fact(Kind.TAG_CHANGED, {"tag": tag_id, "name": name, "was": was.name}), who=by)


def remove(store: Store, tag_id: str, by: str) -> None:
    """Delete a tag. The jobs that ask for it keep asking, and wait; raises Missing."""
    with store.database.write() as change:
        gone = _one(change.connection, tag_id)
        change.connection.execute(update(tag).where(tag.c.id == tag_id).values(deleted_at=change.now))
        with schedules.settling_tag(store, change, tag_id):
            change.connection.execute(delete(worker_tag).where(worker_tag.c.tag_id == tag_id))
            change.connection.execute(delete(schedule).where(schedule.c.tag_id == tag_id))
        events.append(change, Fact(Kind.TAG_DELETED, {"tag": tag_id, "name": gone.name}), who=by)
        asking = [job.c.tag_id == tag_id, job.c.status.not_in([status.value for status in ENDED])]
        for job_id in change.connection.execute(select(job.c.id).where(*asking)).scalars().all():
            _tell(change, job_id, {"tag": gone.name, "deleted": True}, by)


def _one(connection: Connection, tag_id: str) -> Tag:
    row = connection.execute(_EXISTING.where(tag.c.id == tag_id)).first()
    if row is None:
        raise Missing(f"there is no tag {tag_id}")
    return Tag(row.id, row.name, row.description)


@contextmanager
def _unique(name: str) -> Iterator[None]:
    """Say it to the operator where the database does not take a name, as there is one."""
    try:
        yield
    except IntegrityError:
        raise Refused(f'there is a tag "{name}" already') from None


# -- whose they are


def give(store: Store, worker_id: str, tag_ids: Collection[str], by: str) -> None:
    """Make these the tags of a worker, instead of those that it had; unknown ones are let pass. Raises Missing.

    What it is at work on it finishes.
    """
    store.worker(worker_id)
    with store.database.write() as change:
        query = _EXISTING.where(tag.c.id.in_(list(tag_ids)))
        given = {row.id: row.name for row in change.connection.execute(query)}
        with schedules.settling(store, change, [worker_id]):
            change.connection.execute(delete(worker_tag).where(worker_tag.c.worker_id == worker_id))
            if given:
                rows = [{"worker_id": worker_id, "tag_id": tag_id} for tag_id in given]
                change.connection.execute(insert(worker_tag), rows)
        fact = Fact(Kind.WORKER_TAGS, {"tags": list(given.values())})
        events.append(change, fact, worker_id=worker_id, who=by)
        workers.ring(change, worker_id)


def of_worker(store: Store, worker_id: str) -> Sequence[Tag]:
    """Return the tags that a worker has, by name."""
    return of_workers(store, [worker_id]).get(worker_id, ())


def of_workers(store: Store, worker_ids: Collection[str] | None = None) -> Mapping[str, Sequence[Tag]]:
    """Return the tags of all workers, or of those with these ids; a worker without any is left out."""
    query = select(worker_tag.c.worker_id, tag).join(tag, tag.c.id == worker_tag.c.tag_id).order_by(tag.c.name)
    if worker_ids is not None:
        query = query.where(worker_tag.c.worker_id.in_(list(worker_ids)))
    found: dict[str, list[Tag]] = {}
    with store.database.read() as connection:
        for row in connection.execute(query):
            found.setdefault(row.worker_id, []).append(Tag(row.id, row.name, row.description))
    return found


def set_of_job(store: Store, job_id: str, by: str, *, tag_id: str | None = None, name: str | None = None) -> None:
    """Say which workers take a job's tasks: those with a tag, by its id or name, or all. Raises Missing, Unknown."""
    with store.database.write() as change:
        found = jobs.load(change.connection, job_id)
        if found is None:
            raise Missing(f"there is no job {job_id}")
        wanted = None if tag_id is None and name is None else wished(change.connection, tag_id, name)
        now = None if wanted is None else wanted.id
        change.connection.execute(update(job).where(job.c.id == job_id).values(tag_id=now))
        was = found.tag and found.tag.name
        _tell(change, job_id, {"tag": wanted and wanted.name, "was": was, "name": found.name}, by)
        for type, ready in queues.ready_in(change.connection, job_id).items():
            workers.ring_idle(change, type, ready, now)


def id_of(store: Store, tag_id: str | None, name: str | None) -> str | None:
    """Return the id of the tag that an id or a name means; None where neither is said. Raises Unknown."""
    if tag_id is None and name is None:
        return None
    with store.database.read() as connection:
        return wished(connection, tag_id, name).id


def wished(connection: Connection, tag_id: str | None, name: str | None = None) -> Tag:
    """Return the existing tag with an id, or with a name; raises Unknown."""
    by = tag.c.name == name if tag_id is None else tag.c.id == tag_id
    row = connection.execute(_EXISTING.where(by)).first()
    if row is None:
        raise Unknown(f'there is no tag "{name if tag_id is None else tag_id}"')
    return Tag(row.id, row.name, row.description)


def _tell(change: Change, job_id: str, detail: Mapping[str, object], by: str) -> None:
    change.connection.execute(update(job).where(job.c.id == job_id).values(updated_at=change.now))
    events.append(change, Fact(Kind.JOB_CHANGED, detail), job_id=job_id, who=by)
