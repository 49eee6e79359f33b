"""A farm goes into one file while it runs, and comes back out of it, into a database of either kind."""

import contextlib
import json
import sqlite3
import stat
import threading
import zipfile
from pathlib import Path

import pytest
from earlier import fill
from peopled_farm import settle
from postgres import fresh_database
from pretended import Pretended, ask, awake, job, register
from sqlalchemy import text
from stores import DIALECTS, Clock, opened

from farmhand.manager.archive import Archive, write
from farmhand.manager.backup import back_up, restore
from farmhand.manager.config import Settings
from farmhand.manager.opening import alone
from farmhand.manager.rules.chain import Whole
from farmhand.manager.rules.deeds import BACKED_UP, RESTORED
from farmhand.manager.storage import audit, enrolments, portable, rest
from farmhand.manager.storage.database import Database
from farmhand.manager.storage.newer import TooNew
from farmhand.manager.storage.store import FILE, Store
from farmhand.units.errors import BadConfig
from farmhand.worker.wire import Status


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=DIALECTS)
def store(request, tmp_path, clock):
    with opened(request.param, tmp_path / "data", clock) as store:
        yield store


@pytest.fixture(params=DIALECTS)
def elsewhere(request, tmp_path, clock):
    """An empty place for a farm: the folder, and the URL of its database."""
    with contextlib.ExitStack() as ending:
        url = ""
        if request.param == "postgresql":
            url = ending.enter_context(fresh_database())
            _empty(url)
        yield Place(tmp_path / "elsewhere", url, clock, ending)


# What does not depend on where it comes from.
alike = pytest.mark.parametrize(("store", "elsewhere"), [(dialect, dialect) for dialect in DIALECTS], indirect=True)


class Place:
    def __init__(self, data, url, clock, ending):
        self.data, self.url, self.clock, self.ending = data, url, clock, ending

    def restore(self, file, *, replace=False):
        with self.database() as database, Archive(file) as archive:
            return restore(archive, self.data, database, replace=replace)

    def database(self):
        return contextlib.closing(Database(self.url, self.clock)) if self.url else contextlib.nullcontext()

    def open(self):
        store = Store(self.data, Settings(), self.clock, self.url, self.clock.steady)
        return self.ending.enter_context(contextlib.closing(store))


def _empty(url):
    with contextlib.closing(Database(url, Clock())) as database, database.write() as change:
        change.connection.execute(text("DROP SCHEMA public CASCADE"))
        change.connection.execute(text("CREATE SCHEMA public"))


def backed_up(store, file, **more):
    data = store.files.root.parent
    back_up(store.database, data, file, with_files=more.get("with_files", False), manager_name="Farm")
    return file


def everything(store):
    with store.database.read() as connection:
        return {
            name: sorted(map(str, connection.execute(table.select()).all()))
            for name, table in portable.tables(connection).items()
        }


# Of what a restore changes, on purpose.
ITS_OWN = {"event", "audit", "audit_head", "secret", "session", "one_time_link", "enrolment"}

# What the farm that is backed up here has none of.
SELDOM = {"ticket", "delivery", "one_time_link", "attempt", "spent", "farm_sample"}


def test_a_farm_comes_back_as_it_was_in_a_database_of_either_kind(store, elsewhere, tmp_path):
    with store.database.write() as change:
        fill(change.connection)
    settle(store, "somebody with quite a long name", "<b>'; DROP TABLE worker")
    enrolments.make(store, "kim")
    was = everything(store)
    assert {name for name, rows in was.items() if not rows} <= SELDOM
    elsewhere.restore(backed_up(store, tmp_path / "farm.zip"))
    now = everything(elsewhere.open())
    assert {name for name in was if was[name] != now[name]} <= {*ITS_OWN, "worker", "agent"}
    assert {name: len(rows) for name, rows in was.items() if name not in ITS_OWN} == {
        name: len(rows) for name, rows in now.items() if name not in ITS_OWN
    }


def test_of_a_farm_that_changes_meanwhile_one_moment_is_kept(store, tmp_path):
    """Each job has four tasks; half a job would be seen."""
    stopping = threading.Event()

    def submit():
        while not stopping.is_set():
            job(store)

    thread = threading.Thread(target=submit)
    thread.start()
    try:
        counts = [Archive(backed_up(store, tmp_path / f"{n}.zip")).manifest.counts for n in range(5)]
    finally:
        stopping.set()
        thread.join()
    assert all(each["task"] == 4 * each["job"] for each in counts)
    assert counts[-1]["job"] > counts[0]["job"]


def test_a_backup_is_for_its_owner_alone_and_appears_whole(store, tmp_path):
    file = backed_up(store, tmp_path / "farm.zip")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"data", "farm.zip"}
    with pytest.raises(FileExistsError, match="it has come into being meanwhile"):
        backed_up(store, file)
    assert {path.name for path in tmp_path.iterdir()} == {"data", "farm.zip"}


@alike
def test_logs_and_pictures_come_along_where_they_are_wanted(store, elsewhere, tmp_path):
    worker, job_id = awake(store, "node-1"), job(store)
    work = worker.asks_for_work()
    worker.reports(work, 1, "a line of the log")
    assert Archive(backed_up(store, tmp_path / "bare.zip")).manifest.parts.keys() == {FILE}
    file = backed_up(store, tmp_path / "farm.zip", with_files=True)
    assert elsewhere.restore(file).files_aside == ""
    assert "a line of the log" in elsewhere.open().files.log_path(job_id, work.task.id).read_text()


def test_it_is_told_where_earlier_logs_and_pictures_are(tmp_path):
    with opened("sqlite", tmp_path / "data", Clock()) as store:
        worker, _ = awake(store, "node-1"), job(store)
        work = worker.asks_for_work()
        worker.reports(work, 1, "a line of the log")
        file = backed_up(store, tmp_path / "farm.zip", with_files=True)
    with Archive(file) as archive:
        done = restore(archive, tmp_path / "data", None, replace=True)
    assert list(Path(done.files_aside).rglob(f"*{work.task.id}*")), done.files_aside
    assert Path(done.files_aside).parent == Path(done.aside).parent == tmp_path / "data"


# -- what is refused


@alike
def test_what_is_there_is_kept_unless_told_and_then_kept_aside(store, elsewhere, tmp_path):
    file = backed_up(store, tmp_path / "farm.zip")
    elsewhere.restore(file)
    with contextlib.closing(elsewhere.open()) as there:
        register(there, "node-1")
    with pytest.raises(BadConfig, match=r"already; name an empty .*--replace"):
        elsewhere.restore(file)
    with contextlib.closing(elsewhere.open()) as there:
        assert len(there.workers()) == 1
    done = elsewhere.restore(file, replace=True)
    with contextlib.closing(elsewhere.open()) as there:
        assert there.workers() == []
    if elsewhere.url:
        with elsewhere.database() as database, database.read() as connection:
            aside = done.aside.split()[-1]
            assert connection.execute(text(f"SELECT name FROM {aside}.worker")).scalars().all() == ["node-1"]
    else:
        with contextlib.closing(Database(f"sqlite:///{done.aside}", Clock())) as kept, kept.read() as connection:
            assert connection.execute(text("SELECT name FROM worker")).scalars().all() == ["node-1"]


def test_nothing_is_done_under_a_running_manager(store, tmp_path):
    file, data = backed_up(store, tmp_path / "farm.zip"), store.files.root.parent
    server = store.database if store.database.name == "postgresql" else None
    refused = pytest.raises(ConnectionError, match=r"another manager runs|other sessions use the database")
    with alone(store, data), also_connected(store), Archive(file) as archive, refused:
        restore(archive, data, server, replace=True)


@contextlib.contextmanager
def also_connected(store):
    url = store.database.engine.url.render_as_string(hide_password=False)
    with contextlib.closing(Database(url, Clock())) as other, other.look():
        yield


def test_a_backup_that_is_not_what_it_was_is_refused(store, tmp_path):
    file = backed_up(store, tmp_path / "farm.zip")
    for name, spoil in SPOILS.items():
        spoilt = tmp_path / f"{name}.zip"
        _rewrite(file, spoilt, spoil)
        with pytest.raises(BadConfig, match=rf"{name}\.zip: backup: "), Archive(spoilt) as archive:
            restore(archive, tmp_path / name, None, replace=False)
        assert not (tmp_path / name / FILE).exists()
    (tmp_path / "text.zip").write_text("no backup")
    with pytest.raises(BadConfig, match="it is no backup of Farmhand's"):
        Archive(tmp_path / "text.zip")


def _rewrite(file, target, spoil):
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    spoil(parts)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def _flip(parts):
    parts[FILE] = parts[FILE][:5000] + b"X" + parts[FILE][5001:]


def _lead_out(parts):
    _tell(parts, parts={**json.loads(parts["manifest.json"])["parts"], "jobs/../../out": ""})
    parts["jobs/../../out"] = b""


def _tell(archive, **said):
    archive["manifest.json"] = json.dumps({**json.loads(archive["manifest.json"]), **said}).encode()


SPOILS = {
    "flipped": _flip,
    "unsaid": lambda parts: parts.update({"jobs/a/b.log": b"x"}),
    "outward": _lead_out,
    "fewer": lambda parts: _tell(parts, counts={}),
    "newer": lambda parts: _tell(parts, format=2),
    "bare": lambda parts: parts.pop("manifest.json"),
}


def test_a_backup_of_a_newer_farmhand_is_refused(store, tmp_path):
    file, copy = backed_up(store, tmp_path / "farm.zip"), tmp_path / "copy.sqlite"
    with Archive(file) as archive:
        archive.take_database(copy)
        said = {name: value for name, value in vars(archive.manifest).items() if name not in ("parts", "with_files")}
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    write(tmp_path / "newer.zip", copy, None, said)
    with Archive(tmp_path / "newer.zip") as archive, pytest.raises(TooNew, match="schema 9999"):
        restore(archive, tmp_path / "other", None, replace=False)


# -- what has happened since the backup


@alike
def test_what_was_given_out_since_is_not_given_to_another_before_all_were_heard(store, elsewhere, tmp_path, clock):
    """The backup knows the task as queued; in truth a worker runs it, and stops when it is told to."""
    first, second = awake(store, "node-1"), awake(store, "node-2")
    job(store, tasks=1)
    file = backed_up(store, tmp_path / "farm.zip")
    work = first.asks_for_work()
    assert work is not None
    elsewhere.restore(file)
    again = elsewhere.open()
    rest.begin(again)
    first, second = (Pretended(again, each.id, each.name) for each in (first, second))
    assert second.asks_for_work() is None
    assert first.asks_for_work() is None
    clock.passes(again.settings.worker_timeout + 1)
    assert rest.next_due(again) <= clock()
    before = again.bell(second.id)
    rest.come_due(again)
    assert again.bell(second.id) > before
    assert second.asks_for_work().task.id == work.task.id


@alike
def test_a_manager_that_starts_meanwhile_rests_no_longer(store, elsewhere, tmp_path, clock):
    elsewhere.restore(backed_up(store, tmp_path / "farm.zip"))
    first = elsewhere.open()
    rest.begin(first)
    until = first.rests_until
    clock.passes(10)
    other = elsewhere.open()
    rest.begin(other)
    assert other.rests_until == until == clock() + (first.settings.worker_timeout - 10) * 1000


@alike
def test_who_waits_for_a_number_given_since_is_woken(store, elsewhere, tmp_path, clock):
    worker = awake(store, "node-1")
    file = backed_up(store, tmp_path / "farm.zip")
    for _ in range(20):
        job(store)
    heard = store.newest()
    clock.passes(1)
    elsewhere.restore(file)
    assert elsewhere.open().bell(worker.id) > heard


@alike
def test_what_was_pending_is_not_asked_once_more(store, elsewhere, tmp_path):
    worker = awake(store, "node-1")
    ask(store, Status.OFFLINE, worker)
    elsewhere.restore(backed_up(store, tmp_path / "farm.zip"))
    assert elsewhere.open().worker(worker.id).request is None


@alike
def test_what_let_somebody_in_has_ended(store, elsewhere, tmp_path):
    enrolments.make(store, "kim")
    elsewhere.restore(backed_up(store, tmp_path / "farm.zip"))
    assert all(each.revoked_at for each in enrolments.known(elsewhere.open()))


@alike
def test_the_audit_log_goes_on_whole_and_tells_of_both(store, elsewhere, tmp_path):
    ask(store, Status.ASLEEP, awake(store, "node-1"))
    backed_up(store, tmp_path / "first.zip")
    elsewhere.restore(backed_up(store, tmp_path / "farm.zip"))
    database = elsewhere.open().database
    found = audit.verify(database)
    assert isinstance(found, Whole)
    told = [(entry.what, entry.whom) for entry in audit.in_order(database, audit.head(database).seq)]
    assert told[-2:] == [(BACKED_UP, "first.zip"), (RESTORED, "")]


@alike
def test_numbers_go_on(store, elsewhere, tmp_path):
    job(store)
    elsewhere.restore(backed_up(store, tmp_path / "farm.zip"))
    again = elsewhere.open()
    later = job(again)
    assert [each.number for each in again.jobs()] == [2, 1]
    assert again.jobs()[0].id == later
