"""What a loop waits with beside process trees: the output of programs, other threads, the signals that stop it."""

import selectors
import sys
import threading
import time

import pytest

from farmhand.supervisor.rules.exitstatus import Exit

DEADLINE = 10.0


class Wait:
    """The platform's own selector, and the waiting."""

    def __init__(self, platform):
        self.selector = platform.selector()

    def watch(self, *watched):
        for each in watched:
            self.selector.register(each.fileno(), selectors.EVENT_READ)

    def ready(self, seconds=DEADLINE):
        return {key.fd for key, _ in self.selector.select(seconds)}


@pytest.fixture
def wait(shell):
    made = Wait(shell.platform)
    yield made
    made.selector.close()


def everything(pipe, wait):
    """Read to the end."""
    wait.watch(pipe)
    read, end = [], time.monotonic() + DEADLINE
    while time.monotonic() < end:
        assert wait.ready(), "nothing told of what was written, or of the end"
        try:
            read.append(pipe.read())
        except BlockingIOError:
            continue
        if not read[-1]:
            return b"".join(read)
    raise AssertionError("there was no end")


def test_output_of_a_program_is_read_to_its_end(shell, wait):
    pipe = shell.platform.pipe()
    tree = shell.python(
        "import os; [os.write(1, b'x' * 1000) for _ in range(300)]; os.write(2, b'.')",
        stdout=pipe.writer,
        stderr=pipe.writer,
    )
    pipe.close_writer()
    assert everything(pipe, wait) == b"x" * 300_000 + b"."
    assert pipe.read() == b""
    pipe.close()
    assert shell.exit_of(tree) == Exit(code=0)


def test_a_pipe_is_used_for_one_program_after_the_other(shell):
    pipe = shell.platform.pipe()
    for word in ("one", "two"):
        shell.exit_of(shell.python("import os, sys; os.write(1, sys.argv[1].encode())", word, stdout=pipe.writer))
        assert pipe.read() == word.encode()
        with pytest.raises(BlockingIOError):
            pipe.read()
    pipe.close()


def test_an_idle_pipe_keeps_nobody_awake(shell, wait):
    pipe = shell.platform.pipe()
    wait.watch(pipe)
    assert wait.ready(0.02) == set()
    with pytest.raises(BlockingIOError):
        pipe.read()
    pipe.close()


def test_another_thread_ends_the_wait(shell, wait):
    waker = shell.platform.waker()
    wait.watch(waker)
    assert wait.ready(0.02) == set()
    thread = threading.Thread(target=lambda: [waker.wake() for _ in range(3)])
    thread.start()
    assert wait.ready() == {waker.fileno()}
    thread.join()
    assert wait.ready() == {waker.fileno()}
    waker.rest()
    assert wait.ready(0.02) == set()
    waker.close()


def test_waking_never_waits(shell):
    waker = shell.platform.waker()
    for _ in range(100_000):
        waker.wake()
    waker.rest()
    waker.close()


def test_a_private_folder_and_file_are_for_their_owner_alone(shell):
    folder, file = shell.folder / "folder", shell.folder / "file"
    folder.mkdir(mode=0o777)
    file.write_text("secret")
    shell.platform.keep_private(str(folder))
    shell.platform.keep_private(str(file))
    assert [path.stat().st_mode & 0o777 for path in (folder, file)] == [0o700, 0o600]


# Says how it is asked to stop; told twice, it dies of it. `nohup` has the first one ignored.
STOPPED = """
import os
from farmhand.supervisor.platforms.{module} import {name}
platform = {name}()
platform.adopt_orphans()
heard = ["ready"]
platform.on_signals(heard.append)
with platform.selector() as selector:
    selector.register(platform.fileno(), 1)
    for said in range(3):
        while len(heard) <= said:
            selector.select(10)
            platform.reap_strangers()
        os.write(1, heard[said].encode())
platform.die_of(heard[-1])
"""


@pytest.mark.parametrize(
    ("command", "unheeded", "heeded"),
    [((), (), ("SIGHUP", "SIGTERM")), (("nohup",), ("SIGHUP",), ("SIGTERM", "SIGINT"))],
)
def test_signals_are_heeded_and_died_of(shell, wait, command, unheeded, heeded):
    name = type(shell.platform).__name__
    pipe = shell.platform.pipe()
    script = STOPPED.format(module=name.lower(), name=name)
    tree = shell.spawn("/usr/bin/env", *command, sys.executable, "-c", script, stdout=pipe.writer)
    wait.watch(pipe)
    for signal in ("ready", *unheeded, *heeded):
        if signal != "ready":
            tree.signal(signal, whom="main")
        if signal not in unheeded:
            assert wait.ready() == {pipe.fileno()}
            assert pipe.read() == signal.encode()
    assert shell.exit_of(tree) == Exit(signal=heeded[-1])
    pipe.close()
