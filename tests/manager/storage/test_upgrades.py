"""A farm of every earlier schema is brought to this one: nothing is lost, and it goes on."""

import contextlib
import itertools
from collections import Counter

import pytest
from earlier import DRAINED, JOB, RUNNING, TASKS, everything, fill
from postgres import server
from pretended import Pretended, ask
from sqlalchemy import select, text
from stores import DIALECTS, Clock

from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.storage import schema
from farmhand.manager.storage.database import Database
from farmhand.manager.storage.store import Store
from farmhand.manager.storage.tables import queue
from farmhand.worker.wire import Status, TaskStatus

_names = itertools.count()


EARLIER = list(schema.revisions())[:-1]


@contextlib.contextmanager
def empty(dialect, folder):
    """Make a database without tables, and yield its URL."""
    if dialect == "sqlite":
        yield f"sqlite:///{folder / 'farmhand.sqlite'}"
        return
    name = f"earlier{next(_names)}"
    server().do(f"CREATE DATABASE {name}")
    try:
        yield server().url(name)
    finally:
        server().do(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=DIALECTS)
def url(request, tmp_path):
    with empty(request.param, tmp_path) as url:
        yield url


def left_by(url, revision):
    """Leave a farm as a Farmhand of that schema would have; return all that it holds."""
    database = Database(url, Clock())
    schema.migrate(database, revision)
    with database.write() as change:
        fill(change.connection)
        held = everything(change.connection)
    database.close()
    return held


@pytest.fixture
def opened(url, tmp_path):
    """Open what was left, which upgrades it."""
    with contextlib.ExitStack() as closing:

        def open_store():
            store = Store(tmp_path, Settings(without_login=True), Clock(), url)
            closing.callback(store.close)
            return store

        yield open_store


@pytest.mark.parametrize("revision", EARLIER)
def test_a_farm_of_an_earlier_version_goes_on(revision, url, opened):
    held = left_by(url, revision)
    store = opened()
    with store.database.read() as connection:
        assert lost(held, everything(connection)) == []
        assert waiting(connection) == Counter(
            (task["job_id"], task["type"]) for task in TASKS if task["status"] in CLAIMABLE and not task.get("blockers")
        )
    works(store)


CLAIMABLE = {TaskStatus.QUEUED.value, TaskStatus.SOFT_FAILED.value}


def lost(before, after):
    """Return what a row no longer says, of the columns that there still are."""
    return [
        (name, was, now)
        for name, rows in before.items()
        for was, now in itertools.zip_longest(rows, after[name])
        if was is None or now is None or any(now[key] != value for key, value in was.items() if key in now)
    ]


def waiting(connection):
    rows = connection.execute(select(queue.c.job_id, queue.c.task_type, queue.c.ready).where(queue.c.ready > 0))
    return Counter({(job_id, type): ready for job_id, type, ready in rows})


def works(store):
    """Have a worker come back and work, and an operator ask something of it."""
    worker = Pretended(store, RUNNING, RUNNING)
    worker.sign_on()
    worker.becomes(Status.AWAKE)
    work = worker.asks_for_work()
    assert work is not None
    assert work.task.job_id == JOB
    worker.finishes(work)
    ask(store, Status.RESTART, worker)
    assert worker.learns() is Status.RESTART
    worker.restarts()
    assert store.worker(DRAINED).request.wish.status is Status.ASLEEP


def test_its_pages_are_shown(url, opened):
    left_by(url, EARLIER[0])
    store = opened()
    client = create_app(store).test_client()
    for path in ("/workers", f"/workers/{RUNNING}", f"/workers/{DRAINED}", "/jobs", f"/jobs/{JOB}"):
        assert client.get(path).status_code == 200, path


def test_an_upgrade_that_fails_leaves_what_there_was(url, opened):
    """In its last migration, after all the others have done their work."""
    held = left_by(url, EARLIER[0])
    database = Database(url, Clock())
    with database.write() as change:
        change.connection.execute(text("CREATE TABLE queue (in_the_way INTEGER)"))
    with pytest.raises(Exception, match="queue"):
        schema.migrate(database)
    with database.read() as connection:
        assert schema.standing(connection).current == EARLIER[0]
        assert lost(held, everything(connection)) == []
    with database.write() as change:
        change.connection.execute(text("DROP TABLE queue"))
    database.close()
    works(opened())
