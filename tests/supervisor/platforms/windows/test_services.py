"""Services of Windows: a small one is made, started, stopped and removed, by the Service Control Manager itself."""

import contextlib
import ctypes
import getpass
import itertools
import os
import subprocess
import sys
import winreg
from ctypes import wintypes
from pathlib import Path

import psutil
import pytest
from gaps import gap
from polling import until

import farmhand.supervisor
from farmhand.supervisor.platforms import services as contract
from farmhand.supervisor.platforms.services import Settings
from farmhand.supervisor.platforms.windows import hosted, scm

numbers = itertools.count()

# It writes down what happens to it. argv: its name, where farmhand is, its file, then what `main` does.
SERVICE = """
import os, subprocess, sys, threading, time
sys.path.insert(0, sys.argv[2])
from farmhand.supervisor.platforms.services import services
from farmhand.supervisor.platforms.windows import hosted
hosted._EVERY = 0.05
name, log = sys.argv[1], open(sys.argv[3], "a", buffering=1)
told = threading.Event()
def say(*words):
    print(*words, file=log)
def wait_for(file):
    while not os.path.exists(sys.argv[3] + file):
        time.sleep(0.01)
def heed(control):
    say("heard", control)
    if control in ("stop", "shutdown"):
        told.set()
def main(ready):
    say("began")
    {main}
try:
    say("returned", services().serve(name, main, heed))
except BaseException as error:
    say("raised", repr(error))
    raise
"""
USUAL = """
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    say("child", child.pid)
    ready()
    told.wait()
    child.kill()
    return 0
"""


class Small:
    """One small service of this test's."""

    def __init__(self, folder: Path) -> None:
        self.name = f"farmhand-test-{os.getpid()}-{next(numbers)}"
        self.folder = folder
        self.log = folder / "log"
        self.log.touch()

    def install(self, main: str = USUAL, **settings) -> list[str]:
        program = self.folder / "a service.py"
        program.write_text(SERVICE.replace("{main}", main.strip()))
        place = Path(next(iter(farmhand.supervisor.__path__))).parents[1]
        words = subprocess.list2cmdline([str(program), self.name, str(place), str(self.log)])
        usual = {"command": f'"{sys.executable}" {words}', "title": "Small", "description": "A small service."}
        own = {
            "account": None,
            "password": None,
            "entitle": False,
            "restarts": (0.5, 1),
            "forget_after": 60,
            "preshutdown": 20,
        }
        return contract.services().create(self.name, Settings(**{**usual, **own, **settings}))

    def start(self):
        return contract.services().start(self.name)

    def stop(self):
        return contract.services().stop(self.name)

    def status(self):
        return contract.services().status(self.name)

    def remove(self):
        contract.services().remove(self.name)

    def said(self, word: str) -> list[str]:
        """Return what came after this word, each time."""
        lines = (line.partition(" ") for line in self.log.read_text().splitlines())
        return [rest for first, _, rest in lines if first == word]


@pytest.fixture
def small(tmp_path):
    service = Small(tmp_path)
    yield service
    with contextlib.suppress(OSError):
        service.remove()


def test_a_service_runs_and_stops_in_order(small):
    small.install()
    started = small.start()
    assert (started.state, psutil.pid_exists(started.pid)) == ("running", True)
    child = int(small.said("child")[0])
    assert psutil.pid_exists(child)
    stopped = small.stop()
    assert (stopped.state, stopped.code) == ("stopped", 0)
    assert small.said("heard") == ["stop"]
    until(lambda: small.said("returned") == ["0"], "the process to go on to its end")
    assert not psutil.pid_exists(child)


def test_it_can_be_started_again(small):
    small.install()
    small.start()
    small.stop()
    assert small.start().state == "running"
    assert len(small.said("began")) == 2


def test_start_and_stop_of_one_that_is_there_already_change_nothing(small):
    small.install()
    pid = small.start().pid
    assert small.start().pid == pid
    small.stop()
    assert small.stop().state == "stopped"
    assert small.said("heard") == ["stop"]


def test_its_own_exit_code_is_told(small):
    small.install("ready(); return 7")
    small.start()
    until(lambda: small.status().state == "stopped", "the service to end")
    assert small.status().code == 7


def test_one_that_fails_ends_with_1(small):
    small.install("ready(); raise LookupError('lost')")
    small.start()
    until(lambda: small.status().state == "stopped", "the service to end")
    assert small.status().code == 1
    assert small.said("raised") == ["LookupError('lost')"]


def test_one_that_ends_before_it_is_ready_was_not_started(small):
    small.install("return 3")
    found = small.start()
    assert (found.state, found.code) == ("stopped", 3)


def test_one_that_takes_its_time_says_that_it_gets_on(small):
    small.install("wait_for('-start'); ready(); wait_for('-stop'); return 0")
    with scm._service(small.name, 0xF01FF) as service:
        scm._start(service, 0, None)
        until(lambda: scm._status(service).checkpoint > 1, "a higher checkpoint of the start")
        Path(f"{small.log}-start").touch()
        until(lambda: scm._status(service).state == "running", "it to run")
        assert scm._status(service).checkpoint == 0
        scm._control(service, 1, ctypes.byref(scm._ProcessStatus()))
        assert scm._status(service).state == "stop-pending"
        until(lambda: scm._status(service).checkpoint > 1, "a higher checkpoint of the stop")
        Path(f"{small.log}-stop").touch()
        until(lambda: scm._status(service).state == "stopped", "it to stop")


def test_one_that_runs_and_is_left_alone_says_nothing_more(small):
    small.install(
        "hosted._EVERY = 0.01; send = hosted._set_status\n"
        "    hosted._set_status = lambda *words: (say('sent'), send(*words))\n"
        "    ready(); time.sleep(0.3); return 0"
    )
    small.start()
    until(lambda: small.status().state == "stopped", "it to end")
    assert len(small.said("sent")) == 2


def test_who_is_not_started_by_the_manager_is_no_service():
    with pytest.raises(OSError, match="StartServiceCtrlDispatcher") as refused:
        hosted.serve("farmhand-nobody", lambda ready: 0, lambda control: None)
    assert refused.value.winerror == 1063


@pytest.mark.parametrize("verb", ["start", "stop", "status", "remove"])
def test_one_that_is_not_there_is_an_error(small, verb):
    with pytest.raises(OSError, match="OpenService") as refused:
        getattr(small, verb)()
    assert refused.value.winerror == 1060


def test_there_are_no_two_of_one_name(small):
    small.install()
    with pytest.raises(OSError, match="CreateService") as refused:
        small.install()
    assert refused.value.winerror == 1073
    assert small.start().state == "running"


def test_an_account_is_entitled_before_it_is_the_services(small):
    small.install(account=rf".\{getpass.getuser()}", password="", entitle=True)
    assert small.status().state == "stopped"


def test_an_account_that_there_is_not_is_refused_and_nothing_is_made(small):
    with pytest.raises(OSError, match="1332"):
        small.install(account=r".\nobody at all", password="", entitle=True)
    with pytest.raises(OSError, match="1060"):
        small.status()


def test_the_event_viewer_knows_its_source_as_long_as_it_is_there(small):
    key = rf"SYSTEM\CurrentControlSet\Services\EventLog\Application\{small.name}"
    small.install()
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as source:
        file, _ = winreg.QueryValueEx(source, "EventMessageFile")
    assert Path(winreg.ExpandEnvironmentStrings(file)).name == "EventCreate.exe"
    contract.services().report(small.name, "warning", "something is odd")
    small.remove()
    with pytest.raises(FileNotFoundError):
        winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key)


@pytest.mark.parametrize(
    ("control", "event", "heard"),
    [
        pytest.param(1, 0, ["stop"], id="stop"),
        pytest.param(5, 0, ["shutdown"], id="shutdown"),
        pytest.param(15, 0, ["shutdown"], id="preshutdown"),
        pytest.param(13, 4, ["sleep"], id="suspend"),
        pytest.param(13, 18, ["wake"], id="resume"),
        pytest.param(13, 10, [], id="another power event"),
        pytest.param(4, 0, [], id="interrogate"),
    ],
)
def test_what_the_manager_says_is_heard(control, event, heard):
    """Only the system itself may send most of them."""
    told = []
    host = hosted._Host("farmhand-nobody", told.append)
    host.ready()
    assert host._on_control(control, event, None, None) == 0
    assert told == heard
    assert (host._state == hosted._STOP_PENDING) is (heard in (["stop"], ["shutdown"]))


def test_controls_that_nobody_asked_for_are_refused():
    host = hosted._Host("farmhand-nobody", lambda control: pytest.fail(control))
    assert [host._on_control(number, 0, None, None) for number in (6, 128)] == [120, 120]


# What Wine 8 does not do. Each of these is to pass on Windows.


def config(name: str, level: int) -> ctypes.Array:
    """Return what QueryServiceConfig2 has to say, as it is."""
    query = ctypes.WinDLL("advapi32", use_last_error=True).QueryServiceConfig2W
    query.argtypes = [wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD, ctypes.c_void_p]
    found, needed = ctypes.create_string_buffer(4096), wintypes.DWORD()
    with scm._service(name, 0xF01FF) as service:
        assert query(service, level, found, 4096, ctypes.byref(needed)), ctypes.WinError(ctypes.get_last_error())
    return found


@gap("service settings")
def test_windows_knows_all_settings(small):
    assert small.install() == []
    assert wintypes.BOOL.from_buffer(config(small.name, 3)).value
    assert wintypes.BOOL.from_buffer(config(small.name, 4)).value


@gap("failure actions")
def test_failure_actions_are_kept(small):
    small.install()
    kept = scm._FailureActions.from_buffer(config(small.name, 2))
    assert kept.reset == 60
    assert [(kept.actions[i].type, kept.actions[i].delay) for i in range(kept.count)] == [(1, 500), (1, 1000)]


@gap("crashed service")
def test_one_that_crashes_is_started_again(small):
    small.install("ready(); hosted.ctypes.windll.kernel32.TerminateProcess(-1, 9)")
    small.start()
    until(lambda: len(small.said("began")) > 1, "it to begin again", seconds=3)


@gap("recovery")
def test_one_that_ends_with_a_code_is_started_again(small):
    small.install("ready(); return 7")
    small.start()
    until(lambda: len(small.said("began")) > 1, "it to begin again", seconds=3)


@gap("event log")
def test_entries_are_in_the_event_log(small):
    small.install()
    advapi = ctypes.WinDLL("advapi32")
    advapi.OpenEventLogW.restype = wintypes.HANDLE
    log, before, after = advapi.OpenEventLogW(None, "Application"), wintypes.DWORD(), wintypes.DWORD()
    advapi.GetNumberOfEventLogRecords.argtypes = [wintypes.HANDLE, ctypes.c_void_p]
    advapi.GetNumberOfEventLogRecords(log, ctypes.byref(before))
    contract.services().report(small.name, "error", "it failed")
    advapi.GetNumberOfEventLogRecords(log, ctypes.byref(after))
    assert after.value == before.value + 1
