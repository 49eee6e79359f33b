"""What Wine does not do as Windows does, by name: each with the test that runs on a real Windows.

Under Wine that test is run as well, and has to fail (a strict expected failure): what Wine has learnt is no gap.
"""

import ctypes
import sys
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Gap:
    """Why a test fails under Wine 8, and which: its file in tests/, and its name."""

    why: str
    file: str
    test: str


_HERE = "supervisor/platforms/windows"
_LAUNCH, _SERVICES, _TREES = (f"{_HERE}/test_{name}.py" for name in ("launch", "services", "trees"))

GAPS = {
    "memory limit": Gap("a job takes JobMemoryLimit and forgets it", _TREES, "test_memory_max_is_in_force"),
    "process limit": Gap("a job takes ActiveProcessLimit and forgets it", _TREES, "test_tasks_max_is_in_force"),
    "processor limit": Gap("a job refuses JobObjectCpuRateControlInformation", _TREES, "test_cpu_quota_is_accepted"),
    "long program path": Gap(
        "CreateProcess takes no program of more than 260 characters, not even after \\\\?\\",
        _LAUNCH,
        "test_a_program_may_have_a_long_path",
    ),
    "abort": Gap("abort() of its C library exits with 3", _TREES, "test_abort_is_a_crash"),
    "ctrl-break": Gap(
        "GenerateConsoleCtrlEvent has no events but CTRL_C", _TREES, "test_sigquit_is_ctrl_break_to_its_console"
    ),
    "service settings": Gap(
        "delayed start and the failure flag are no settings it knows", _SERVICES, "test_windows_knows_all_settings"
    ),
    "failure actions": Gap(
        "ChangeServiceConfig2 takes failure actions and keeps none", _SERVICES, "test_failure_actions_are_kept"
    ),
    "crashed service": Gap(
        "a service that crashed counts as running", _SERVICES, "test_one_that_crashes_is_started_again"
    ),
    "recovery": Gap(
        "no service that failed is started again", _SERVICES, "test_one_that_ends_with_a_code_is_started_again"
    ),
    "event log": Gap("the event log takes entries and has none", _SERVICES, "test_entries_are_in_the_event_log"),
}


def under_wine() -> bool:
    return sys.platform == "win32" and hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


def gap(name: str) -> pytest.MarkDecorator:
    """Mark the test of a gap."""
    return pytest.mark.xfail(under_wine(), reason=f"a gap of Wine, {name}: {GAPS[name].why}", strict=True)
