"""launchd's property list, and how launchctl is called: by contract, for there is no macOS here."""

import os
import plistlib
from pathlib import Path

import pytest

from farmhand.supervisor.service import launchd
from farmhand.supervisor.service.wanted import Named, NotInstalled, Refused

DOMAIN = f"gui/{os.getuid()}"
TARGET = f"{DOMAIN}/farm"
RUNNING = (
    "gui/0/farm = {\n\tactive count = 1\n\tstate = running\n\n\tpid = 4711\n\tlast exit code = (never exited)\n}\n"
)
STOPPED = "farm = {\n\tactive count = 0\n\tstate = not running\n\n\tlast exit code = 2\n}\n"
UNKNOWN = 113  # what `launchctl print` ends with for a job that it does not know


@pytest.fixture
def launchctl(recorded, home):
    return recorded("launchctl")


@pytest.fixture
def path(home):
    return home / "Library/LaunchAgents/farm.plist"


def job(wanted):
    return plistlib.loads(launchd.render(wanted).text.encode())


def test_it_runs_farmhand_with_its_words_as_they_are(wanted):
    words = ["/opt/my python/bin/python", "-P", "run", "/srv/farm.yaml"]
    assert job(wanted())["ProgramArguments"] == words


def test_it_is_kept_alive_by_one_condition_alone(wanted):
    """Each further one would start it again where this one does not."""
    assert job(wanted())["KeepAlive"] == {"SuccessfulExit": False}


def test_it_has_longer_to_stop_than_its_services(wanted):
    assert job(wanted(stop=100.4))["ExitTimeOut"] == 101


def test_it_has_for_ever_where_a_service_has(wanted):
    assert job(wanted(stop=float("inf")))["ExitTimeOut"] == 0


def test_its_services_are_not_slowed_down(wanted):
    assert job(wanted())["ProcessType"] == "Interactive"


def test_nothing_else_is_said(wanted):
    """What launchd does not know it passes over in silence: none of the keys may be a typing error."""
    known = "Label ProgramArguments EnvironmentVariables RunAtLoad KeepAlive ThrottleInterval ExitTimeOut ProcessType"
    assert job(wanted()).keys() == {*known.split(), "StandardOutPath", "StandardErrorPath"}


def test_an_agent_is_in_its_users_folders(wanted, home):
    rendered = launchd.render(wanted())
    assert rendered.path == f"{home}/Library/LaunchAgents/farm.plist"
    assert job(wanted())["StandardErrorPath"] == f"{home}/Library/Logs/farm.log"


def test_a_daemon_is_in_the_machines_and_may_be_somebody_elses(wanted):
    daemon = wanted(named=Named("farm"), account="render")
    assert launchd.render(daemon).path == "/Library/LaunchDaemons/farm.plist"
    assert job(daemon)["UserName"] == "render"


def test_roots_daemon_is_spoken_to_in_the_machines_folder(wanted):
    daemon = wanted(named=Named("farm"))
    assert job(daemon)["ProgramArguments"][-2] == "--control=/var/run/farm/control.sock"
    others = wanted(named=Named("farm"), account="render")
    assert job(others)["ProgramArguments"][-2:] == ["run", "/srv/farm.yaml"]


def test_an_agent_cannot_be_somebody_elses(wanted, launchctl, path):
    with pytest.raises(Refused, match="an agent is always its user's"):
        launchd.install(wanted(account="render"))
    assert (path.exists(), launchctl.calls) == (False, [])


def test_installed_it_is_enabled_and_then_loaded(wanted, launchctl, path):
    launchd.install(wanted())
    assert launchctl.calls == [f"enable {TARGET}", f"bootstrap {DOMAIN} {path}"]
    assert path.read_text() == launchd.render(wanted()).text


def test_what_launchd_refuses_is_not_left_behind(wanted, launchctl, path):
    launchctl.answer(("bootstrap", 5, "Bootstrap failed: 5: Input/output error\n"))
    with pytest.raises(Refused, match="Bootstrap failed: 5"):
        launchd.install(wanted())
    assert not path.exists()


def test_it_is_not_installed_twice(wanted, launchctl, path):
    launchd.install(wanted())
    with pytest.raises(Refused, match="is there already"):
        launchd.install(wanted(run=("/another.yaml",)))
    assert path.read_text() == launchd.render(wanted()).text


def test_removed_it_is_let_go_first(wanted, launchctl, path):
    launchd.install(wanted())
    launchctl.answer(
        (f"print {TARGET}", 0, RUNNING),
        (f"print {TARGET}", 0, STOPPED),
        (f"print {TARGET}", UNKNOWN, "Could not find service\n"),
        ("bootout", 36, "Boot-out failed: 36: Operation now in progress\n"),
    )
    launchd.remove(Named("farm", user=True))
    assert launchctl.calls[2:] == [f"print {TARGET}", f"bootout {TARGET}", f"print {TARGET}", f"print {TARGET}"]
    assert not path.exists()


def test_one_that_is_not_let_go_stays(wanted, launchctl, path):
    launchd.install(wanted())
    launchctl.answer((f"print {TARGET}", 0, RUNNING), ("bootout", 1, "Operation not permitted\n"))
    with pytest.raises(Refused, match="Operation not permitted"):
        launchd.remove(Named("farm", user=True))
    assert path.exists()


@pytest.mark.parametrize(
    ("shown", "calls"),
    [
        pytest.param((0, STOPPED), [f"kickstart {TARGET}"], id="loaded"),
        pytest.param((0, RUNNING), [], id="running"),
        pytest.param((UNKNOWN, ""), [f"bootstrap {DOMAIN} {{path}}"], id="unloaded"),
    ],
)
def test_started_it_is_kicked_or_loaded(wanted, launchctl, path, shown, calls):
    launchd.install(wanted())
    launchctl.answer((f"print {TARGET}", *shown))
    launchd.start(Named("farm", user=True))
    assert launchctl.calls[3:] == [call.format(path=path) for call in calls]


def test_stopped_it_is_asked_to_end_and_waited_for(wanted, launchctl):
    """It ends with 0 then, and KeepAlive leaves it so; bootout would have it forgotten until the next sign-in."""
    launchd.install(wanted())
    launchctl.answer((f"print {TARGET}", 0, RUNNING), (f"print {TARGET}", 0, RUNNING), (f"print {TARGET}", 0, STOPPED))
    launchd.stop(Named("farm", user=True))
    shown = f"print {TARGET}"
    assert launchctl.calls[2:] == [shown, f"kill SIGTERM {TARGET}", shown, shown]


@pytest.mark.parametrize(
    ("shown", "running", "words"),
    [
        pytest.param((0, RUNNING), True, "running, process 4711", id="running"),
        pytest.param((0, STOPPED), False, "not running, last exit code 2", id="ended"),
        pytest.param((UNKNOWN, ""), False, "installed, and unloaded", id="unloaded"),
    ],
)
def test_how_it_is(wanted, launchctl, shown, running, words):
    launchd.install(wanted())
    launchctl.answer((f"print {TARGET}", *shown))
    standing = launchd.status(Named("farm", user=True))
    assert (standing.running, standing.words) == (running, words)


@pytest.mark.parametrize("verb", ["remove", "start", "stop", "status"])
def test_one_that_is_not_there_is_not_asked_about(launchctl, verb):
    with pytest.raises(NotInstalled):
        getattr(launchd, verb)(Named("farm", user=True))
    assert launchctl.calls == []


def test_where_there_is_no_launchd_that_is_said(wanted, home, monkeypatch):
    monkeypatch.setenv("PATH", str(home))
    with pytest.raises(Refused, match="launchctl: No such file"):
        launchd.install(wanted())
    assert not Path(launchd.render(wanted()).path).exists()
