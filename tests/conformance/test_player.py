"""The player sees what is different, and only that."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import needs
import pytest
from player import FARMHAND, SYSTEMD, NoSupervisor, Scenario, compare, play, read, socketed, write
from player.compare import brief, settle, whole
from player.verdict import data, judge, text

HERE = Path(__file__).parent
CORPUS = {scenario.id: scenario for scenario in read(*HERE.glob("corpus/*.jsonl"))}
FAMILIES = sorted(path.stem for path in HERE.glob("corpus/*.jsonl"))
QUIET = {"commands": [0], "command_ms": [20], "final": {"ActiveState": "active", "SubState": "running"}}


def differing(expected, got):
    return [difference.field for difference in compare(expected, got)]


def test_the_corpus_is_whole():
    assert len(CORPUS) == 1361
    assert all(scenario.expect for scenario in CORPUS.values())
    assert {scenario.family for scenario in CORPUS.values()} == set(FAMILIES)


@pytest.mark.parametrize(
    ("field", "expected", "got", "agree"),
    [
        ("gaps_ms", [400], [519], True),
        ("gaps_ms", [400], [640], False),
        ("gaps_ms", [2000], [2400], True),
        ("gaps_ms", [2000], [2600], False),
        ("gaps_ms", [400], [400, 400], False),
        ("signal_ms", {"main": [[300], []]}, {"main": [[380], []]}, True),
        ("signal_ms", {"main": [[300], []]}, {"main": [[], [300]]}, False),
        ("signal_ms", {"main": [[300]]}, {"kid": [[300]]}, False),
        ("command_ms", [50], [240], True),
        ("command_ms", [50], [400], False),
        ("command_ms", [None], [40], False),
        ("commands", [1], [4], True),
        ("commands", [1], [0], False),
        ("commands", [None], [0], False),
        ("commands", [0], [0, 0], False),
        ("order", ["main.1"], ["main.1", "main.2"], False),
        ("handed", {"stop": [{}]}, {"stop": [{"EXIT_CODE": "exited"}]}, False),
    ],
)
def test_times_have_a_tolerance_and_nothing_else_has(field, expected, got, agree):
    assert differing({field: expected}, whole({field: got})) == ([] if agree else [field])


def test_what_is_as_usual_is_left_out_and_still_compared():
    seen = whole({**QUIET, "gaps_ms": []})
    short = brief(seen)
    assert short == QUIET
    assert differing(short, seen) == []
    assert differing(short, {**seen, "gaps_ms": [200]}) == ["gaps_ms"]
    assert differing(short, {**seen, "final": {**seen["final"], "LoadState": "error"}}) == ["final.LoadState"]


def test_what_differs_from_time_to_time_is_dropped_by_name():
    runs = [
        whole({**QUIET, "order": order, "final": {"StatusText": word}})
        for order, word in ((["main.1"], "a"), ([], "b"))
    ]
    settled = settle([runs[0], runs[1], runs[0]])
    assert settled["dropped"] == ["order", "final.StatusText"]
    assert (
        differing(
            settled, whole({"order": ["stop.1"], "commands": [0], "command_ms": [0], "final": {"StatusText": "c"}})
        )
        == []
    )
    assert differing(settled, whole({"commands": [0], "command_ms": [0], "failures": ["timeout"]})) == ["failures"]


def test_times_settle_on_their_median():
    runs = [whole({"gaps_ms": [gap]}) for gap in (203, 341, 222)]
    assert settle(runs)["gaps_ms"] == [220]


def test_a_scenario_is_read_as_it_was_written(tmp_path):
    scenarios = list(CORPUS.values())
    write(tmp_path / "all.jsonl", scenarios)
    assert read(tmp_path / "all.jsonl") == scenarios


def test_two_of_one_name_are_refused(tmp_path):
    write(tmp_path / "two.jsonl", [Scenario("a/b-c", "", [], 0), Scenario("a/b/c", "", [], 0)])
    with pytest.raises(ValueError, match=r"a/b/c: its unit_name 'a-b-c.service' is another's"):
        read(tmp_path / "two.jsonl")


def test_an_unknown_key_is_told_with_its_line(tmp_path):
    (tmp_path / "odd.jsonl").write_text('{"id":"a/b","unit":"","commands":[],"until":0,"horizon_ms":1}\n')
    with pytest.raises(ValueError, match=r"odd.jsonl:1: .*horizon_ms"):
        read(tmp_path / "odd.jsonl")


# A directive, a scenario in which it shows if a supervisor ignores it, and where it shows.
CAUGHT = (
    ("RestartSec", "limits/delay/500000us", "gaps_ms"),
    ("Restart", "restart/simple/exit1/on-failure", "order"),
    ("ExecStopPost", "restart/simple/exit143/no", "order"),
    ("RestartPreventExitStatus", "status/combo-force-and-prevent/exit47/always", "order"),
    ("TimeoutStopSec", "restart/exec/manual-stop-timeout/always/bare", "commands"),
    ("KillMode", "kill/main-ends/process/ignores/exit-1", "ends"),
    ("FinalKillSignal", "kill/final/SIGINT/sigkill-yes", "final.ExecMainStatus"),
    ("WatchdogSec", "notify/watchdog-case/abrt-ignored", "signals"),
    ("NotifyAccess", "notify/access/notify/all/child", "final.StatusText"),
    ("RemainAfterExit", "manual/exited-remain/restart", "transitions"),
    ("Environment", "envfile/line/002", "facts"),
    ("UMask", "resources/UMask/2-0077", "facts"),
)
SCENARIOS = [CORPUS[identity] for _, identity, _ in CAUGHT]
QUICK = SCENARIOS[-2:]
# Starts Farmhand with one directive struck out of each unit.
IGNORING = """
import json, os, pathlib, re, sys
units = pathlib.Path(sys.argv[sys.argv.index("--unit-dir") + 1])
for unit, key in json.loads(os.environ["IGNORE"]):
    text = (units / unit).read_text()
    (units / unit).write_text(re.sub(rf"(?m)^{key}=.*$", "", text))
os.execv(sys.executable, [sys.executable, os.environ["BACKEND"], *sys.argv[1:]])
"""


@pytest.fixture(scope="module")
def broken():
    """What came of the scenarios under a supervisor that ignores a directive in each."""
    ignored = [(scenario.unit_name, key) for scenario, (key, _, _) in zip(SCENARIOS, CAUGHT, strict=True)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("IGNORE", json.dumps(ignored))
        patched.setenv("BACKEND", str(HERE / "backend.py"))
        return play(SCENARIOS, socketed(sys.executable, "-c", IGNORING), at_a_time=len(SCENARIOS))


@pytest.mark.parametrize(("key", "identity", "field"), CAUGHT, ids=[key for key, _, _ in CAUGHT])
def test_a_supervisor_that_ignores_a_directive_is_caught(broken, key, identity, field):
    assert field in differing(CORPUS[identity].expect, broken[identity])


def test_the_verdict_on_farmhand_is_told_in_full():
    wrong = dataclasses.replace(QUICK[0], expect={**QUICK[0].expect, "failures": ["timeout"]})
    verdicts = judge([wrong, QUICK[1]], FARMHAND, 2)
    assert data(verdicts)["disagreements"] == [
        {
            "id": wrong.id,
            "played": 4,
            "differences": [{"field": "failures", "expected": ["timeout"], "got": []}],
        }
    ]
    assert text(verdicts).splitlines()[:2] == [
        wrong.id,
        "    failures: expected ['timeout'], got []",
    ]
    assert text(verdicts).splitlines()[-1].split()[:3] == ["all", "2", "1"]


def test_a_supervisor_that_does_not_start_is_told_with_what_it_said():
    with pytest.raises(NoSupervisor, match="out of order"):
        play([], socketed(sys.executable, "-c", "print('out of order')"))


# It answers to "ping" and obeys "shutdown", no more.
MUTE = """
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[sys.argv.index("--control") + 1])
listener.listen()
request = b""
while b"shutdown" not in request:
    with listener.accept()[0] as asked:
        request = asked.recv(1000)
        asked.sendall(b'[0, ""]' if b"ping" in request else b"")
"""


def test_a_supervisor_that_gives_no_answers_has_no_outcome():
    outcomes = play(SCENARIOS[:1], socketed(sys.executable, "-c", MUTE))
    assert differing(SCENARIOS[0].expect, outcomes[SCENARIOS[0].id]) == ["outcome"]


# Farmhand, killed as soon as the service named in DEADLY starts.
MORTAL = """
import os, pathlib, subprocess, sys, time
units = pathlib.Path(sys.argv[sys.argv.index("--unit-dir") + 1])
daemon = subprocess.Popen([sys.executable, os.environ["BACKEND"], *sys.argv[1:]])
while daemon.poll() is None:
    if (units.parent / "state" / os.environ["DEADLY"] / "main.1").exists():
        print("this was too much", flush=True)
        daemon.kill()
    time.sleep(0.01)
"""


def test_a_scenario_that_ends_the_supervisor_does_not_count_against_others(monkeypatch):
    deadly, harmless = QUICK
    monkeypatch.setenv("BACKEND", str(HERE / "backend.py"))
    monkeypatch.setenv("DEADLY", deadly.unit_name.removesuffix(".service"))
    verdicts = judge([deadly, harmless], socketed(sys.executable, "-c", MORTAL), 2)
    assert [verdict.agrees for verdict in verdicts] == [False, True]
    assert "the supervisor said last: this was too much" in str(verdicts[0].differences[0])


@needs.systemd()
def test_the_real_systemd_is_played_by_the_same_scenarios():
    assert [verdict.differences for verdict in judge(SCENARIOS[:4], SYSTEMD, 4)] == [[]] * 4


@needs.systemd()
def test_what_systemd_does_is_recorded_as_far_as_it_is_the_same_each_time(tmp_path):
    script = {"main": [["facts", "exit 3"]]}
    unit = ["[Unit]", "DefaultDependencies=no", "[Service]", "ExecStart=@child@ main"]
    new = Scenario("new/exit3", unit, [(0, "start")], 300, script, observe=["env:INVOCATION_ID"])
    write(tmp_path / "new.jsonl", [new])
    done = subprocess.run([HERE / "record", tmp_path / "new.jsonl"], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("new/exit3: differs from time to time: "), done.stderr
    [recorded] = read(tmp_path / "new.jsonl")
    assert recorded.expect["ends"] == {"main": ["exit 3"]}
    assert recorded.expect["final"]["Result"] == "exit-code"
    assert "facts" in recorded.expect["dropped"]
    assert judge([recorded], FARMHAND, 1)[0].differences == []
