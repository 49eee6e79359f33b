"""The clock that deadlines are told by."""

import sys
import time

import pytest
from polling import until

COARSEST = 0.02  # seconds; a timer of Windows


def test_the_clock_goes_as_fast_as_time_does(shell):
    clock, begun = shell.platform.clock, time.perf_counter()
    first = clock()
    until(lambda: clock() >= first + 0.2, "a fifth of a second")
    assert time.perf_counter() - begun >= 0.2 - COARSEST
    assert clock() - first == pytest.approx(time.perf_counter() - begun, abs=2 * COARSEST)


def test_all_processes_have_the_same_clock(shell):
    """What one supervisor leaves to the next has times in it."""
    first = shell.platform.clock()
    told = float(shell.output_of(sys.executable, "-c", f"{shell.native}; print(platform.clock())"))
    assert first <= told <= shell.platform.clock()
