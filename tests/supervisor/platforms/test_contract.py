"""What every platform's process trees have to keep; the same tests for each."""

import fcntl
import os
import resource
import select
import signal
import sys
import threading
from dataclasses import replace

import pytest

from farmhand.supervisor.platforms import launch
from farmhand.supervisor.rules.exitstatus import Exit

PYTHON = sys.executable

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

# Keeps nothing by which it could be found but its parent; writes its id to the file "nameless".
NAMELESS = """
import os, time
os.setsid()
open("nameless", "w").write(str(os.getpid()))
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

# An owner of trees that is itself a member of one: what the worker is to the supervisor.
OWNER = """
import sys, time
from farmhand.supervisor.platforms import Order
from farmhand.supervisor.platforms.{module} import {name}
{name}.adopt_orphans()
tree = {name}.spawn(Order(sys.executable, [sys.executable, "-c", sys.argv[1]], {{}}, "task"))
time.sleep(1000)
"""

# Signals 32 and 33 are the C library's. Its posix_spawn, which make uses, leaves them ignored; nobody else can tell.
LIBRARYS_OWN = 0b11 << 31

# Sends two messages, the first with a descriptor.
SENDER = r"""
import os, socket
address = os.environ["NOTIFY_SOCKET"]
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.connect("\0" + address[1:] if address[0] == "@" else address)
socket.send_fds(notify, [b"READY=1"], [0])
notify.send(b"STATUS=x")
"""


def readable(descriptor, timeout=0.0):
    return bool(select.select([descriptor], [], [], timeout)[0])


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


def test_an_exit_is_told_while_a_descendant_holds_the_output(shell):
    reader, writer = os.pipe()
    tree = shell.sh("sleep 1000 & exit 3", stdout=writer)
    os.close(writer)
    assert shell.exit_of(tree) == Exit(code=3)
    assert not readable(reader)
    os.close(reader)


def test_nothing_is_readable_while_the_main_process_runs(shell):
    tree = shell.sh("exec sleep 1000")
    assert not readable(tree.fileno(), 0.05)
    assert tree.poll() is None


def test_many_that_end_at_once_are_all_noticed(shell):
    trees = [shell.sh(f"exit {n}") for n in range(40)]
    assert [shell.exit_of(tree).code for tree in trees] == list(range(40))


def test_a_tree_has_its_descendants_and_no_others(shell):
    other = shell.sh("sleep 1000 & echo $! > other; wait", cwd=str(shell.folder))
    tree = shell.sh("sleep 1000 & echo $! > child; wait", cwd=str(shell.folder))
    child, stranger = shell.pid_in("child"), shell.pid_in("other")
    assert tree.members() == {tree.pid, child}
    assert other.members() == {other.pid, stranger}


def test_a_daemon_is_a_member_also_after_the_main_process(shell):
    tree = shell.python(DAEMON, cwd=str(shell.folder))
    daemon = shell.pid_in("daemon")
    assert shell.exit_of(tree) == Exit(code=0)
    assert tree.members() == {daemon}


def test_a_member_that_cleared_its_environment_is_remembered(shell):
    reader, writer = os.pipe()
    script = f"env -i {PYTHON} -c '{NAMELESS}' & read line"
    tree = shell.sh(script, stdin=reader, cwd=str(shell.folder))
    os.close(reader)
    nameless = shell.pid_in("nameless")
    assert nameless in tree.members()
    os.close(writer)
    shell.exit_of(tree)
    assert tree.members() == {nameless}


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


def test_no_fork_slips_past_a_kill(shell):
    tree = shell.python(HYDRA, cwd=str(shell.folder))
    shell.pid_in("ran")
    shell.exit_of(tree)
    tree.kill()
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


@pytest.mark.parametrize("ending", ["after", "before"], ids=["a child of ours", "still another's child"])
def test_another_member_can_lead(shell, ending):
    script = "(echo $(exec sh -c 'echo $PPID') > next; while [ ! -e go ]; do sleep 0.01; done; exit 5) &"
    tree = shell.sh(f"{script} while [ ! -e end ]; do sleep 0.01; done", cwd=str(shell.folder))
    first, following = tree.pid, shell.pid_in("next")
    if ending == "after":
        (shell.folder / "end").touch()
        shell.exit_of(tree)
        assert tree.orphans() == ({following} if shell.platform.name == "linux" else set())
    led = tree.lead(following)
    assert led is (shell.platform.name == "linux")  # elsewhere nobody tells when it ends
    if not led:
        return
    assert (tree.pid, tree.poll(), readable(tree.fileno())) == (following, None, False)
    assert tree.members() >= ({following} if ending == "after" else {first, following})
    (shell.folder / "end").touch()
    shell.until(lambda: shell.platform.reap_strangers() or not shell.alive(first))
    (shell.folder / "go").touch()
    assert shell.exit_of(tree) == Exit(code=5)
    shell.until_empty(tree)


def test_nobody_leads_who_is_no_member(shell):
    tree, other = shell.sh("exec sleep 1000"), shell.sh("exec sleep 1000")
    assert not tree.lead(other.pid)
    assert tree.members() == {tree.pid}


def test_who_waits_at_a_gate_begins_when_it_opens(shell):
    gate, opener = os.pipe()
    tree = shell.sh("exit 5", gate=gate)
    assert not readable(tree.exec_fileno())
    assert tree.poll() is None
    os.write(opener, b"x")
    assert shell.exit_of(tree) == Exit(code=5)
    os.close(gate)
    os.close(opener)


def test_a_signal_to_who_is_gone_is_no_error(shell):
    tree = shell.sh("exit 0")
    shell.exit_of(tree)
    tree.signal("SIGTERM", whom="main")
    tree.signal("SIGTERM", whom="all")
    tree.kill()
    assert tree.members() == frozenset()


def test_the_trees_of_a_killed_owner_are_members_of_its_own(shell):
    owner = OWNER.format(module=shell.platform.name, name=shell.platform.name.upper())
    tree = shell.python(owner, f"{DAEMON}time.sleep(1000)", cwd=str(shell.folder))
    daemon = shell.pid_in("daemon")
    tree.signal("SIGKILL", whom="main")
    assert shell.exit_of(tree) == Exit(signal="SIGKILL")
    assert daemon in tree.members()
    tree.kill()
    shell.until_empty(tree)
    assert not shell.alive(daemon)


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


def test_close_gives_everything_back(shell):
    before = len(os.listdir("/dev/fd"))
    for order in ({}, {"nice": 1}, {"cwd": "/nowhere"}):
        tree = shell.sh("exit 0", **order)
        shell.exit_of(tree)
        tree.close()
    assert len(os.listdir("/dev/fd")) == before


@pytest.mark.parametrize("settings", [{}, {"nice": 1}], ids=["at once", "by a fork"])
@pytest.mark.parametrize(
    ("order", "code", "words"),
    [
        ({"program": "/nowhere/program"}, 203, "cannot execute /nowhere/program: No such file or directory"),
        ({"program": "true", "cwd": "/bin"}, 203, "cannot execute true: No such file or directory"),
        ({"argv": ()}, 204, "cannot execute /bin/true: all its words are variables that are not set"),
        ({"program": "/etc/passwd"}, 203, "cannot execute /etc/passwd: Permission denied"),
        ({"cwd": "/nowhere"}, 200, "cannot change to /nowhere: No such file or directory"),
        ({"user": "nobody-knows"}, 217, "cannot become user nobody-knows: there is no user 'nobody-knows'"),
        ({"group": "nobody-knows"}, 216, "there is no group 'nobody-knows'"),
        ({"limits": {"NOFILE": (9, 8)}}, 205, "cannot set the resource limits: "),
        ({"oom_score_adjust": 5000}, 206, "cannot set OOMScoreAdjust=5000: Invalid argument"),
        ({"group": "4294967"}, 216, "there is no group '4294967'"),
        ({"cpus": frozenset()}, 215, "Invalid argument"),
        ({"cpu_policy": "fifo", "cpu_priority": 1000}, 214, "cannot set CPUSchedulingPolicy=fifo: Invalid argument"),
    ],
)
def test_what_the_system_refuses_has_systemds_exit_code(shell, order, code, words, settings):
    order = {**order, **settings}
    tree = shell.spawn("/bin/true", **order)
    if (told := tree.exec_fileno()) is not None:
        assert readable(told, 10)
    assert words in tree.refusal()
    assert shell.exit_of(tree) == Exit(code=code)
    assert tree.members() == frozenset()
    tree.signal("SIGTERM", whom="main")
    tree.kill()


def test_one_can_know_that_the_program_runs(shell):
    tree = shell.sh("exec sleep 1000", nice=1)
    assert readable(tree.exec_fileno(), 10)
    assert tree.refusal() is None
    assert tree.poll() is None
    assert shell.sh("exec sleep 1000").exec_fileno() is None


def output_of(shell, *argv, **order):
    """Run a program to its end and return what it wrote."""
    path = shell.folder / "output"
    with path.open("wb") as file:
        shell.exit_of(shell.spawn(*argv, stdout=file.fileno(), **order))
    return path.read_text()


FILES = 321, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
RESETS = f"exec {sys.executable} -c 'import os; print(bool(os.sched_getscheduler(0) & os.SCHED_RESET_ON_FORK))'"
SETTINGS = [
    pytest.param({"cwd": "/usr"}, "pwd", "/usr", id="folder"),
    pytest.param({"cwd": "/nowhere", "cwd_optional": True}, "pwd", os.getcwd(), id="optional folder"),
    pytest.param({"umask": 0o027}, "umask", "0027", id="umask"),
    pytest.param({"nice": 7}, "nice", "7", id="nice"),
    pytest.param({"cpus": {0}}, "grep -o 'Cpus_allowed_list:.*' /proc/self/status", "Cpus_allowed_list:\t0", id="cpus"),
    pytest.param({"cpu_reset_on_fork": True, "nice": 1}, RESETS, "False", id="a reset on fork alone"),
    pytest.param({"cpu_reset_on_fork": True, "cpu_policy": "other"}, RESETS, "True", id="a reset on fork"),
    pytest.param({"cpu_policy": "idle", "cpu_reset_on_fork": True}, "cut -d' ' -f41 /proc/$$/stat", "5", id="idle"),
    pytest.param(
        {"ignore_sigpipe": True},
        "printf %x $((0x$(sed -n 's/SigIgn:\t//p' /proc/self/status) & 0xffff))",
        "1000",
        id="pipe",
    ),
    pytest.param({"group": "nogroup", "cwd": "/"}, "id -G", "65534", id="group"),
    pytest.param({"limits": {"NOFILE": (123, 456)}}, "echo $(ulimit -Sn) $(ulimit -Hn)", "123 456", id="limits"),
    pytest.param(
        {"limits": {"NOFILE": (99, 1 << 40)}},
        "echo $(ulimit -Sn) $(ulimit -Hn)",
        f"99 {resource.getrlimit(resource.RLIMIT_NOFILE)[1]}",
        id="a limit that is out of reach",
    ),
    pytest.param({"files": FILES}, "echo $(ulimit -Sn) $(ulimit -Hn)", f"{FILES[0]} {FILES[1]}", id="files"),
    pytest.param({"files": FILES, "limits": {"NOFILE": (99, 99)}}, "ulimit -Sn", "99", id="a limit rather than files"),
    pytest.param({"limits": {"CORE": (0, None)}}, "echo $(ulimit -Sc) $(ulimit -Hc)", "0 unlimited", id="no limit"),
    pytest.param({"user": "nobody", "cwd": "/"}, "id -un", "nobody", id="user"),
    pytest.param({"user": "65534", "cwd": "/"}, "id -u", "65534", id="user by number"),
    pytest.param({"group": "daemon"}, "id -gn", "daemon", id="group"),
    pytest.param(
        {"user": "nobody", "group": "daemon", "supplementary_groups": ("video",), "cwd": "/"},
        "id -Gn",
        "daemon video",
        id="groups",
    ),
]


def test_a_stream_may_have_a_number_above_the_limit_of_the_program(shell):
    """As the logs of a thousand services have."""
    path = shell.folder / "output"
    with path.open("wb") as file:
        high = fcntl.fcntl(file.fileno(), fcntl.F_DUPFD_CLOEXEC, 400)
    try:
        shell.exit_of(shell.sh("ulimit -Sn", stdout=high, files=FILES))
    finally:
        os.close(high)
    assert path.read_text() == f"{FILES[0]}\n"


@pytest.mark.parametrize("together", [{}, {"oom_score_adjust": 1}], ids=["at once", "by a fork"])
@pytest.mark.parametrize(("order", "script", "expected"), SETTINGS)
def test_a_process_is_set_up_as_ordered(shell, order, script, expected, together):
    if {"user", "group"} & order.keys() and os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    assert output_of(shell, "/bin/sh", "-c", script, **order, **together).strip() == expected


@pytest.mark.parametrize("together", [{}, {"nice": 1}], ids=["at once", "by a fork"])
def test_a_program_may_be_told_an_empty_name(shell, together):
    told = output_of(shell, "/bin/cat", argv=("", "/proc/self/cmdline"), **together)
    assert told.split("\0") == ["", "/proc/self/cmdline", ""]


def test_a_process_is_set_up_as_ordered_where_there_are_other_threads(shell):
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        order = {"files": FILES, "umask": 0o027, "cwd": "/usr"}
        assert output_of(shell, "/bin/sh", "-c", "echo $(ulimit -Sn) $(umask) $(pwd)", **order) == "321 0027 /usr\n"
    finally:
        done.set()
        other.join()


def test_what_the_system_has_nothing_for_is_left_out(shell, monkeypatch):
    monkeypatch.setattr(launch, "SKIPPED", frozenset({"cpu", "io"}))
    order = {"cpu_policy": "idle", "io_class": "idle", "nice": 7}
    assert output_of(shell, "/bin/sh", "-c", "cut -d' ' -f41 /proc/$$/stat; nice", **order).split() == ["0", "7"]


@pytest.mark.parametrize("order", [{}, {"nice": 1}], ids=["at once", "by a fork"])
def test_a_child_has_the_environment_it_was_given_and_its_mark(shell, order):
    given = {"LC_CTYPE": "C", "PYTHONPATH": "/x", "EMPTY": "", "LINES": "a\nb"}
    output = output_of(shell, "/usr/bin/env", "-0", bare_env=given, **order)
    env = dict(variable.split("=", 1) for variable in output.rstrip("\0").split("\0"))
    around, _, own = shell.trees[-1].mark.rpartition("/")
    assert env == {**given, "INVOCATION_ID": own} | ({"FARMHAND_TREE": around} if around else {})


@pytest.mark.parametrize("around", ["", "outermost"])
def test_a_child_of_an_owner_in_a_tree_has_the_marks_around_it(shell, monkeypatch, around):
    monkeypatch.setenv("INVOCATION_ID", "outer")
    monkeypatch.setenv("FARMHAND_TREE", around)
    env = output_of(shell, "/usr/bin/env", bare_env={}).split()
    assert f"FARMHAND_TREE={'outermost/' if around else ''}outer" in env


def test_a_daemon_belongs_to_one_of_the_trees_that_share_its_mark(shell):
    trees = [shell.python(DAEMON, cwd=str(shell.folder), mark="shared"), shell.sh("exec sleep 1000", mark="shared")]
    daemon = shell.pid_in("daemon")
    shell.exit_of(trees[0])
    assert [tree.members() for tree in trees] == [{daemon}, {trees[1].pid}]
    trees[0].kill()
    shell.until_empty(trees[0])
    trees[0].close()
    assert trees[1].members() == {trees[1].pid}


def test_how_many_files_a_child_may_open_is_its_own_matter(shell):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    shell.exit_of(shell.sh("exit 0", files=FILES))
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


@pytest.mark.parametrize("order", [{}, {"nice": 1}], ids=["at once", "by a fork"])
def test_a_child_inherits_its_three_files_and_default_signals(shell, order):
    output = output_of(shell, "/bin/sh", "-c", "grep -E 'SigBlk|SigIgn' /proc/self/status; ls /proc/$$/fd", **order)
    signals, descriptors = output.split()[:4], output.split()[4:]
    blocked, ignored = int(signals[1], 16), int(signals[3], 16)
    assert (blocked, ignored & ~LIBRARYS_OWN) == (0, 0)
    assert set(descriptors) <= {"0", "1", "2", "255"}


def test_a_tree_has_a_session_of_its_own(shell):
    tree = shell.sh("exec sleep 1000")
    assert os.getsid(tree.pid) == tree.pid


def test_a_notify_socket_hears_its_senders(shell):
    notify = shell.platform.notify_socket()
    assert notify.receive() == []
    tree = shell.python(SENDER, env={"NOTIFY_SOCKET": notify.address})
    before = len(os.listdir("/dev/fd"))
    shell.exit_of(tree)
    assert readable(notify.fileno(), 0)
    datagrams = notify.receive()
    assert [datagram.data for datagram in datagrams] == [b"READY=1", b"STATUS=x"]
    if shell.platform.name == "linux":
        assert {(datagram.pid, datagram.uid) for datagram in datagrams} == {(tree.pid, os.getuid())}
    assert len(os.listdir("/dev/fd")) == before
    notify.close()
    assert notify.address.startswith("@") or not os.path.exists(os.path.dirname(notify.address))


@pytest.mark.parametrize("own", [True, False], ids=["by the same process", "by another"])
def test_a_tree_is_adopted_as_it_was_kept(shell, own):
    begets = "sleep 1000 & (setsid sleep 1000 &); echo $$ > up"
    tree = shell.sh(f"{begets}; while [ ! -e go ]; do sleep 0.01; done; exit 5", cwd=str(shell.folder))
    shell.pid_in("up")
    shell.until(lambda: len(tree.members()) >= 3)
    adopted = shell.successor().adopt(tree.kept(), own=own)
    assert (adopted.pid, adopted.poll(), readable(adopted.fileno())) == (tree.pid, None, False)
    shell.until(lambda: adopted.members() == tree.members())
    (shell.folder / "go").touch()
    shell.until(lambda: readable(adopted.fileno()) or adopted.poll())
    exit = shell.until(adopted.poll)
    assert exit == Exit(code=5) or (exit.lost and not own)
    adopted.kill()
    shell.until(lambda: not adopted.members())
    adopted.close()


def test_what_ended_before_it_was_adopted_is_lost(shell):
    tree = shell.sh("exec sleep 1000")
    kept = tree.kept()
    tree.kill()
    shell.exit_of(tree)
    adopted = shell.successor().adopt(kept, own=False)
    assert (adopted.poll(), readable(adopted.fileno()), adopted.members()) == (Exit(lost=True), True, frozenset())
    adopted.close()


def test_nobody_is_adopted_who_has_only_got_the_id(shell):
    tree = shell.sh("exec sleep 1000")
    kept = tree.kept()
    tree.kill()
    shell.until_empty(tree)
    stranger = shell.sh("exec sleep 1000")
    false = replace(kept, pid=stranger.pid, start=kept.start - 1, session=stranger.pid, members=(), group="")
    adopted = shell.successor().adopt(false, own=False)
    assert (adopted.poll(), adopted.members()) == (Exit(lost=True), frozenset())
    adopted.signal("SIGKILL", whom="all")
    adopted.kill()
    assert stranger.poll() is None
    adopted.close()


def test_the_marked_are_ended_but_not_those_that_are_known(shell):
    one, two = (f"{name}-{os.getpid()}" for name in ("one", "two"))  # nobody else's on this machine
    known, unknown, other = (shell.sh("exec sleep 1000", mark=mark) for mark in (one, one, two))
    ended = shell.successor().end_marked(frozenset({one}), [known.kept()])
    assert ended == {unknown.pid}
    assert (known.poll(), other.poll()) == (None, None)
    assert not shell.alive(unknown.pid)


def test_the_epoch_is_the_same_for_every_owner(shell):
    assert shell.platform.epoch() == shell.successor().epoch() != ""
