"""What only Linux can set of a process."""

import sys

import pytest

from farmhand.supervisor.platforms import launch
from farmhand.supervisor.rules.exitstatus import Exit

RESETS = f"exec {sys.executable} -c 'import os; print(bool(os.sched_getscheduler(0) & os.SCHED_RESET_ON_FORK))'"


@pytest.mark.parametrize(
    ("order", "script", "expected"),
    [
        pytest.param(
            {"cpus": {0}}, "grep -o 'Cpus_allowed_list:.*' /proc/self/status", "Cpus_allowed_list:\t0", id="processors"
        ),
        pytest.param({"cpu_reset_on_fork": True, "nice": 1}, RESETS, "False", id="a reset on fork alone"),
        pytest.param({"cpu_reset_on_fork": True, "cpu_policy": "other"}, RESETS, "True", id="a reset on fork"),
        pytest.param({"cpu_policy": "idle", "cpu_reset_on_fork": True}, "cut -d' ' -f41 /proc/$$/stat", "5", id="idle"),
        pytest.param({"oom_score_adjust": 7}, "cat /proc/self/oom_score_adj", "7", id="who is killed first"),
    ],
)
def test_a_process_is_set_up_as_ordered(shell, order, script, expected):
    assert shell.output_of("/bin/sh", "-c", script, **order).strip() == expected


@pytest.mark.parametrize(
    ("order", "code", "words"),
    [
        ({"oom_score_adjust": 5000}, 206, "cannot set OOMScoreAdjust=5000: Invalid argument"),
        ({"cpus": frozenset()}, 215, "Invalid argument"),
        ({"cpu_policy": "fifo", "cpu_priority": 1000}, 214, "cannot set CPUSchedulingPolicy=fifo: Invalid argument"),
    ],
)
def test_what_the_kernel_refuses_has_systemds_exit_code(shell, order, code, words):
    tree = shell.spawn("/bin/true", **order)
    assert shell.readable(tree.exec_fileno(), 10)
    assert words in tree.refusal()
    assert shell.exit_of(tree) == Exit(code=code)


def test_what_the_system_has_nothing_for_is_left_out(shell, monkeypatch):
    monkeypatch.setattr(launch, "SKIPPED", frozenset({"cpu", "io"}))
    order = {"cpu_policy": "idle", "io_class": "idle", "nice": 7}
    assert shell.output_of("/bin/sh", "-c", "cut -d' ' -f41 /proc/$$/stat; nice", **order).split() == ["0", "7"]
