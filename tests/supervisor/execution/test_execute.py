"""What the processes of a service find around them, as real processes of a real platform report it."""

import os
import resource
import sys

import pytest
from adopting import adopting
from needs import as_root
from polling import until

from farmhand.supervisor.execution import environment, execute, streams
from farmhand.supervisor.platforms import limits
from farmhand.supervisor.rules.life import Slot, Spawn
from farmhand.units.dialects import systemd
from farmhand.units.spec import Command

# In the shell's language: nobody may run this very Python, which may be in somebody's home.
REPORT = """
sed -n 's/^\\(Uid\\|Gid\\|Groups\\|NoNewPrivs\\):[\\t ]*/\\1=/p' /proc/self/status
echo slack=$(cat /proc/self/timerslack_ns)
echo core=$(cat /proc/self/coredump_filter)
echo machine=$(uname -m)
echo files=$(ulimit -n)
echo in=$(readlink /proc/self/fd/0)
echo read=$(cat)
"""
HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
FILES = 2000, HARD
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")


@pytest.fixture
def play(tmp_path):
    """Run a command of a service of which some lines are given; returns (exit code, refusal, what it printed)."""

    def play(lines, words, directive="ExecStart", privilege=""):
        text = f"[Service]\nExecStart=/bin/true\nStandardOutput=truncate:{tmp_path}/out\n{lines}\n"
        service = streams.settled(systemd.read("test.service", text).service, "null", "inherit")
        slot = Slot.MAIN if directive == "ExecStart" else Slot.CONTROL
        spawn = Spawn(slot, directive, Command(tuple(words), privilege=privilege))
        premises = execute.Premises(
            lambda name: None, {letter: str(tmp_path / letter) for letter in "tSCLE"}, files=FILES
        )
        env = environment.compose(service, {"PATH": os.environ["PATH"]}, {})
        with execute.order(service, spawn, env, "", premises) as order:
            tree = platform.spawn(order)
        exit = until(tree.poll, "the end of the command")
        refusal = tree.refusal()
        tree.close()
        printed = (tmp_path / "out").read_text() if (tmp_path / "out").exists() else ""
        return exit.code, refusal, printed

    with adopting() as platform:
        yield play


@pytest.fixture
def found(play):
    """Return what a command of the service reports of itself."""

    def found(lines, directive="ExecStart", privilege=""):
        code, refusal, printed = play(lines, ["/bin/sh", "-c", REPORT], directive, privilege)
        assert code == 0, refusal or printed
        return dict(line.split("=", 1) for line in printed.splitlines())

    return found


def test_settings_of_the_process_itself(found):
    report = found("NoNewPrivileges=yes\nTimerSlackNSec=77us\nCoredumpFilter=0x7")
    assert (report["NoNewPrivs"], report["slack"], report["core"]) == ("1", "77000", "00000007")


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="other machines have other personalities")
def test_a_personality(found, play):
    assert found("Personality=x86")["machine"] == "i686"
    assert play("Personality=s390x", ["/bin/true"])[:2] == (
        230,
        "cannot set Personality=s390x: this machine cannot be 's390x'",
    )


USER = "User=nobody\nSupplementaryGroups=daemon\nNoNewPrivileges=yes\nLimitNOFILE=77\nTimerSlackNSec=77us"


@as_root
@pytest.mark.parametrize(
    ("privilege", "uid", "gid", "groups", "confined"),
    [
        pytest.param("", "65534", "65534", ["1", "65534"], True, id="the user and all the rest"),
        pytest.param("!!", "65534", "65534", ["1", "65534"], True, id="the kernel knows ambient capabilities"),
        pytest.param("!", "0", "0", ["65534"], True, id="all the rest, and the user's groups"),
        pytest.param("+", "0", "0", ["65534"], False, id="neither"),
    ],
)
def test_prefixes(found, privilege, uid, gid, groups, confined):
    report = found(USER, privilege=privilege)
    assert (report["Uid"].split()[0], report["Gid"].split()[0], report["Groups"].split()) == (uid, gid, groups)
    assert (report["NoNewPrivs"], report["files"] == "77") == (str(int(confined)), confined)
    assert report["slack"] == "77000"


@as_root
def test_a_group_is_joined_once(found):
    assert found("User=daemon\nSupplementaryGroups=2 daemon 2")["Groups"].split() == ["1", "2"]


@as_root
def test_a_low_limit_of_files_does_not_keep_its_accounts_from_being_found(play):
    """However many files the supervisor has open."""
    fds = [os.open("/dev/null", os.O_RDONLY) for _ in range(100)]
    try:
        lines = "User=nobody\nSupplementaryGroups=daemon\nLimitNOFILE=20\nNoNewPrivileges=yes"
        assert play(lines, ["/bin/true"])[:2] == (0, None)
    finally:
        for fd in fds:
            os.close(fd)


def test_how_many_files_may_be_open_where_nobody_says(found):
    """Few for a service, as systemd has it; as many as for the supervisor itself where nothing confines it."""
    assert [found(lines)["files"] for lines in ("", "Nice=1", "LimitNOFILE=99")] == ["1024", "1024", "99"]
    assert found("LimitNOFILE=99", privilege="+")["files"] == "2000"


@pytest.mark.parametrize(
    ("own", "users", "roots"),
    [
        ((20000, 20000), (1024, 20000), (1024, 524288)),
        ((256, 1 << 20), (256, 1 << 20), (256, 1 << 20)),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), *[(1024, resource.RLIM_INFINITY)] * 2),
    ],
)
def test_how_many_files_a_service_may_open(own, users, roots):
    assert limits.files_of_service(own) == (roots if os.geteuid() == 0 else users)


@as_root
def test_permissions_may_be_for_the_start_only(found):
    lines = f"{USER}\nPermissionsStartOnly=yes"
    assert [found(lines, directive)["Uid"][0] for directive in ("ExecStart", "ExecStartPre")] == ["6", "0"]


@as_root
def test_a_root_directory(play, tmp_path):
    """Where nothing is, no program is; the folder to run in is below it even for a command that is not in it."""
    (tmp_path / "root/place").mkdir(parents=True)
    inside = f"RootDirectory={tmp_path}/root\nWorkingDirectory=/place"
    assert play(inside, ["/bin/pwd"])[:2] == (203, "cannot execute /bin/pwd: No such file or directory")
    outside = f"{inside}\nRootDirectoryStartOnly=yes"
    assert play(outside, ["/bin/pwd"], "ExecStartPre")[2] == f"{tmp_path}/root/place\n"
    missing = f"RootDirectory={tmp_path}/nowhere"
    assert play(missing, ["/bin/pwd"])[:2] == (
        226,
        f"cannot make {tmp_path}/nowhere the root directory: No such file or directory",
    )
    assert play(f"{missing}\nRootDirectoryStartOnly=yes", ["/bin/pwd"], "ExecStartPre")[0] == 200


def test_dynamic_user_takes_a_user_of_the_services_name_and_makes_none(play):
    code, refusal, _ = play("DynamicUser=yes", ["/bin/true"])
    assert code == 217
    assert "there is no user 'test'" in refusal


def test_input_as_text(found, play):
    lines = "StandardInputText=say %n\\t$X\nStandardInputData=aGVsbG8K"
    assert play(lines, ["/bin/cat"])[2] == "say test.service\t$X\nhello\n"
    assert found("StandardInput=data")["in"] == "/dev/null"


def test_a_file_for_input_and_output_is_opened_once(play, tmp_path):
    both = tmp_path / "both"
    both.write_text("line\nsecond\nthird\n")
    lines = f"StandardInput=file:{both}\nStandardOutput=file:{both}"
    assert play(lines, ["/bin/sh", "-c", "read word; echo got $word"])[0] == 0
    assert both.read_text() == "line\ngot line\nird\n"
    lines = f"StandardInput=file:{both}\nStandardOutput=append:{both}"
    assert play(lines, ["/bin/sh", "-c", "echo never"])[0] != 0


@pytest.mark.parametrize(("umask", "mode"), [("0077", "600"), ("0000", "666")])
def test_a_new_file_has_what_umask_leaves(play, tmp_path, umask, mode):
    play(f"UMask={umask}", ["/bin/true"])
    assert f"{os.stat(tmp_path / 'out').st_mode & 0o777:o}" == mode


def test_nobody_waits_for_the_reader_of_a_fifo(play, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    assert play(f"StandardOutput=append:{tmp_path}/fifo", ["/bin/true"])[0] == 0


def test_a_terminal_that_is_not_there_is_refused_as_the_stream_that_needs_it(play):
    terminal = "TTYPath=/dev/no-terminal\nTTYReset=yes"
    assert play(f"{terminal}\nStandardInput=tty", ["/bin/true"])[0] == 208
    assert play(f"{terminal}\nStandardOutput=tty", ["/bin/true"])[0] == 209


@pytest.mark.parametrize("how", ["tty", "tty-force", "tty-fail"])
def test_a_terminal_becomes_the_controlling_one_for_the_commands_that_may_have_it(play, tmp_path, how):
    ours, theirs = os.openpty()
    lines = f"StandardInput={how}\nTTYPath={os.ttyname(theirs)}\nTTYReset=yes"
    try:
        os.set_blocking(ours, False)
        assert play(f"{lines}\nStandardOutput=inherit", ["/bin/sh", "-c", "echo hello > /dev/tty"])[0] == 0
        assert os.read(ours, 99) == b"hello\r\n"
        assert play(lines, ["/bin/sh", "-c", "readlink /proc/self/fd/0"], "ExecReload")[2] == "/dev/null\n"
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("line", ["StandardInput=socket", "StandardOutput=fd", "StandardError=fd:name"])
def test_without_sockets_there_is_nothing_to_start(play, line):
    with pytest.raises(OSError, match="no socket"):
        play(line, ["/bin/true"])


@pytest.mark.parametrize(
    ("lines", "output", "error"),
    [
        pytest.param("", "null", "inherit", id="the default"),
        pytest.param("StandardOutput=inherit", "null", "inherit", id="there is nothing to inherit"),
        pytest.param("StandardOutput=journal", "journal", "inherit", id="said, and the same as the default"),
        pytest.param("StandardInput=tty", "inherit", "inherit", id="a terminal goes both ways"),
        pytest.param("StandardInput=tty\nStandardOutput=null", "null", "inherit", id="but need not"),
        pytest.param("StandardInput=file:/a", "null", "inherit", id="a file does not"),
    ],
)
def test_where_output_goes_if_it_is_not_said(lines, output, error):
    text = f"[Service]\nExecStart=/bin/true\n{lines}\n"
    settled = streams.settled(systemd.read("a.service", text).service, "null", "inherit")
    assert (settled.standard_output, settled.standard_error) == (output, error)


def test_what_is_impossible_on_a_platform_is_refused_before_anything_is_made(tmp_path):
    service = systemd.read(
        "test.service", "[Service]\nExecStart=/bin/true\nUser=nobody-at-all\nStateDirectory=x\n"
    ).service
    bases = {letter: str(tmp_path / letter) for letter in "tSCLE"}
    refusal = (217, "User= is refused here")
    premises = execute.Premises(lambda name: None, bases, impossible=lambda service: refusal)
    spawn = Spawn(Slot.MAIN, "ExecStart", Command(("/bin/true",)))
    with execute.order(service, spawn, {}, "", premises) as order:
        assert order.refused == refusal
    assert list(tmp_path.iterdir()) == []
