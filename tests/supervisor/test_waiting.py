"""The wait: who is called, in which order, and when."""

import os
import time

import pytest

from farmhand.supervisor.waiting import AFTER_DEADLINES, Waiter


@pytest.fixture
def waiter():
    waiter = Waiter()
    yield waiter
    waiter.close()


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


def test_alarms_ring_in_the_order_of_their_deadlines(waiter):
    rung = []
    now = waiter.now()
    for delay in (0.02, 0.0, 0.01):
        waiter.at(now + delay, lambda delay=delay: rung.append(delay))
    while len(rung) < 3:
        waiter.wait()
    assert rung == [0.0, 0.01, 0.02]
    assert waiter.now() >= now + 0.02


def test_a_cancelled_alarm_neither_rings_nor_wakes(waiter, pipe):
    rung = []
    waiter.at(waiter.now() + 0.01, lambda: rung.append("cancelled")).cancelled = True
    waiter.at(waiter.now() + 0.1, lambda: rung.append("kept"))
    began = time.monotonic()
    waiter.wait()
    assert rung == ["kept"]
    assert time.monotonic() - began >= 0.1


def test_what_is_ready_at_once_is_called_by_rank_and_alarms_before_requests(waiter):
    called, pipes = [], [os.pipe() for _ in range(4)]
    for rank, (reader, writer) in zip((2, 0, AFTER_DEADLINES, 1), pipes, strict=True):
        waiter.watch(reader, rank, lambda rank=rank, reader=reader: called.append((rank, os.read(reader, 1))[0]))
        os.write(writer, b"x")
    waiter.at(waiter.now(), lambda: called.append("alarm"))
    waiter.wait()
    assert called == [0, 1, 2, "alarm", AFTER_DEADLINES]
    for fd in sum(pipes, ()):
        waiter.forget(fd)
        os.close(fd)


def test_of_one_rank_the_one_that_is_watched_longest_goes_first(waiter):
    called, pipes = [], [os.pipe() for _ in range(3)]
    for number, (reader, _) in enumerate(pipes):
        waiter.watch(reader, 1, lambda number=number, reader=reader: called.append((number, os.read(reader, 1))[0]))
    for _, writer in reversed(pipes):
        os.write(writer, b"x")
    waiter.wait()
    assert called == [0, 1, 2]
    for fd in sum(pipes, ()):
        waiter.forget(fd)
        os.close(fd)


def test_who_was_forgotten_in_the_same_moment_is_not_called(waiter, pipe):
    other_reader, other_writer = os.pipe()
    reader, writer = pipe
    called = []
    waiter.watch(reader, 0, lambda: (called.append("first"), os.read(reader, 1), waiter.forget(other_reader)))
    waiter.watch(other_reader, 1, lambda: called.append("second"))
    os.write(writer, b"x")
    os.write(other_writer, b"x")
    waiter.wait()
    assert called == ["first"]
    os.close(other_reader)
    os.close(other_writer)


def test_a_deadline_in_the_far_future_is_none_too_far(waiter, pipe):
    reader, writer = pipe
    called = []
    waiter.watch(reader, 0, lambda: called.append(os.read(reader, 1)))
    waiter.at(waiter.now() + 1e12, lambda: called.append("alarm"))
    os.write(writer, b"x")
    waiter.wait()
    assert called == [b"x"]
