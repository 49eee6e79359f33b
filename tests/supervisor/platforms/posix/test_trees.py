"""What POSIX adds to the contract: forks, sessions, signals by name, orphans, marks in the environment."""

import os
import signal
import sys

import pytest

from farmhand.supervisor.rules.exitstatus import Exit

# Forks twice into a session of its own and lives on there, deaf to SIGTERM; writes its id to the file "daemon".
DAEMON = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open("daemon", "w").write(str(os.getpid()))
        time.sleep(1000)
    os._exit(0)
os.wait()
"""


# Has a child that ends at once, and a grandchild that does so in a session of its own; their ids are in files.
PASSING = """
import os, time
if os.fork() == 0:
    open("child", "w").write(str(os.getpid()))
    os._exit(0)
if (middle := os.fork()) == 0:
    os.setsid()
    if os.fork() == 0:
        open("orphan", "w").write(str(os.getpid()))
    os._exit(0)
os.waitpid(middle, 0)
time.sleep(1000)
"""


# Each process is gone as soon as it is seen, but for its child.
RUNNER = """
import os, time
open("ran", "w").write("1")
deadline = time.monotonic() + 30
while time.monotonic() < deadline:
    if os.fork():
        os._exit(0)
    os.setsid()
"""


HYDRA = """
import os, time
open("ran", "w").write("1")
deadline = time.monotonic() + 30
for _ in range(4):
    os.fork()
while time.monotonic() < deadline:
    if os.fork():
        os._exit(0)
    time.sleep(0.001)
"""


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("exit 0", Exit(code=0)),
        ("exit 47", Exit(code=47)),
        ("exit 255", Exit(code=255)),
        ("kill -TERM $$", Exit(signal="SIGTERM")),
        ("kill -KILL $$", Exit(signal="SIGKILL")),
        (f"kill -{signal.SIGRTMIN + 3} $$", Exit(signal="SIGRTMIN+3")),
    ],
)
def test_an_exit_is_noticed_and_named(shell, script, expected):
    assert shell.exit_of(shell.sh(script)) == expected


def test_a_daemon_that_ignores_sigterm_is_killed(shell):
    tree = shell.python(f"{DAEMON}time.sleep(1000)", cwd=str(shell.folder))
    daemon = shell.pid_in("daemon")
    tree.signal("SIGTERM", whom="all")
    assert shell.exit_of(tree) == Exit(signal="SIGTERM")
    assert tree.members() == {daemon}
    tree.kill()
    shell.until_empty(tree)
    assert not shell.alive(daemon)


@pytest.mark.parametrize("script", [RUNNER, HYDRA], ids=["into new sessions", "sixteen at once"])
def test_who_forks_all_the_time_is_killed(shell, script):
    tree = shell.python(script, cwd=str(shell.folder))
    shell.pid_in("ran")
    shell.exit_of(tree)
    tree.kill()
    shell.until_empty(tree)


def test_a_tree_whose_processes_are_gone_before_one_can_look_is_not_empty(shell):
    """Nobody can promise to see one of them each time where the system does not tell of orphans."""
    tree = shell.python(RUNNER, cwd=str(shell.folder))
    shell.exit_of(tree)
    seen = [bool(tree.members()) for _ in range(20)]
    assert sum(seen) >= (10 if shell.platform.name == "posix" else 20)


def test_no_fork_slips_past_a_kill(shell):
    """One kill is enough, but where the system does not tell of orphans: there the loop kills at each look."""
    tree = shell.python(HYDRA, cwd=str(shell.folder))
    shell.pid_in("ran")
    shell.exit_of(tree)
    tree.kill()
    if shell.platform.name == "posix":
        shell.until_empty(tree)
    else:
        shell.until(lambda: not tree.members())


def test_a_signal_reaches_the_main_process_alone(shell):
    script = "trap 'echo 1 > main' USR1; (trap 'echo 1 > child' USR1; echo 1 > ready; while :; do sleep 0.01; done) &"
    tree = shell.sh(f"{script} while :; do sleep 0.01; done", cwd=str(shell.folder))
    shell.pid_in("ready")
    tree.signal("SIGUSR1", whom="main")
    shell.pid_in("main")
    assert not (shell.folder / "child").exists()
    tree.signal("SIGTERM", whom="all")
    shell.until_empty(tree)


def test_who_waits_at_a_gate_begins_when_it_opens(shell):
    gate, opener = os.pipe()
    tree = shell.sh("exit 5", gate=gate)
    assert not shell.readable(tree.exec_fileno())
    assert tree.poll() is None
    os.write(opener, b"x")
    assert shell.exit_of(tree) == Exit(code=5)
    os.close(gate)
    os.close(opener)


def test_who_has_ended_was_in_the_tree_that_it_was_born_in(shell):
    """Its mother may not have noticed yet; of an orphan that began a session nobody knows whose it was."""
    other = shell.sh("exec sleep 1000")
    tree = shell.python(PASSING, cwd=str(shell.folder))
    child, orphan = shell.pid_in("child"), shell.pid_in("orphan")
    told = shell.platform.name == "linux"
    shell.until(lambda: tree.lost(child) is told and tree.lost(orphan) is told)
    assert not other.lost(child)
    assert not tree.lost(tree.pid)
    shell.until(lambda: tree.members() == {tree.pid})
    assert tree.lost(orphan) is told
    shell.platform.reap_strangers()
    assert not tree.lost(orphan)


def test_orphans_are_reaped(shell):
    tree = shell.sh("(sleep 0.05 & echo $! > orphan); exec sleep 1000", cwd=str(shell.folder))
    orphan = shell.pid_in("orphan")
    reaped = set()
    shell.until(lambda: reaped.update(shell.platform.reap_strangers()) or not shell.exists(orphan))
    assert orphan in reaped or shell.platform.name == "posix"  # there init does it
    assert tree.poll() is None


def test_one_can_know_that_the_program_runs(shell):
    tree = shell.sh("exec sleep 1000", nice=1)
    assert shell.readable(tree.exec_fileno(), 10)
    assert tree.refusal() is None
    assert tree.poll() is None
    assert shell.sh("exec sleep 1000").exec_fileno() is None


# An owner of trees in a tree, whose own tells what it has in its environment.
NESTED = """
import select
from farmhand.supervisor.platforms import Order
{native}
platform.adopt_orphans()
tree = platform.spawn(Order("/usr/bin/env", ["env"], {{}}, "inner", stdout=1))
select.select([tree.fileno()], [], [])
"""


@pytest.mark.parametrize("around", ["", "outermost"])
def test_a_child_of_an_owner_in_a_tree_has_the_marks_around_it(shell, around):
    script = NESTED.format(native=shell.native)
    env = shell.output_of(sys.executable, "-c", script, mark="outer", env={"FARMHAND_TREE": around}).split()
    assert set(env) == {"INVOCATION_ID=inner", f"FARMHAND_TREE={'outermost/' if around else ''}outer"}


def test_a_daemon_belongs_to_one_of_the_trees_that_share_its_mark(shell):
    trees = [shell.python(DAEMON, cwd=str(shell.folder), mark="shared"), shell.sh("exec sleep 1000", mark="shared")]
    daemon = shell.pid_in("daemon")
    shell.exit_of(trees[0])
    assert [tree.members() for tree in trees] == [{daemon}, {trees[1].pid}]
    trees[0].kill()
    shell.until_empty(trees[0])
    trees[0].close()
    assert trees[1].members() == {trees[1].pid}


def test_a_tree_has_a_session_of_its_own(shell):
    tree = shell.sh("exec sleep 1000")
    assert os.getsid(tree.pid) == tree.pid


def test_the_marked_are_ended_but_not_those_that_are_known(shell):
    one, two = (f"{name}-{os.getpid()}" for name in ("one", "two"))  # nobody else's on this machine
    known, unknown, other = (shell.sh("exec sleep 1000", mark=mark) for mark in (one, one, two))
    ended = shell.successor().end_marked(frozenset({one}), [known.kept()])
    assert ended == {unknown.pid}
    assert (known.poll(), other.poll()) == (None, None)
    assert not shell.alive(unknown.pid)


# Sends two messages, the first with a descriptor.
SENDER = r"""
import os, socket
address = os.environ["NOTIFY_SOCKET"]
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.connect("\0" + address[1:] if address[0] == "@" else address)
socket.send_fds(notify, [b"READY=1"], [0])
notify.send(b"STATUS=x")
"""


def test_descriptors_that_come_with_messages_are_closed(shell):
    notify = shell.platform.notify_socket()
    tree = shell.python(SENDER, env={"NOTIFY_SOCKET": notify.address})
    before = len(os.listdir("/dev/fd"))
    shell.exit_of(tree)
    assert [datagram.data for datagram in notify.receive()] == [b"READY=1", b"STATUS=x"]
    assert len(os.listdir("/dev/fd")) == before
    notify.close()
    assert notify.address.startswith("@") or not os.path.exists(os.path.dirname(notify.address))
