"""A program's end, with a tree that dies as slowly as a test wants it to."""

import logging
import os
from math import inf

import pytest

from farmhand.supervisor.platforms import native
from farmhand.supervisor.rules.exitstatus import Exit
from farmhand.worker.program import KILL_AGAIN, STUBBORN, Program


class SlowTree:
    """A tree whose orphan survives some kills; all else is as `farmhand.supervisor.platforms` promises."""

    pid = 4711

    def __init__(self, lives):
        self.lives, self.exit, self.closed = lives, None, False
        self.ending, self._writer = os.pipe()

    def fileno(self):
        return self.ending

    def poll(self):
        return self.exit

    def refusal(self):
        return None

    def members(self):
        return frozenset({4712} if self.lives > 0 else ())

    def kill(self):
        self.lives -= 1
        self.exit = self.exit or Exit(signal="SIGKILL")

    def close(self):
        self.closed = True
        os.close(self.ending)
        os.close(self._writer)


class Machine:
    """Has real pipes, and its own tree."""

    pipe = staticmethod(native().pipe)

    def __init__(self, tree):
        self.tree = tree

    def spawn(self, order):
        self.output = os.dup(order.stdout)
        return self.tree


@pytest.fixture
def selector():
    with native().selector() as made:
        yield made
        assert not made.get_map(), "all is unregistered before it is closed"


def started(selector, lives):
    tree = SlowTree(lives)
    machine = Machine(tree)
    return Program(machine, selector, ["true"], os.environ, "a mark", None), tree, machine


def test_it_is_over_only_when_nothing_of_it_is_left(selector):
    program, tree, machine = started(selector, lives=3)
    assert not program.over
    tree.exit = Exit(code=0)
    os.write(machine.output, b"last words")
    assert program.look(0.0) == []
    assert (program.over, program.due) == (False, KILL_AGAIN)
    program.look(KILL_AGAIN / 2)
    assert tree.lives == 2, "not before its time"
    program.look(program.due)
    program.look(program.due)
    assert program.over
    assert program.close() == ["last words"], "although somebody still holds the output open"
    assert tree.closed
    os.close(machine.output)


def test_what_cannot_be_killed_is_complained_about(selector, caplog):
    program, _, machine = started(selector, lives=10**6)
    program.kill(0.0)
    with caplog.at_level(logging.ERROR):
        program.look(0.0)
        while program.due < STUBBORN:
            program.look(program.due)
        assert not caplog.records
        program.look(STUBBORN + KILL_AGAIN)
    assert "processes [4712] do not end" in caplog.text
    program.close()
    os.close(machine.output)


def test_it_is_known_since_when_a_line_has_not_been_ended(selector):
    program, tree, machine = started(selector, lives=1)
    begun = []
    for now, written in enumerate((b"one\n", b"tw", b".", b"o\nthr", b"ee\n", b"four")):
        os.write(machine.output, written)
        program.look(float(now))
        begun.append(program.line_begun)
    assert begun == [inf, 1.0, 1.0, 3.0, inf, 5.0]
    assert program.cut_line() == ["four"]
    assert program.line_begun == inf
    tree.exit = Exit(code=0)
    program.look(6.0)
    program.close()
    os.close(machine.output)


def test_the_loop_is_woken_by_output_and_by_the_end_and_by_nothing_else(selector):
    program, tree, machine = started(selector, lives=1)
    assert selector.select(0) == []
    os.write(machine.output, b"word\n")
    assert len(selector.select(10)) == 1
    assert program.look(0.0) == ["word"]
    os.close(machine.output)
    assert len(selector.select(10)) == 1
    program.look(0.0)
    assert selector.select(0) == []
    tree.exit = Exit(code=0)
    program.look(0.0)
    assert program.over
    assert program.close() == []
