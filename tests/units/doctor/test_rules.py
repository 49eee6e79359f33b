"""The doctor's rules: each sees its fault, where it is, and says nothing of a sound unit."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sick_units import SICK, SOUND, USERS, Sick, adding, look_at, plain, sound

from farmhand.units.doctor.diagnosis import Diagnosis
from farmhand.units.doctor.finding import Harm
from farmhand.units.doctor.rules import RULES
from farmhand.units.errors import BadConfig

CASES = [
    pytest.param(rule, sick, id=f"{rule}-{number}") for rule, all in SICK.items() for number, sick in enumerate(all)
]


def rules(diagnosis: Diagnosis) -> list[str]:
    return [finding.rule for finding in diagnosis.findings]


def test_every_rule_has_a_sick_unit() -> None:
    assert SICK.keys() == RULES.keys()


def test_the_rules_stand_in_order_of_harm() -> None:
    harms = [rule.harm for rule in RULES.values()]
    assert harms == sorted(harms, key=list(Harm).index)


def test_a_sound_unit_gets_nothing_said_against_it() -> None:
    assert rules(look_at(SOUND, exposure=4.5)) == []


@pytest.mark.parametrize(("rule", "sick"), CASES)
def test_a_fault_is_seen_where_it_is(rule: str, sick: Sick) -> None:
    diagnosis = look_at(sick.text, sick.path, exposure=sick.exposure)
    (finding,) = (finding for finding in diagnosis.findings if finding.rule == rule)
    lines = sick.text.splitlines()
    assert finding.key == sick.key
    assert finding.line == 0 or sick.key in lines[finding.line - 1]
    assert not finding.hint.endswith(".")


@pytest.mark.parametrize(("rule", "sick"), CASES)
def test_a_fault_is_mended_by_the_drop_in(rule: str, sick: Sick) -> None:
    before = look_at(sick.text, sick.path, exposure=sick.exposure)
    mend = [finding.mend for finding in before.findings if finding.rule == rule]
    assert bool(mend[0]) is sick.mended
    if sick.mended:
        assert before.drop_in is not None
        after = look_at(sick.text, sick.path, before.drop_in.text, exposure=0.0)
        assert rule not in rules(after)
        assert set(rules(after)) <= set(rules(before)), "a drop-in brings no fault of its own"


@pytest.mark.parametrize(("rule", "sick"), CASES)
def test_a_comment_silences_a_rule(rule: str, sick: Sick) -> None:
    comment = f"# farmhand: ignore masked, {rule}\n"
    if not sick.text:
        return  # an empty file has no room for one
    diagnosis = look_at(comment + sick.text, sick.path, exposure=sick.exposure)
    assert rule not in rules(diagnosis)
    assert rule in [finding.rule for finding in diagnosis.silenced]


WELL = {
    "a code that reports failures is restarted on": plain("ExecStart=/x", "Restart=no", "RestartForceExitStatus=1"),
    "a signal is restarted on": plain("ExecStart=/x", "RestartForceExitStatus=SIGPIPE", "Restart=on-failure"),
    "a daemon of no farm is always started": plain("ExecStart=/x", "Restart=always"),
    "Java's exit code counts as success": plain("ExecStart=/x", "SuccessExitStatus=143", "Restart=on-failure"),
    "a manager on this machine needs no network": sound(
        After=None, Wants=None, ExecStart="/opt/flamenco-worker -manager http://localhost:8080/ -restart-exit-code 47"
    ),
    "a tree of its own": plain("ExecStart=/x", "Restart=always", "KillMode=process", "Delegate=yes"),
    "a bus is waited for": plain("Type=dbus", "BusName=a.b", "ExecStart=/x", "WatchdogSec=3min"),
    "a name on a bus alone": plain("BusName=a.b", "ExecStart=/x"),
    "a shell that gives way": plain("Type=notify", "ExecStart=/bin/sh -c 'umask 7; exec /opt/daemon'"),
    "bash makes room": plain("Type=notify", "ExecStart=/bin/bash -c 'cd / && /opt/daemon $OPTIONS'"),
    "a notifying program": plain("Type=exec", "ExecStart=/x", "WatchdogSec=10", "NotifyAccess=main"),
    "a token's file": plain("ExecStart=/x --token-file /run/t --token %d/t", "Environment=API_TOKEN=/run/t"),
    "words about secrets": plain("ExecStart=/x --no-password --tokens", "Environment=USE_TOKEN=yes"),
    "dollars for a shell": plain("ExecStart=/bin/sh -c 'cd ~/x && x > y # z'", "Environment=PRICE=5$"),
    "what systemd does to the computer": plain("ExecStart=/x", "FailureAction=reboot"),
    "what only newer systemds know": plain("ExecStart=/x", "PrivatePIDs=yes", unit=("WantsMountsFor=/mnt",)),
    "sandboxing, which Farmhand only keeps": adding("ProtectSystem=strict", "PrivateTmp=yes"),
    "an environment that the program cannot do without": plain("ExecStart=/x", "EnvironmentFile=/etc/x/required.env"),
    "a limit that stops a crash": plain(
        "ExecStart=/x", "Restart=on-failure", "RestartSec=2", unit=("StartLimitBurst=3", "StartLimitIntervalSec=60")
    ),
    "a time limit that is none on purpose": plain("ExecStart=/x", "TimeoutStopSec=infinity"),
    "a job of a timer, for when the network is there": plain(
        "Type=oneshot", "ExecStart=/x", unit=("After=network-online.target",)
    ),
    "a pause that grows": plain(
        "ExecStart=/x", "Restart=always", "RestartSteps=5", "RestartMaxDelaySec=1min", unit=("StartLimitIntervalSec=0",)
    ),
    "lists on two lines": plain(
        "ExecStart=/x", "Environment=A=1", "Environment=B=2", unit=("After=a.service", "After=b.service")
    ),
    "a limit that no hand comes to": sound(StartLimitIntervalSec="1min", RestartSec="1").replace(
        "[Service]", "StartLimitBurst=10\n[Service]"
    ),
}


@pytest.mark.parametrize("text", WELL.values(), ids=WELL)
def test_what_is_well_is_left_alone(text: str) -> None:
    assert [str(finding) for finding in look_at(text).findings] == []


def test_a_code_that_is_prevented_is_told_of_once() -> None:
    text = sound(RestartForceExitStatus=None, RestartPreventExitStatus="2 77 47")
    assert rules(look_at(text)) == ["restart-code-prevented"]


def test_systemd_does_not_measure_a_users_unit_as_the_users() -> None:
    text = sound(User=None, WantedBy="default.target", After=None, Wants=None)
    assert rules(look_at(text, USERS, exposure=9.2)) == []


def test_all_that_keeps_a_unit_from_loading_is_found_at_once() -> None:
    text = "[Service]\nType=dbus\nExecStart=./run \\\n  --fast\nNice=5\nKillMode=none\nExecStop=./x\n"
    found = look_at(text).findings
    assert [(finding.rule, finding.line, finding.key) for finding in found] == [
        ("does-not-load", 4, "ExecStart"),
        ("does-not-load", 7, "ExecStop"),
        ("orphans", 6, "KillMode"),
    ]


def test_a_secret_is_never_told() -> None:
    for rule in ("secret-in-arguments", "secret-in-environment", "secret-in-unit"):
        for sick in SICK[rule]:
            told = "".join(map(str, look_at(sick.text).findings))
            assert not {word for word in ("abc123", "pa55", "me:") if word in told}


SYSTEMS_OWN = sorted(Path("/lib/systemd/system").glob("systemd-*.service"))


@pytest.mark.skipif(not SYSTEMS_OWN, reason="there are no units of systemd's own here")
def test_systemds_own_units_are_left_alone() -> None:
    units = [path for path in SYSTEMS_OWN if path.stat().st_size]
    said = [str(finding) for path in units for finding in look_at(path.read_text(), str(path)).findings]
    assert said == []


PIECES = [
    "[Service]",
    "[Unit]",
    "ExecStart=./x",
    "ExecStart=/bin/x",
    "Type=dbus",
    "User=a b",
    "Restart=always",
    "\\",
    "=",
]
ENDS = ["\n", "\r", "\r\n", "\n\r", "\0", " ", "\\\n", ""]


@given(st.lists(st.tuples(st.sampled_from(PIECES) | st.text(max_size=8), st.sampled_from(ENDS)), max_size=12))
def test_whatever_is_in_a_file_is_told_of_or_refused(pieces: list[tuple[str, str]]) -> None:
    text = "".join(piece + end for piece, end in pieces)
    with suppress(BadConfig):
        assert all(finding.problem and finding.hint for finding in look_at(text).findings)


def test_a_faulty_line_is_found_whatever_ends_it() -> None:
    for end in ("\n", "\r", "\r\n", "\0"):
        found = look_at(end.join(["[Service]", "ExecStart=./x", "KillMode=none", ""])).findings
        assert [(finding.rule, finding.line) for finding in found] == [("does-not-load", 2), ("orphans", 3)]
