"""The Task Scheduler's XML, and how schtasks is called: by contract. Wine's takes a task, and does nothing with it."""

import xml.etree.ElementTree as xml

import pytest

from farmhand.supervisor.service import tasks
from farmhand.supervisor.service.wanted import Named, NotInstalled, Refused

MINE = Named("farm", user=True)
RUNS = '"NODE","\\farm","N/A","Wird ausgeführt","Interaktiv","23.11.2026 08:00:00","267009","me"\n'
RESTS = '"NODE","\\farm","N/A","Bereit","Interaktiv","23.11.2026 08:00:00","0","me"\n'


@pytest.fixture
def schtasks(recorded):
    return recorded("schtasks")


def task(wanted):
    """Return the texts of the task's elements, by their paths."""
    found = {}

    def walk(element, path):
        found[path] = (element.text or "").strip()
        for child in element:
            walk(child, f"{path}/{child.tag.rpartition('}')[2]}".removeprefix("/"))

    walk(xml.fromstring(tasks.render(wanted).text), "")
    return found


def test_it_runs_farmhand_with_words_quoted_for_windows(wanted):
    found = task(wanted(run=("--log-dir=D:\\my logs\\", 'C:\\a "farm".yaml'), program=(r"C:\python.exe", "-P")))
    log = r"--log=%LOCALAPPDATA%\farmhand\farm.log"
    words = rf'-P service run --user {log} farm -- "--log-dir=D:\my logs\\" "C:\a \"farm\".yaml"'
    assert found["Actions/Exec/Command"] == r"C:\python.exe"
    assert found["Actions/Exec/Arguments"] == words


def test_it_runs_without_a_window_where_there_is_such_a_python(wanted, tmp_path):
    for name in ("python.exe", "pythonw.exe"):
        (tmp_path / name).touch()
    found = task(wanted(program=(str(tmp_path / "python.exe"),)))
    assert found["Actions/Exec/Command"] == str(tmp_path / "pythonw.exe")


def test_it_is_not_ended_by_time_battery_or_idleness(wanted):
    found = task(wanted())
    assert found["Settings/ExecutionTimeLimit"] == "PT0S"
    kept = ("DisallowStartIfOnBatteries", "StopIfGoingOnBatteries", "IdleSettings/StopOnIdleEnd")
    assert [found[f"Settings/{setting}"] for setting in kept] == ["false"] * 3


def test_it_is_started_again_whatever_it_ended_with(wanted):
    found = task(wanted())
    assert found["Settings/RestartOnFailure/Interval"] == "PT1M"
    assert found["Triggers/LogonTrigger/Repetition/Interval"] == "PT5M"
    assert found["Settings/MultipleInstancesPolicy"] == "IgnoreNew"


def test_it_has_its_users_rights_alone(wanted):
    found = task(wanted())
    principal = "Principals/Principal"
    assert found[f"{principal}/UserId"] == found["Triggers/LogonTrigger/UserId"] != ""
    assert (found[f"{principal}/RunLevel"], found[f"{principal}/LogonType"]) == ("LeastPrivilege", "InteractiveToken")


def test_it_cannot_be_somebody_elses(wanted, schtasks):
    with pytest.raises(Refused, match="always the user's"):
        tasks.install(wanted(account="render"))
    assert schtasks.calls == []


def test_installed_it_is_created_from_a_file(wanted, schtasks):
    tasks.install(wanted())
    (call,) = schtasks.calls
    assert call.startswith("/Create /TN farm /XML ")


@pytest.fixture
def installed(wanted, schtasks, tmp_path):
    """Answer as the Task Scheduler does about a task whose supervisor does not listen."""
    text = tasks.render(wanted(control=str(tmp_path / "control.sock"))).text

    def answer(*runs):
        shown = [("/Query /TN farm /V", 0, row) for row in runs]
        schtasks.answer(("/Query /TN farm /XML", 0, text), *shown)
        return schtasks

    return answer


def test_started_it_is_enabled_first(installed):
    schtasks = installed(RUNS)
    tasks.start(MINE)
    assert schtasks.calls[1:] == ["/Change /TN farm /ENABLE", "/Run /TN farm"]


def test_stopped_it_is_disabled_first_and_waited_for(installed):
    """Else its trigger would bring it back within minutes."""
    schtasks = installed(RUNS, RUNS, RESTS)
    tasks.stop(MINE)
    query = "/Query /TN farm /V /FO CSV /NH"
    assert schtasks.calls[1:] == ["/Change /TN farm /DISABLE", query, "/End /TN farm", query, query]


def test_one_that_does_not_run_is_only_disabled(installed):
    schtasks = installed(RESTS)
    tasks.stop(MINE)
    assert schtasks.calls[1:] == ["/Change /TN farm /DISABLE", "/Query /TN farm /V /FO CSV /NH"]


def test_removed_it_is_stopped_first(installed):
    schtasks = installed(RESTS)
    tasks.remove(MINE)
    assert schtasks.calls[1] == "/Change /TN farm /DISABLE"
    assert schtasks.calls[-1] == "/Delete /TN farm /F"


@pytest.mark.parametrize(("row", "running"), [(RUNS, True), (RESTS, False)])
def test_how_it_is_in_any_language(installed, row, running):
    installed(row)
    assert tasks.status(MINE).running is running


@pytest.mark.parametrize("verb", ["remove", "start", "stop", "status"])
def test_one_that_is_not_there_is_told(schtasks, verb):
    schtasks.answer(("/Query", 1, "ERROR: The system cannot find the file specified.\n"))
    with pytest.raises(NotInstalled):
        getattr(tasks, verb)(MINE)
    assert len(schtasks.calls) == 1
