"""farmhand-manager schedules and rollouts, against a real manager."""

import re

import pytest
from pretended import Pretended
from terminal import run

from farmhand.manager.storage import schedules
from farmhand.manager.storage.store import Store

Capture = pytest.CaptureFixture[str]

NIGHT = ("--window", "mo-fr 22:00-06:00", "--zone", "Europe/Berlin")


def test_a_schedule_is_made_shown_changed_and_removed(node: Pretended, store: Store, capsys: Capture) -> None:
    made = run(capsys, "schedules", "add", "--worker", "node-1", *NIGHT)
    assert made.code == 0
    assert "Windows  mo-fr 22:00-06:00" in made.out
    assert len(re.findall(r"^(?:Next)? +\w{3} \d+ \w{3}, 22:00 to 06:00$", made.out, re.MULTILINE)) == 5
    assert run(capsys, "schedules", "show", "node-1").out == made.out
    header, row = run(capsys, "schedules").lines
    assert header.split() == ["OF", "WINDOWS", "ZONE", "HOW", "NEXT", "ID"]
    assert row.startswith("node-1  mo-fr 22:00-06:00  Europe/Berlin  after task  ")
    changed = run(capsys, "schedules", "change", "node-1", "--window", "23:00 - 05:00", "--now", "--off", "--json").json
    assert (changed["lazy"], changed["active"], changed["zone"]) == (False, False, "Europe/Berlin")
    assert changed["windows"] == [{"days": "", "start": "23:00", "end": "05:00"}]
    assert run(capsys, "schedules", "delete", changed["id"]).lines == ["the schedule of node-1 is removed"]
    assert schedules.every(store) == []


def test_a_tag_has_a_schedule_of_several_windows(node: Pretended, capsys: Capture) -> None:
    run(capsys, "tags", "add", "desks")
    windows = ("--window", "mo-fr 08:00-18:00", "--window", "sa su 00:00-24:00")
    said = run(capsys, "schedules", "add", "--tag", "desks", *windows, "--zone", "Asia/Tokyo", "--json").json
    assert (said["tag"]["name"], len(said["windows"]), said["zone"]) == ("desks", 2, "Asia/Tokyo")
    assert run(capsys, "schedules", "show", "desks").code == 0


def test_a_preview_keeps_nothing(node: Pretended, store: Store, capsys: Capture) -> None:
    said = run(capsys, "schedules", "preview", *NIGHT)
    assert said.code == 0
    assert len(said.lines) == 6
    assert schedules.every(store) == []


def test_the_worker_says_when_it_sleeps(node: Pretended, capsys: Capture) -> None:
    run(capsys, "schedules", "add", "--worker", "node-1", "--window", "00:00-24:00")
    assert (
        "Sleep       asleep until -; its own schedule says 00:00-24:00 (UTC)"
        in run(capsys, "workers", "show", "node-1").out
    )


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["add", "--worker", "node-1", "--window", "night"], 2, '"night" is no window; write "22:00-06:00" or'),
        (["add", "--worker", "node-1", "--window", "25:00-06:00"], 2, 'windows[0].start: "25:00" is no time of day'),
        (["add", "--worker", "node-1", "--window", "22:00-06:00", "--zone", "Berlin"], 2, '"Berlin" is no time zone'),
        (["add", "--worker", "node-7", "--window", "22:00-06:00"], 2, 'there is no worker "node-7"'),
        (["add", "--window", "22:00-06:00"], 2, "one of the arguments --worker --tag is required"),
        (["show", "node-1"], 2, 'there is no schedule of "node-1"; write the id of one'),
    ],
)
def test_what_is_wrong_is_told(node: Pretended, capsys: Capture, words: list[str], code: int, message: str) -> None:
    said = run(capsys, "schedules", *words)
    assert said.code == code
    assert message in said.err


# -- rolling actions


def test_a_rolling_action_is_begun_shown_paused_and_canceled(
    node: Pretended, other: Pretended, capsys: Capture
) -> None:
    begun = run(capsys, "rollouts", "start", "sleep", "--all", "--at-once", "1", "--reason", "heat", "--json").json
    assert (begun["state"], begun["is_lazy"], begun["at_once"], begun["reason"]) == ("running", True, 1, "heat")
    shown = run(capsys, "rollouts", "show", begun["id"])
    assert "State    running" in shown.out
    assert [line.split()[0] for line in shown.lines[-2:]] == ["node-1", "node-2"]
    assert run(capsys, "rollouts", "pause", begun["id"], "--json").json["state"] == "paused"
    assert run(capsys, "rollouts", "resume", begun["id"], "--json").json["state"] == "running"
    assert run(capsys, "rollouts", "cancel", begun["id"], "--json").json["state"] == "canceled"
    assert run(capsys, "rollouts").lines[1].split()[:2] == ["asleep", "canceled"]
    again = run(capsys, "rollouts", "pause", begun["id"])
    assert (again.code, again.err != "") == (1, True)


def test_waiting_for_a_rolling_action_has_an_end(node: Pretended, capsys: Capture) -> None:
    said = run(capsys, "rollouts", "start", "sleep", "node-1", "--wait", "--timeout", "0.1s")
    assert said.code == 1
    assert "--timeout: it goes on without you; see farmhand-manager rollouts show" in said.err
