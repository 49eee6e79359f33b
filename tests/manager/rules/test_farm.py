"""The farm in one word: a row for what there is to do, a column for who is there."""

import pytest

from farmhand.manager.rules.farm import FarmStatus, farm_status
from farmhand.worker.wire import JobStatus, Status

SAYS = """
                  awake   starting  testing  asleep   offline      error        restart      -
active            active  active    active   waiting  inoperative  inoperative  inoperative  inoperative
queued            active  active    active   waiting  inoperative  inoperative  inoperative  inoperative
requeueing        active  active    active   waiting  inoperative  inoperative  inoperative  inoperative
cancel-requested  active  active    active   waiting  inoperative  inoperative  inoperative  inoperative
pause-requested   idle    idle      idle     asleep   inoperative  inoperative  inoperative  inoperative
completed         idle    idle      idle     asleep   inoperative  inoperative  inoperative  inoperative
failed            idle    idle      idle     asleep   inoperative  inoperative  inoperative  inoperative
canceled          idle    idle      idle     asleep   inoperative  inoperative  inoperative  inoperative
paused            idle    idle      idle     asleep   inoperative  inoperative  inoperative  inoperative
under-construction idle   idle      idle     asleep   inoperative  inoperative  inoperative  inoperative
-                 idle    idle      idle     asleep   inoperative  inoperative  inoperative  inoperative
"""


def cells():
    header, *rows = (line.split() for line in SAYS.strip().splitlines())
    for job, *words in rows:
        yield from ((job, worker, word) for worker, word in zip(header, words, strict=True))


@pytest.mark.parametrize(("job", "worker", "word"), list(cells()))
def test_the_farm_by_its_jobs_and_workers(job, worker, word):
    jobs = set() if job == "-" else {JobStatus(job)}
    workers = set() if worker == "-" else {Status(worker)}
    assert farm_status(jobs, workers) is FarmStatus(word)


def test_the_table_above_is_whole():
    asked = {(job, worker) for job, worker, _ in cells()}
    jobs, workers = [*(it.value for it in JobStatus), "-"], [*(it.value for it in Status), "-"]
    assert asked == {(job, worker) for job in jobs for worker in workers}


def test_one_that_is_awake_is_enough():
    assert farm_status({JobStatus.QUEUED}, {Status.ASLEEP, Status.ERROR, Status.AWAKE}) is FarmStatus.ACTIVE
