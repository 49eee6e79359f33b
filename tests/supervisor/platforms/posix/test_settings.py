"""How a process is set up as ordered, on every POSIX system."""

import fcntl
import os
import resource
import threading

import pytest

from farmhand.supervisor.rules.exitstatus import Exit

# Signals 32 and 33 are the C library's. Its posix_spawn, which make uses, leaves them ignored; nobody else can tell.
LIBRARYS_OWN = 0b11 << 31


FILES = 321, resource.getrlimit(resource.RLIMIT_NOFILE)[1]


SETTINGS = [
    pytest.param({"cwd": "/usr"}, "pwd", "/usr", id="folder"),
    pytest.param({"cwd": "/nowhere", "cwd_optional": True}, "pwd", os.getcwd(), id="optional folder"),
    pytest.param({"umask": 0o027}, "umask", "0027", id="umask"),
    pytest.param({"nice": 7}, "nice", "7", id="nice"),
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
        ({"group": "4294967"}, 216, "there is no group '4294967'"),
    ],
)
def test_what_the_system_refuses_has_systemds_exit_code(shell, order, code, words, settings):
    order = {**order, **settings}
    tree = shell.spawn("/bin/true", **order)
    if (told := tree.exec_fileno()) is not None:
        assert shell.readable(told, 10)
    assert words in tree.refusal()
    assert shell.exit_of(tree) == Exit(code=code)
    assert tree.members() == frozenset()
    tree.signal("SIGTERM", whom="main")
    tree.kill()


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


@pytest.mark.parametrize("forked", [False, True], ids=["at once", "by a fork"])
@pytest.mark.parametrize(("order", "script", "expected"), SETTINGS)
def test_a_process_is_set_up_as_ordered(shell, order, script, expected, forked):
    if {"user", "group"} & order.keys() and os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    with open(os.devnull) as open_gate:
        gate = open_gate.fileno() if forked else None
        assert shell.output_of("/bin/sh", "-c", script, **order, gate=gate).strip() == expected


@pytest.mark.parametrize("together", [{}, {"nice": 1}], ids=["at once", "by a fork"])
def test_a_program_may_be_told_an_empty_name(shell, together):
    told = shell.output_of("/bin/cat", argv=("", "/proc/self/cmdline"), **together)
    assert told.split("\0") == ["", "/proc/self/cmdline", ""]


def test_a_process_is_set_up_as_ordered_where_there_are_other_threads(shell):
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        order = {"files": FILES, "umask": 0o027, "cwd": "/usr"}
        assert shell.output_of("/bin/sh", "-c", "echo $(ulimit -Sn) $(umask) $(pwd)", **order) == "321 0027 /usr\n"
    finally:
        done.set()
        other.join()


@pytest.mark.parametrize("order", [{}, {"nice": 1}], ids=["at once", "by a fork"])
def test_a_child_has_the_environment_it_was_given_and_its_mark(shell, order):
    given = {"LC_CTYPE": "C", "PYTHONPATH": "/x", "EMPTY": "", "LINES": "a\nb"}
    output = shell.output_of("/usr/bin/env", "-0", bare_env=given, **order)
    env = dict(variable.split("=", 1) for variable in output.rstrip("\0").split("\0"))
    around, _, own = shell.trees[-1].mark.rpartition("/")
    assert env == {**given, "INVOCATION_ID": own} | ({"FARMHAND_TREE": around} if around else {})


def test_how_many_files_a_child_may_open_is_its_own_matter(shell):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    shell.exit_of(shell.sh("exit 0", files=FILES))
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


@pytest.mark.parametrize("order", [{}, {"nice": 1}], ids=["at once", "by a fork"])
def test_a_child_inherits_its_three_files_and_default_signals(shell, order):
    output = shell.output_of("/bin/sh", "-c", "grep -E 'SigBlk|SigIgn' /proc/self/status; ls /proc/$$/fd", **order)
    signals, descriptors = output.split()[:4], output.split()[4:]
    blocked, ignored = int(signals[1], 16), int(signals[3], 16)
    assert (blocked, ignored & ~LIBRARYS_OWN) == (0, 0)
    assert set(descriptors) <= {"0", "1", "2", "255"}
