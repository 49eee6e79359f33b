"""What every database has to do alike: who did what is written down with it, as a chain that nobody may change."""

import json
import threading

import pytest
from pretended import awake, job
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import DatabaseError
from stores import beside

from farmhand.manager import whence
from farmhand.manager.rules import deeds
from farmhand.manager.rules.auditing import ALL, Wanted
from farmhand.manager.rules.chain import Broken, Whole
from farmhand.manager.rules.deeds import Deed
from farmhand.manager.rules.tasks import Refused
from farmhand.manager.storage import audit, tags
from farmhand.manager.storage.tables import audit as table
from farmhand.manager.storage.tables import audit_head
from farmhand.worker.wire import Request, Status

SLEEP = Request(Status.ASLEEP, lazy=True)
UNLOCK = {
    "sqlite": ["DROP TRIGGER audit_refuses_UPDATE", "DROP TRIGGER audit_refuses_DELETE"],
    "postgresql": ["ALTER TABLE audit DISABLE TRIGGER USER"],
}


def rows(store, **wanted):
    return list(audit.in_order(store.database, 1000, Wanted(**wanted)))


def unlocked(store, *statements):
    """Do what somebody can do who has the database to himself."""
    with store.database.write() as change:
        for statement in [text(line) for line in UNLOCK[store.database.name]] + list(statements):
            change.connection.execute(statement)


def test_what_an_operator_does_is_written_down_once_for_many_workers(store):
    workers = [awake(store, f"worker-{n}") for n in range(5)]
    begun = len(rows(store))
    whence.come(whence.Whence("session", "10.1.2.3"))
    try:
        store.act([worker.id for worker in workers], SLEEP, "kim")
    finally:
        whence.come(whence.COMMAND_LINE)
    [row] = rows(store)[begun:]
    assert (row.who, row.way, row.address, row.at) == ("kim", "session", "10.1.2.3", store.clock())
    assert (row.what, row.whom) == ("request.made", "worker worker-0, worker worker-1, worker worker-2 and 2 more")
    said = json.loads(row.detail)
    assert said["workers"] == {worker.id: f"worker-{n}" for n, worker in enumerate(workers)}
    assert (said["status"], said["lazy"], row.outcome) == ("asleep", True, "done")
    assert "request" not in said, "each has another"


def test_what_cannot_be_asked_is_written_down_as_refused(store):
    worker = awake(store, "worker-0", can_restart=False)
    store.act([worker.id], Request(Status.RESTART, lazy=True), "kim")
    [row] = [row for row in rows(store) if row.what == "action.refused"]
    assert (row.who, row.whom, row.outcome) == ("kim", "worker worker-0", "refused")
    assert "without a restart code" in row.detail


def test_what_workers_and_the_farm_do_is_not_written_down(store):
    worker = awake(store, "worker")
    job_id = job(store)
    before = rows(store)
    worker.finishes(worker.asks_for_work())
    assert rows(store) == before
    assert {(row.what, row.whom) for row in before} == {("job.submitted", f"job {store.job(job_id).name}")}


def test_what_is_dropped_is_not_written_down(store):
    tags.add(store, "gpu", "", "kim")
    with pytest.raises(Refused):
        tags.add(store, "gpu", "", "robin")
    assert [row.who for row in rows(store)] == ["kim"]


def test_rows_are_found_by_who_what_whom_and_when(store, clock):
    tags.add(store, "gpu", "", "kim")
    clock.passes(60)
    made = tags.add(store, "100%", "", "Robin")
    tags.remove(store, made.id, "robin")
    assert [row.seq for row in rows(store, who="ROBIN")] == [2, 3]
    assert [row.seq for row in rows(store, what="tag.deleted")] == [3]
    assert [row.seq for row in rows(store, whom="0%")] == [2, 3], "a sign of a pattern stands for itself"
    assert [row.seq for row in rows(store, whom=made.id)] == [2, 3]
    assert [row.seq for row in rows(store, since=clock.now)] == [2, 3]
    assert [row.seq for row in rows(store, until=clock.now)] == [1]
    assert [row.seq for row in audit.newest_first(store.database, ALL, before=3, limit=1)] == [2]


ALL_OF_IT = {"sqlite": "DELETE FROM audit", "postgresql": "TRUNCATE audit"}


@pytest.mark.parametrize("statement", [update(table).values(who="nobody"), delete(table), None])
def test_the_database_refuses_to_change_what_is_written(store, statement):
    statement = text(ALL_OF_IT[store.database.name]) if statement is None else statement
    tags.add(store, "gpu", "", "kim")
    with pytest.raises(DatabaseError, match="the audit log is append-only"), store.database.write() as change:
        change.connection.execute(statement)
    assert len(rows(store)) == 1


HOSTILE = ("a\0b", "\ud800", "\U0001f600", "x" * 10_000, '"\\\n\u202e<script>')


def test_hostile_text_is_hashed_as_it_is_read_again(store):
    for name in HOSTILE:
        audit.record(store.database, Deed(deeds.SIGN_IN_FAILED, name, name, {"why": name}))
    assert audit.verify(store.database) == Whole(audit.head(store.database), unsealed=len(HOSTILE))


@pytest.mark.parametrize(
    ("tamper", "seq", "kind"),
    [
        pytest.param([update(table).where(table.c.seq == 2).values(who="sam")], 2, "changed", id="changed"),
        pytest.param([delete(table).where(table.c.seq == 2)], 2, "missing", id="taken out"),
        pytest.param([delete(table).where(table.c.seq == 4)], 4, "truncated", id="cut off"),
        pytest.param(
            [
                update(table).where(table.c.seq == 2).values(seq=99),
                update(table).where(table.c.seq == 3).values(seq=2),
                update(table).where(table.c.seq == 99).values(seq=3),
            ],
            *(2, "reordered"),
            id="changed places",
        ),
        pytest.param([text("INSERT INTO audit SELECT 0, at, who, way, address, what, whom, outcome, detail, "
                           "before, hash, seal FROM audit WHERE seq = 1")], 0, "inserted", id="put in"),
    ],
)  # fmt: skip
def test_what_is_done_behind_the_managers_back_is_found(store, tamper, seq, kind):
    for name in "abcd":
        tags.add(store, name, "", "kim")
    assert audit.verify(store.database) == Whole(audit.head(store.database), unsealed=4)
    unlocked(store, *tamper)
    found = audit.verify(store.database)
    assert isinstance(found, Broken)
    assert (found.seq, found.kind) == (seq, kind)


def test_an_end_cut_off_with_its_head_is_found_by_a_head_kept_elsewhere(store):
    for name in "abc":
        tags.add(store, name, "", "kim")
    known, second = audit.head(store.database), rows(store)[1]
    unlocked(store, delete(table).where(table.c.seq == 3), update(audit_head).values(seq=2, hash=second.hash))
    assert audit.verify(store.database) == Whole(audit.head(store.database), unsealed=2)
    assert audit.verify(store.database, known).kind == "truncated"


def test_managers_that_write_at_once_make_one_chain(store):
    """Of two managers where the database has several, of two threads elsewhere."""
    several = [store, store]
    if store.database.name == "postgresql":
        with beside(store) as other:
            _write_at_once([store, other])
    else:
        _write_at_once(several)
    assert audit.verify(store.database) == Whole(audit.head(store.database), unsealed=80)


def _write_at_once(stores):
    def write(of, number):
        for n in range(10):
            audit.record(of.database, Deed(deeds.SIGNED_IN, f"kim {number}"))
            tags.add(of, f"{number}-{n}", "", f"kim {number}")

    threads = [threading.Thread(target=write, args=(stores[n % 2], n)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_rows_that_nobody_wrote_are_found(store):
    tags.add(store, "gpu", "", "kim")
    [row] = rows(store)
    with store.database.write() as change:
        change.connection.execute(insert(table).values({**vars(row), "seq": 2}))
    assert audit.verify(store.database).kind == "inserted"
