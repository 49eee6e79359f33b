"""The gate of idle services: shut while jobs are under way, and opened for all at once."""

import os
import select

from farmhand.supervisor.gate import Gate


def is_open(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])


def test_who_waits_goes_on_when_the_last_job_is_done():
    jobs = ["stop"]
    gate = Gate(lambda: bool(jobs))
    waiting = gate.descriptor()
    assert waiting is not None
    assert gate.descriptor() == waiting
    pid = os.fork()
    if pid == 0:
        os._exit(0 if select.select([waiting], [], [], 30)[0] else 1)
    gate.open_if_idle()
    assert not is_open(waiting)
    jobs.clear()
    gate.open_if_idle()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_without_jobs_nobody_waits():
    gate = Gate(lambda: False)
    assert gate.descriptor() is None
    gate.open_if_idle()
