"""What each platform does nothing about is what the table of directives says of it."""

import subprocess
import sys

import pytest

from farmhand.supervisor.platforms import launch, posix
from farmhand.supervisor.platforms.windows import lacking
from farmhand.supervisor.platforms.windows.lacking import impossible, unmet
from farmhand.supervisor.rules.shares import CONTROLLERS
from farmhand.units import checks
from farmhand.units.check import check
from farmhand.units.directives import DIRECTIVES
from farmhand.units.spec import Service
from farmhand.units.statuses import SIGNALS
from farmhand.units.support import case, cases

CHECKS = {f"{verb}{name}" for verb in checks.VERBS for name in (*checks.ON_PATHS, *checks.ON_WORDS)}


def service(*lines: str) -> Service:
    (found,) = check("a.service", "\n".join(["[Service]", "ExecStart=/bin/x", *lines, ""])).services
    return found


def never_in_force_on_macos() -> set[str]:
    """Return what is in force on Linux, and on macOS with no value."""
    found = {
        name: (cases(row.section, name, "linux"), cases(row.section, name, "macos")) for name, row in DIRECTIVES.items()
    }
    lost = {name: macos for name, (linux, macos) in found.items() if macos != linux}
    return {name for name, macos in lost.items() if all(case.word == "not in force" for case in macos)}


def test_macos_lacks_what_the_table_says_and_what_its_checks_cannot_tell_is_said_when_they_are_made() -> None:
    everywhere = {name for _, names, _ in launch._NOT_EVERYWHERE for name in names}
    lacks = everywhere | CONTROLLERS.keys() | (posix.Posix.lacks - launch.LACKS)
    assert lacks == never_in_force_on_macos() - CHECKS


def test_posix_systems_say_which_of_these_a_service_has() -> None:
    assert posix.POSIX.unmet(service("MemoryMax=1G", "Nice=5", "PIDFile=/run/a.pid")) == {"MemoryMax", "PIDFile"}


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (("MemoryMax=1G", "Nice=5"), set()),
        (("CPUWeight=20", "UMask=0077", "Restart=always"), {"CPUWeight", "UMask"}),
        pytest.param(("KillSignal=SIGUSR1",), {"KillSignal"}, id="a signal that nobody hears"),
        pytest.param(("KillSignal=SIGTERM",), set(), id="a signal that has an event"),
        pytest.param(("PrivateTmp=yes", "StandardOutput=kmsg"), set(), id="what is in force nowhere is said elsewhere"),
        pytest.param(("User=render",), set(), id="what is refused is no wish that is ignored"),
    ],
)
def test_windows_says_what_it_does_nothing_about(lines: tuple[str, ...], names: set[str]) -> None:
    assert unmet(service(*lines)) == names


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("User=render", 217),
        ("Group=farm", 216),
        ("SupplementaryGroups=video", 216),
        ("DynamicUser=yes", 217),
        ("RootDirectory=/srv", 210),
        ("StandardInput=tty", 208),
        ("StandardOutput=tty", 209),
        ("StandardError=tty", 222),
    ],
)
def test_windows_starts_no_service_without_what_it_cannot_do_without(line: str, code: int) -> None:
    found = impossible(service(line))
    assert found is not None
    assert found[0] == code
    assert found[1].startswith(f"{line.partition('=')[0]}= (a.service:3): refused on Windows: ")


def test_every_refusal_of_windows_has_an_exit_code() -> None:
    for name, row in DIRECTIVES.items():
        refused = [each for each in cases(row.section, name, "windows") if each.word == "refused"]
        assert bool(refused) is (name in lacking._STATUS), name


EVENTS = """
import subprocess, sys
sys.platform = "win32"
from farmhand.supervisor.platforms.windows import ask
print(*ask.EVENTS)
"""


def test_the_signals_that_stop_something_on_windows_are_those_that_are_sent() -> None:
    sent = subprocess.run([sys.executable, "-c", EVENTS], capture_output=True, text=True, check=True).stdout.split()
    row = DIRECTIVES["KillSignal"]
    near = {signal for signal in sent if case(row, signal, "windows").word == "near"}
    assert near == set(sent) - {"SIGBREAK"}  # which only Windows has
    others = {f"SIG{name}" for name in SIGNALS} - {*sent, "SIGKILL"}
    assert {case(row, signal, "windows").word for signal in others} == {"not in force"}


def test_nothing_else_is_impossible() -> None:
    assert impossible(service("Nice=5", "User=", "RootDirectory=/", "CPUWeight=20", "StandardInput=null")) is None
