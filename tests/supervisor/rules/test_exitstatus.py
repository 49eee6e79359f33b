"""What systemd calls an exit."""

import pytest

from farmhand.supervisor.rules.exitstatus import Exit, Result, classify
from farmhand.units.spec import StatusSet

SUCCESS = StatusSet(frozenset({47}), frozenset({"SIGUSR1"}))

# The exit, what it is for a daemon, and what for a command or a oneshot.
EXITS = """
code 0          success    success
code 1          exit-code  exit-code
code 47         success    success
code 143        exit-code  exit-code
code 203        exit-code  exit-code
SIGHUP          success    signal
SIGINT          success    signal
SIGTERM         success    signal
SIGPIPE         success    signal
SIGKILL         signal     signal
SIGUSR1         success    success
SIGUSR2         signal     signal
dump SIGSEGV    core-dump  core-dump
dump SIGUSR1    core-dump  core-dump
"""


def rows():
    for line in EXITS.strip().splitlines():
        *ended, daemon, command = line.split()
        dumped, word = ended[0] == "dump", ended[-1]
        yield Exit(code=int(word)) if word.isdigit() else Exit(signal=word, dumped=dumped), daemon, command


@pytest.mark.parametrize(("exit", "daemon", "command"), list(rows()), ids=str)
def test_classify(exit, daemon, command):
    assert classify(exit, SUCCESS).value == daemon
    assert classify(exit, SUCCESS, daemon=False).value == command


def test_an_exit_that_nobody_saw_is_a_failure_to_be_on_the_safe_side():
    lost = Exit(lost=True)
    assert (classify(lost), classify(lost, daemon=False), str(lost)) == (
        Result.RESOURCES,
        Result.RESOURCES,
        "an exit that nobody saw",
    )
