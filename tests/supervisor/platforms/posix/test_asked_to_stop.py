"""The signals that ask this process to stop, and what it keeps to itself."""

import sys

import pytest

from farmhand.supervisor.rules.exitstatus import Exit

# Says how it is asked to stop; told twice, it dies of it.
STOPPED = """
import os
{native}
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
def test_signals_are_heeded_and_died_of(shell, command, unheeded, heeded):
    pipe = shell.platform.pipe()
    script = STOPPED.format(native=shell.native)
    tree = shell.spawn("/usr/bin/env", *command, sys.executable, "-c", script, stdout=pipe.writer)
    for signal in ("ready", *unheeded, *heeded):
        if signal != "ready":
            tree.signal(signal, whom="main")
        if signal not in unheeded:
            assert shell.readable(pipe.fileno(), 10)
            assert pipe.read() == signal.encode()
    assert shell.exit_of(tree) == Exit(signal=heeded[-1])
    pipe.close()


def test_a_private_folder_and_file_are_for_their_owner_alone(shell):
    folder, file = shell.folder / "folder", shell.folder / "file"
    folder.mkdir(mode=0o777)
    file.write_text("secret")
    shell.platform.keep_private(str(folder))
    shell.platform.keep_private(str(file))
    assert [path.stat().st_mode & 0o777 for path in (folder, file)] == [0o700, 0o600]
