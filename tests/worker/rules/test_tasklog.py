from math import inf

import pytest

from farmhand.worker.rules.tasklog import AGE, END, PIECE, TaskLog

LINE = "x" * 99


def test_a_piece_is_due_when_its_oldest_line_is_old_enough():
    log = TaskLog()
    assert log.due == inf
    log.add("one", 10.0)
    log.add("two", 10.9)
    assert (log.due, log.full) == (10.0 + AGE, False)
    assert log.take() == "one\ntwo\n"
    assert (log.due, log.take()) == (inf, "")


def test_a_piece_is_full_when_it_is_large():
    log = TaskLog()
    for _ in range(PIECE // 100 + 1):
        assert not log.full
        log.add(LINE, 0.0)
    assert log.full


def flooded(lines, limit=10_000):
    """Return what is sent of so many lines, each 100 bytes long."""
    log = TaskLog(limit)
    sent = []
    for number in range(lines):
        log.add(f"{number:99}", 0.0)
        if log.full:
            sent.append(log.take())
    return "".join([*sent, log.close()]).splitlines()


def test_the_beginning_and_the_end_of_a_flood_are_kept_and_what_is_left_out_is_told():
    lines = flooded(5000)
    assert [int(line) for line in lines[:100]] == list(range(100))
    assert lines[100] == "[the log has reached 9.766 KiB: what follows is left out, but for its end]"
    left_out = 5000 - 100 - END // 100
    assert lines[101] == f"[{left_out} lines are left out here, {left_out * 100 / 1024:.4g} KiB]"
    assert [int(line) for line in lines[102:]] == list(range(100 + left_out, 5000))


def test_nothing_is_left_out_of_what_fits_into_beginning_and_end():
    lines = flooded(150)
    assert [int(line) for line in lines if not line.startswith("[")] == list(range(150))
    assert [line for line in lines if line.startswith("[")] == [lines[100]]


def test_a_log_of_the_usual_size_is_as_it_was():
    assert [int(line) for line in flooded(99)] == list(range(99))


def test_memory_is_bounded_whatever_comes():
    log = TaskLog(1000)
    for _ in range(20):
        log.add("€" * END, 0.0)
        log.take()
    assert len(log.close().encode()) < 3 * END + 200, "one line may be longer than the end that is kept"


@pytest.mark.parametrize("line", ["\ud800", "€"])
def test_any_text_has_a_size(line):
    log = TaskLog(2)
    log.add(line, 0.0)
    assert log.take().startswith(f"{line}\n[the log has reached 2 bytes")
