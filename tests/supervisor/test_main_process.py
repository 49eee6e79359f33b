"""Which process is the main one, and how it is spoken to: real ones that name others, reload, and are not there."""

import signal
import sys

import psutil
from polling import until
from supervised import Supervised

# Speaks to its supervisor as sd_notify(3) says; `say` is what the services below are made of.
TALKER = """\
import os, signal, socket, subprocess, sys, time

def say(text):
    address = os.environ["NOTIFY_SOCKET"]
    to = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    to.sendto(text.encode(), "\\0" + address[1:] if address[0] == "@" else address)

"""


def program(folder, name, text):
    path = folder / f"{name}.py"
    path.write_text(TALKER + text)
    return f"{sys.executable} {path}"


def test_a_reload_by_signal_is_over_when_the_service_says_so(tmp_path):
    main = program(
        tmp_path,
        "main",
        'def again(*_):\n    say(f"RELOADING=1\\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")\n'
        '    say("READY=1\\nSTATUS=read again")\n'
        'signal.signal(signal.SIGUSR1, again)\nsay("READY=1")\nwhile True:\n    signal.pause()\n',
    )
    unit = f"services: {{a: {{Type: notify-reload, ReloadSignal: USR1, ExecStart: '{main}'}}}}"
    with Supervised(tmp_path, unit) as supervised:
        supervised.sees("a: start -> running")
        assert supervised.ask("reload", "a")[0] == 0
        shown = supervised.show("a")
        assert (shown["SubState"], shown["StatusText"], shown["ReloadResult"]) == ("running", "read again", "success")


def test_a_command_that_runs_names_its_child_the_main_process(tmp_path):
    starter = program(
        tmp_path,
        "starter",
        'child = subprocess.Popen(["/bin/sh", "-c", "sleep 0.3; exit 7"], start_new_session=True)\n'
        'say(f"MAINPID={child.pid}")\ntime.sleep(0.1)\nos._exit(0)\n',
    )
    unit = f"services: {{a: {{Type: forking, GuessMainPID: no, NotifyAccess: all, ExecStart: '{starter}'}}}}"
    with Supervised(tmp_path, unit) as supervised:
        supervised.sees("a: .* -> failed, exit-code")
        assert supervised.show("a")["ExecMainStatus"] == "7"


def test_how_a_strangers_child_ended_is_not_known(tmp_path):
    main = program(
        tmp_path,
        "main",
        'child = subprocess.Popen(["/bin/sh", "-c", "until [ -e go ]; do sleep 0.01; done; exit 7"], cwd=sys.argv[1])\n'
        'say(f"MAINPID={child.pid}\\nSTATUS={child.pid}")\nchild.wait()\n',
    )
    unit = f"services: {{a: {{NotifyAccess: all, Restart: on-failure, ExecStart: '{main} {tmp_path}'}}}}"
    with Supervised(tmp_path, unit) as supervised:
        until(lambda: (shown := supervised.show("a"))["StatusText"] == shown["MainPID"], "the child to be followed")
        (tmp_path / "go").touch()
        supervised.sees("a: running -> dead")
        assert supervised.show("a")["ExecMainCode"] == "0"


def test_a_service_whose_last_processes_end_at_once_is_over(tmp_path):
    main = program(
        tmp_path,
        "main",
        'child = subprocess.Popen(["/bin/sh", "-c", "while [ ! -e go ]; do sleep 0.01; done"], cwd=sys.argv[1])\n'
        'say(f"MAINPID={child.pid}\\nSTATUS={os.getpid()}")\nchild.wait()\n',
    )
    unit = f"services: {{a: {{NotifyAccess: all, ExecStart: '{main} {tmp_path}'}}}}"
    with Supervised(tmp_path, unit) as supervised:
        parent = until(lambda: supervised.show("a")["StatusText"], "the message")
        supervised.process.send_signal(signal.SIGSTOP)  # it finds both of them gone when it goes on
        (tmp_path / "go").touch()
        until(lambda: psutil.Process(int(parent)).status() == psutil.STATUS_ZOMBIE, "the end of both")
        supervised.process.send_signal(signal.SIGCONT)
        supervised.sees("a: running -> dead")


def test_a_main_process_that_never_was_has_an_id_of_its_own(tmp_path):
    told = tmp_path / "told"
    unit = (
        "services: {a: {ExecStart: /nonexistent/program,"
        f" ExecStartPost: \"/bin/sh -c 'echo $$MAINPID $$PPID > {told}'\"}}}}"
    )
    with Supervised(tmp_path, unit) as supervised:
        supervised.sees("a: .* -> failed, exit-code")
        main, supervisor = map(int, told.read_text().split())
        assert main not in (0, supervisor)


def test_with_the_group_the_last_process_ends_the_service(tmp_path):
    waits = f"while [ ! -e {tmp_path}/go ]; do sleep 0.01; done"
    unit = (
        f"services: {{a: {{ExitType: cgroup, ExecStart: \"/bin/sh -c '( {waits} ) & exit 3'\","
        " ExecStopPost: \"/bin/sh -c 'echo $$EXIT_STATUS'\"}}"
    )
    with Supervised(tmp_path, unit) as supervised:
        supervised.sees("a: dead -> running")
        until(lambda: supervised.show("a")["ExecMainStatus"] == "3", "the end of the main process")
        assert supervised.show("a")["SubState"] == "running"
        (tmp_path / "go").touch()
        supervised.sees("a: running -> failed, exit-code|a: .* -> failed, exit-code")
