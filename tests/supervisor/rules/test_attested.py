"""What is attested of a restart code: by properties as both supervisors show them."""

import pytest

from farmhand.supervisor.rules.attested import PROPERTIES, attest, policy_of, state_of
from farmhand.supervisor.rules.life import Life
from farmhand.supervisor.rules.properties import Facts, properties
from farmhand.units.spec import Command, Service, StatusSet

WORKER = Service(
    "worker@1",
    exec_start=(Command(("/usr/bin/farmhand-worker",)),),
    type="exec",
    restart="on-failure",
    restart_force_exit_status=StatusSet(frozenset({47})),
    success_exit_status=StatusSet(frozenset({47})),
    restart_prevent_exit_status=StatusSet(frozenset({2, 77})),
)
SHOWN = {name: value for name, value in properties(WORKER, Life(), Facts()).items() if name in PROPERTIES}


def test_our_own_supervisor_shows_all_that_is_needed() -> None:
    stamps = {name for name in PROPERTIES if "Timestamp" in name}  # which are there once it has begun, or ended
    assert SHOWN.keys() == set(PROPERTIES) - stamps


def test_a_worker_made_by_us_is_attested() -> None:
    found = attest(SHOWN, 47)
    assert found.holds
    assert found.why == "exit code 47 is in RestartForceExitStatus=; it starts again after 0.1s"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"RestartForceExitStatus": "", "Restart": "no"},
            "47 is not in RestartForceExitStatus= and Restart=no",
        ),
        (
            {"RestartForceExitStatus": ""},
            "47 is not in RestartForceExitStatus= and Restart=on-failure, "
            "for which SuccessExitStatus= makes it no failure",
        ),
        (
            {"RestartForceExitStatus": "48 TERM", "Restart": "on-abort"},
            "47 is not in RestartForceExitStatus= and Restart=on-abort",
        ),
        ({"SuccessExitStatus": "48"}, "SuccessExitStatus= lacks 47: each planned restart counts as a failure"),
        ({"RestartPreventExitStatus": "47"}, "exit code 47 is in RestartPreventExitStatus="),
        ({"RemainAfterExit": "yes"}, "RemainAfterExit=yes keeps it active"),
        (
            {"StartLimitBurst": "2", "StartLimitIntervalUSec": "1min"},
            "StartLimitBurst=2 within 1min: the restart after start 2 is refused",
        ),
        ({"RestartUSec": "infinity"}, "RestartSec=infinity: it waits for ever before it starts again"),
        ({"LoadState": "not-found"}, "the service cannot be had: it is not-found"),
        ({"RestartForceExitStatus": "47 WHAT"}, 'what it says of itself is not understood: "WHAT" is neither'),
    ],
)
def test_what_is_broken_is_told_by_its_directive(changes: dict[str, str], why: str) -> None:
    found = attest({**SHOWN, **changes}, 47)
    assert not found.holds
    assert found.why.startswith(why)


@pytest.mark.parametrize(
    "changes",
    [
        {"RestartForceExitStatus": "", "SuccessExitStatus": "47", "Restart": "always"},
        {"StartLimitIntervalUSec": "0", "StartLimitBurst": "1"},
        {"StartLimitBurst": "5", "StartLimitIntervalUSec": "10s"},
        {"Type": "notify"},
    ],
)
def test_what_works_in_another_way_is_attested_too(changes: dict[str, str]) -> None:
    assert attest({**SHOWN, **changes}, 47).holds


def test_it_is_about_the_code_that_was_asked_for() -> None:
    assert not attest(SHOWN, 48).holds
    assert attest({**SHOWN, "RestartForceExitStatus": "48", "SuccessExitStatus": "48"}, 48).holds


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [("1", "47", "exit code 47"), ("2", "9", "signal SIGKILL"), ("3", "6", "signal SIGABRT"), ("0", "0", "")],
)
def test_how_it_ended_last_is_told_in_words(code: str, status: str, said: str) -> None:
    when = "Mon 2026-11-23 12:00:00 UTC" if code != "0" else ""
    shown = {**SHOWN, "ExecMainCode": code, "ExecMainStatus": status, "ExecMainExitTimestamp": when}
    assert state_of(shown)["exit"] == said


def test_a_service_that_never_ran_has_not_ended() -> None:
    assert state_of(SHOWN) == {
        "load": "loaded",
        "active": "inactive",
        "sub": "dead",
        "result": "success",
        "restarts": 0,
        "invocation": "",
        "exit": "",
    }


@pytest.mark.parametrize(
    ("exited", "started", "down"),
    [
        ("1000000", "4100000", 3100),
        ("1000000", "1000400", 0),
        ("4100000", "1000000", None),  # it has ended, and not begun anew
        ("0", "4100000", None),  # as systemd has it while the next run lasts
        ("", "n/a", None),
    ],
)
def test_how_long_it_was_down_is_said_where_it_is_known(exited: str, started: str, down: int | None) -> None:
    times = {"ExecMainExitTimestampMonotonic": exited, "ExecMainStartTimestampMonotonic": started}
    assert state_of({**SHOWN, **times}).get("down") == down


def test_what_is_done_otherwise_is_said_too() -> None:
    assert policy_of({**SHOWN, "ActiveState": "active", "WatchdogUSec": "1min"}) == {
        "clean": "stays down: Restart=on-failure and it ended with exit code 0, result success",
        "crash": "starts again after 0.1s, at most 5 times in 10s: Restart=on-failure and it ended with signal SIGSEGV",
        "hang": "killed after 1min of silence; it starts again after 0.1s, at most 5 times in 10s: "
        "Restart=on-failure and it ended with signal SIGABRT, result watchdog",
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ActiveState": "active", "WatchdogUSec": "0"}, "nobody notices: WatchdogSec= is not set"),
        ({"ActiveState": "active", "WatchdogUSec": "infinity"}, "nobody notices: WatchdogSec= is not set"),
        ({"ActiveState": "inactive"}, None),
        ({"ActiveState": "active", "WatchdogUSec": "soon"}, None),
        ({"ActiveState": "active", "LoadState": "not-found"}, None),
    ],
)
def test_of_a_hang_is_said_what_is_known(changes: dict[str, str], said: str | None) -> None:
    assert policy_of({**SHOWN, **changes}).get("hang") == said
