"""`await-change`: whoever asks is answered when a service is not as it was told last, and not before."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from supervised import Supervised

CONFIG = """
services:
  a: {ExecStart: /bin/sleep 100, Restart: always, RestartSec: 0}
  b: {ExecStart: /bin/sleep 100}
"""


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    with Supervised(tmp_path, CONFIG) as running:
        running.sees("b: .*running")
        yield running


def mark(supervised: Supervised, *names: str) -> str:
    code, _, data = supervised.ask("await-change", *names)
    assert code == 0
    return data


def test_without_a_mark_it_is_answered_at_once(supervised: Supervised) -> None:
    assert mark(supervised, "a") == mark(supervised, "a") != mark(supervised, "b")


def test_an_old_mark_is_answered_at_once(supervised: Supervised) -> None:
    before = mark(supervised)
    supervised.ask("stop", "b")
    assert supervised.ask("await-change", since=before)[2] != before


def test_it_waits_for_those_that_were_named(supervised: Supervised) -> None:
    before = mark(supervised, "a")
    a, b = (int(supervised.show(name)["MainPID"]) for name in "ab")
    supervised.send("await-change", "a", since=before)
    os.kill(b, signal.SIGKILL)
    supervised.sees("b: .*failed")
    assert not supervised.replies
    os.kill(a, signal.SIGKILL)
    assert supervised.reply()[2] != before


def test_a_restart_that_is_over_before_anybody_looks_is_a_change(supervised: Supervised) -> None:
    before = mark(supervised, "a")
    supervised.ask("restart", "a")
    assert mark(supervised, "a") != before
