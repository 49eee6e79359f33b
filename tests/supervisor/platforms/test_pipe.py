"""What a loop waits with beside process trees: the output of programs, and other threads."""

import threading
import time

import pytest
from shells import DEADLINE

from farmhand.supervisor.rules.exitstatus import Exit

A_MOMENT = 0.02


def everything(pipe, shell):
    """Read to the end."""
    read, end = [], time.monotonic() + DEADLINE
    while time.monotonic() < end:
        assert shell.readable(pipe.fileno(), DEADLINE), "nothing told of what was written, or of the end"
        try:
            read.append(pipe.read())
        except BlockingIOError:
            continue
        if not read[-1]:
            return b"".join(read)
    raise AssertionError("there was no end")


def test_output_of_a_program_is_read_to_its_end(shell):
    pipe = shell.platform.pipe()
    script = "for _ in range(300): os.write(1, b'x' * 1000)\nos.write(2, b'.')"
    tree = shell.child(script, stdout=pipe.writer, stderr=pipe.writer)
    pipe.close_writer()
    assert everything(pipe, shell) == b"x" * 300_000 + b"."
    assert pipe.read() == b""
    pipe.close()
    assert shell.exit_of(tree) == Exit(code=0)


def test_a_pipe_is_used_for_one_program_after_the_other(shell):
    pipe = shell.platform.pipe()
    for word in (b"one", b"two"):
        shell.exit_of(shell.child(f"os.write(1, {word!r})", stdout=pipe.writer))
        assert pipe.read() == word
        with pytest.raises(BlockingIOError):
            pipe.read()
    pipe.close()


def test_an_idle_pipe_keeps_nobody_awake(shell):
    pipe = shell.platform.pipe()
    assert not shell.readable(pipe.fileno(), A_MOMENT)
    with pytest.raises(BlockingIOError):
        pipe.read()
    pipe.close()


def test_another_thread_ends_the_wait(shell):
    waker = shell.platform.waker()
    assert not shell.readable(waker.fileno(), A_MOMENT)
    thread = threading.Thread(target=lambda: [waker.wake() for _ in range(3)])
    thread.start()
    assert shell.readable(waker.fileno(), DEADLINE)
    thread.join()
    assert shell.readable(waker.fileno(), DEADLINE), "until it is told to rest"
    waker.rest()
    assert not shell.readable(waker.fileno(), A_MOMENT)
    waker.close()


def test_waking_never_waits(shell):
    waker = shell.platform.waker()
    for _ in range(100_000):
        waker.wake()
    waker.rest()
    waker.close()
