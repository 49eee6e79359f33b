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


_LAUNCH, _TREES = (f"supervisor/platforms/windows/test_{name}.py" for name in ("launch", "trees"))

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
}


def under_wine() -> bool:
    return sys.platform == "win32" and hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


def gap(name: str) -> pytest.MarkDecorator:
    """Mark the test of a gap."""
    return pytest.mark.xfail(under_wine(), reason=f"a gap of Wine, {name}: {GAPS[name].why}", strict=True)
