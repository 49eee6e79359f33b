"""Whole lives of services, as systemd 252 lived them: the core has to pass through the same states, without a process.

The scenarios are those of the corpus that are about the lifecycle; `conform` plays them with real processes. What is
compared are the states passed through, what `show` says at the end, and how often each role was started.
"""

import json
from collections import Counter
from pathlib import Path

import pytest
from scripted import PROGRAM, Scripted

from farmhand.units.dialects import systemd
from farmhand.units.errors import BadConfig

FAMILIES = ("restart", "status", "types", "limits", "kill", "timeout", "remain", "hooks", "manual", "notify")
USUAL = {"NRestarts": "0", "ExecMainCode": "0", "ExecMainStatus": "0", "StatusText": "", "ReloadResult": "success"}
USUAL |= {"MainPID": "no", "ControlPID": "no"}
CORPUS = Path(__file__).with_name("corpus")
SCENARIOS = [json.loads(line) for name in FAMILIES for line in (CORPUS / f"{name}.jsonl").read_text().splitlines()]


def placed(text):
    return text.replace("@child@", PROGRAM).replace("@state@", "/state").replace("@bin@", "/bin/probe")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario["id"] for scenario in SCENARIOS])
def test_the_core_lives_as_systemd_did(scenario):
    expected = scenario["expect"]
    unit = scenario["unit"] if isinstance(scenario["unit"], str) else "\n".join(scenario["unit"])
    try:
        service = systemd.read("worker.service", placed(unit)).service
    except BadConfig:
        assert expected["final"]["LoadState"] == "bad-setting"
        return
    script = {role: [[placed(act) for act in run] for run in runs] for role, runs in scenario.get("script", {}).items()}
    world = Scripted(service, scripts=script)
    world.play([(at / 1000, verb) for at, verb in scenario["commands"]], scenario["until"] / 1000)
    assert "transitions" in expected.get("dropped", ()) or world.states() == expected.get("transitions", [])
    shown = world.shown()
    assert shown == {**shown, **USUAL, **{name: text for name, text in expected["final"].items() if name in shown}}
    assert world.runs == Counter(run.rpartition(".")[0] for run in expected.get("order", []))
