"""What a process of a service finds in its environment, and which program it is."""

import os
import sys

import pytest

from farmhand.supervisor.execution import environment, execute
from farmhand.supervisor.rules.exitstatus import Exit, Result
from farmhand.supervisor.rules.life import Life, Slot, Spawn
from farmhand.units.light import replace
from farmhand.units.spec import Assignment, Command, EnvironmentFile, Folder, Service

MAIN = Spawn(Slot.MAIN, "ExecStart", Command(("/bin/main",)))
STOP_POST = Spawn(Slot.CONTROL, "ExecStopPost", Command(("/bin/post",)))


BASES = {"t": "/run", "S": "/var/lib", "C": "/var/cache", "L": "/var/log", "E": "/etc"}
PREMISES = execute.Premises(lambda name: None, BASES)


def of_start(service, life, order, main_pid=0):
    return environment.of_start(
        service, life, order, BASES, main_pid=main_pid, notify_address="@address", invocation="0123abcd"
    )


def order_of(service, *words, env=None, privilege=""):
    """Give the order for a command of ExecStart=, as a context."""
    command = Command(words or ("/bin/true",), privilege=privilege)
    return execute.order(service, Spawn(Slot.MAIN, "ExecStart", command), env or {}, "mark", PREMISES)


def test_the_supervisors_own_environment_wins_over_the_default_and_keeps_its_dealings_to_itself():
    own = {"HOME": "/root", "FARMHAND_PORT": "9000", "NOTIFY_SOCKET": "/run/notify", "MAINPID": "1"}
    assert environment.base(own, {"FARMHAND_PORT": "8080", "FARMHAND_DATA": "/data"}) == {
        "HOME": "/root",
        "FARMHAND_PORT": "9000",
        "FARMHAND_DATA": "/data",
    }


def test_the_later_source_wins_and_unset_wins_over_all(tmp_path):
    file = tmp_path / "env"
    file.write_text("FROM=file\nONLY=file\nGONE=x\n")
    service = Service(
        "a",
        environment={"FROM": "service", "OWN": "service", "KEPT": "yes"},
        environment_file=(EnvironmentFile(str(file)), EnvironmentFile("/nonexistent", optional=True)),
        unset_environment=("GONE", "KEPT=no"),
    )
    assert environment.compose(service, {"FROM": "common", "BASE": "common"}, {"OWN": "own", "ID": "own"}) == {
        "BASE": "common",
        "ID": "own",
        "OWN": "service",
        "FROM": "file",
        "ONLY": "file",
        "KEPT": "yes",
    }


def test_an_environment_file_that_is_a_fifo_holds_nobody_up(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    service = Service("a", environment_file=(EnvironmentFile(str(tmp_path / "fifo")),))
    assert environment.compose(service, {}, {}) == {}


def test_a_missing_environment_file_is_an_error_unless_it_is_optional():
    with pytest.raises(OSError, match="nonexistent"):
        environment.compose(Service("a", environment_file=(EnvironmentFile("/nonexistent"),)), {}, {})


@pytest.mark.parametrize(
    ("exit", "told"),
    [
        (Exit(code=3), {"EXIT_CODE": "exited", "EXIT_STATUS": "3"}),
        (Exit(signal="SIGTERM"), {"EXIT_CODE": "killed", "EXIT_STATUS": "TERM"}),
        (Exit(signal="SIGABRT", dumped=True), {"EXIT_CODE": "dumped", "EXIT_STATUS": "ABRT"}),
        (None, {}),
    ],
)
def test_a_stop_command_is_told_how_the_service_ended(exit, told):
    life = Life(exit=exit, result=Result.TIMEOUT)
    assert of_start(Service("a"), life, STOP_POST) == {"INVOCATION_ID": "0123abcd", "SERVICE_RESULT": "timeout", **told}


def test_only_the_main_process_has_the_watchdog_and_only_commands_its_pid():
    service = Service("a", type="notify", watchdog_sec=1.5)
    assert of_start(service, Life(), MAIN, main_pid=7) == {
        "INVOCATION_ID": "0123abcd",
        "NOTIFY_SOCKET": "@address",
        "WATCHDOG_USEC": "1500000",
    }
    assert of_start(service, Life(), Spawn(Slot.CONTROL, "ExecReload", MAIN.command), main_pid=7) == {
        "INVOCATION_ID": "0123abcd",
        "MAINPID": "7",
    }


def test_the_process_that_leaves_the_service_behind_has_what_the_service_needs():
    service = Service("a", type="forking", watchdog_sec=1.5)
    starter = Spawn(Slot.CONTROL, "ExecStart", MAIN.command)
    assert of_start(service, Life(), starter) == of_start(service, Life(), MAIN)


def test_a_program_without_a_slash_is_looked_for_beside_python_first(tmp_path):
    with order_of(Service("a"), os.path.basename(sys.executable)) as order:
        assert order.program == sys.executable
    program = tmp_path / "only-here"
    program.touch(0o755)
    assert execute.find_program("only-here", ["/nonexistent", str(tmp_path)]) == str(program)
    assert execute.find_program("nowhere", [str(tmp_path)]) == "nowhere"
    assert execute.find_program("/any/path", []) == "/any/path"


def test_a_search_path_goes_before_all_others_and_is_told(tmp_path):
    (tmp_path / "sh").touch(0o755)
    service = Service("a", exec_search_path=(str(tmp_path), "/opt"))
    with order_of(service, "sh") as order:
        assert order.program == f"{tmp_path}/sh"
    assert environment.compose(service, {"PATH": "/usr/bin"}, {}) == {"PATH": f"{tmp_path}:/opt"}
    assert environment.compose(replace(service, environment={"PATH": "/x"}), {}, {}) == {"PATH": "/x"}


def test_a_root_directory_is_where_programs_are_looked_for(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/only-here").touch(0o755)
    with order_of(Service("a", root_directory=str(tmp_path), exec_search_path=("/bin",)), "only-here") as order:
        assert (order.program, order.root) == ("/bin/only-here", str(tmp_path))


def test_what_cannot_be_done_without_refuses_the_start():
    kept = (Assignment("Service", "RootImage", "/image", "a.service", 3),)
    with order_of(Service("a", kept=kept)) as order:
        assert order.refused == (
            226,
            "RootImage= (a.service:3): its programs are in an image, which Farmhand cannot mount",
        )


def test_an_order_expands_variables_and_opens_the_files_that_are_named(tmp_path):
    service = Service("a", standard_output=f"append:{tmp_path}/out", standard_error="inherit", user="nobody")
    with order_of(service, "/bin/echo", "${NAME}", "$LIST", env={"NAME": "a b", "LIST": "c d"}) as order:
        os.write(order.stdout, b"line\n")
        assert order.stderr == order.stdout
    assert (tmp_path / "out").read_bytes() == b"line\n"
    assert (list(order.argv), order.user, order.mark) == (["/bin/echo", "a b", "c", "d"], "nobody", "mark")
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(order.stdout)


def test_a_privileged_command_keeps_the_supervisors_user():
    service = Service("a", user="nobody", group="nogroup")
    for privilege, keeps in (("", False), ("+", True), ("!", True), ("!!", False)):
        with order_of(service, privilege=privilege) as order:
            assert order.keeps_user is keeps, privilege


@pytest.mark.parametrize(("account", "code"), [({"user": "nobody-at-all"}, 217), ({"group": "nobody-at-all"}, 216)])
def test_a_privileged_command_is_refused_all_the_same_if_there_is_no_such_account(account, code):
    with order_of(Service("a", **account), privilege="+") as order:
        assert order.refused is not None
        assert order.refused[0] == code


@pytest.mark.parametrize(
    ("directive", "setting", "code"),
    [
        ("standard_input", "file:/nonexistent/in", 208),
        ("standard_output", "append:/nonexistent/out", 209),
        ("standard_error", "truncate:/nonexistent/err", 222),
    ],
)
def test_a_stream_that_cannot_be_opened_is_refused_with_its_exit_code(directive, setting, code):
    service = Service("a", **{directive: setting})
    with order_of(service) as order:
        assert order.refused == (code, f"cannot open {_named(directive)}={setting}: No such file or directory")


def _named(directive):
    return "".join(word.capitalize() for word in directive.split("_"))


def test_a_user_is_told_who_it_is():
    assert of_start(Service("a", user="root"), Life(), MAIN)["HOME"] == "/root"
    told = of_start(Service("a", user="nobody"), Life(), MAIN)
    assert (told["USER"], told["LOGNAME"]) == ("nobody", "nobody")
    assert told.keys().isdisjoint({"HOME", "SHELL"})
    assert "USER" not in of_start(Service("a"), Life(), MAIN)
    assert "USER" not in of_start(Service("a", user="nobody", set_login_environment=False), Life(), MAIN)
    assert "USER" in of_start(Service("a", set_login_environment=True), Life(), MAIN)


@pytest.mark.parametrize(
    ("settings", "term"),
    [
        ({}, None),
        ({"standard_input": "tty"}, "vt220"),
        ({"standard_error": "journal+console"}, "vt220"),
        ({"tty_path": "/dev/ttyS0"}, "vt220"),
        ({"tty_path": "/dev/tty9", "standard_output": "tty"}, "linux"),
    ],
)
def test_who_has_a_terminal_is_told_what_it_is(settings, term):
    assert of_start(Service("a", **settings), Life(), MAIN).get("TERM") == term


def test_a_home_of_a_user_is_a_folder_also_for_who_does_not_become_it(monkeypatch):
    monkeypatch.setenv("HOME", "/home/own")
    for user, home in ((None, "/home/own"), ("nobody", "/home/own"), ("root", "/root"), ("daemon", "/usr/sbin")):
        for privilege in ("", "+", "!"):
            with order_of(Service("a", user=user, working_directory=Folder("~")), privilege=privilege) as order:
                assert order.cwd == home


def test_a_home_as_working_directory_is_told_without_a_user(monkeypatch):
    monkeypatch.setenv("HOME", "/home/own")
    at_home = Service("a", working_directory=Folder("~"))
    assert of_start(at_home, Life(), MAIN)["HOME"] == "/home/own"
    assert of_start(replace(at_home, user="root"), Life(), MAIN)["HOME"] == "/root"
