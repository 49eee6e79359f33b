"""What a PIDFile= may turn out to be: services write it, and the supervisor reads it."""

import os

import pytest

from farmhand.supervisor import daemons
from farmhand.supervisor.unit import Unit
from farmhand.units.spec import Service


@pytest.mark.parametrize("there", ["nothing", "a FIFO", "a folder", "a number without end", "no number"])
def test_a_pid_file_that_names_no_process_is_passed_over(tmp_path, there):
    path = tmp_path / "a.pid"
    match there:
        case "a FIFO":
            os.mkfifo(path)
        case "a folder":
            path.mkdir()
        case "a number without end":
            path.write_text("1" * 100_000)
        case "no number":
            path.write_bytes(b"\xff\n1\n")
    descriptors = os.listdir("/dev/fd")
    assert daemons.moved(Unit(Service("a", pid_file=str(path)))) is None
    assert os.listdir("/dev/fd") == descriptors
