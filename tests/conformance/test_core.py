"""Whole lives of services, as systemd 252 lived them: the core has to pass through the same states, without a process.

Each line of lives.jsonl gives a unit file, what its processes do (see scripted.py), the commands with their times in
milliseconds, and what systemd did: the states it passed through, and some properties at the end.
"""

import json
from pathlib import Path

import pytest
from scripted import Scripted

from farmhand.units.dialects import systemd

LIVES = [json.loads(line) for line in Path(__file__).with_name("lives.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("life", LIVES, ids=[life["id"] for life in LIVES])
def test_the_core_lives_as_systemd_did(life):
    service = systemd.read("worker.service", "\n".join(life["unit"])).service
    world = Scripted(service, scripts=life["script"])
    world.play([(at / 1000, verb) for at, verb in life["commands"]], life["until"] / 1000)
    assert world.states() == life["states"]
    assert world.shown() == life["shown"]
