#!/usr/bin/env python3
"""Plays relations.yaml: `python tests/conformance/relations.py` does so under a real systemd (252, as root) and writes
relations.json anew; test_relations.py does so under Farmhand and compares.

    relations.py [--out FILE] [NAME …]    play all stories, or those named; FILE instead of relations.json
"""

import argparse
import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "support"))

from polling import until  # noqa: E402
from sandbox import Sandbox, boot  # noqa: E402

from farmhand.units.directives import DIRECTIVES  # noqa: E402

RECORDED = HERE / "relations.json"
SHOWN = ("ActiveState", "SubState", "Result", "NRestarts", "ConditionResult", "AssertResult")
# What systemctl says of a job, and what came of it then.
OUTCOMES = {
    "A dependency job": "dependency",
    "Assertion failed": "assert",
    "canceled": "canceled",
    "timed out": "timeout",
    "failed because": "failed",
    "failed.": "failed",
    "invalid": "invalid",
}
_AT_ONCE = 8
_PAUSE = 0.04
_LOOKS = 200  # at a story that never rests
_RESTS = {"dead", "failed", "running", "exited"}

SCRIPTS = {
    "note": 'echo "$*" >>@dir@/notes',
    "stay": 'echo "$*" >>@dir@/notes; exec sleep 1000',
    "once": "mkdir @dir@/been",
    "monitor": 'echo "$1 $MONITOR_SERVICE_RESULT $MONITOR_EXIT_CODE $MONITOR_EXIT_STATUS $MONITOR_UNIT'
    ' ${MONITOR_INVOCATION_ID:+id}" >>@dir@/notes',
}
WORDS = {
    "once": ["Type=oneshot", "ExecStart=/bin/true"],
    "once fails": ["Type=oneshot", "ExecStart=/bin/false"],
    "once log": ["Type=oneshot", "ExecStart=@dir@/note %p"],
    "once monitor": ["Type=oneshot", "ExecStart=@dir@/monitor %p"],
    "fails": ["ExecStart=/bin/false"],
    "logs": ["ExecStart=@dir@/stay %p"],
}
RELATIONS = {name for name, row in DIRECTIVES.items() if row.kind.what == "units"}

Command = Callable[[list[str]], tuple[int, str]]
Show = Callable[[list[str]], dict[str, dict[str, str]]]


@dataclass(frozen=True)
class Story:
    """units: name -> its lines, as in the YAML; do: the commands."""

    name: str
    units: dict[str, list[str]]
    do: list[str]

    def full(self, name: str) -> str:
        return f"{self.name}-{name}.service"


@dataclass(frozen=True)
class Stage:
    """Where stories are played. command: what systemctl would be given -> exit status and text; show: by full names."""

    folder: Path
    command: Command
    show: Show


def stories(only: list[str] | None = None) -> list[Story]:
    found = yaml.safe_load((HERE / "relations.yaml").read_text())
    return [Story(**story) for story in found if not only or story["name"] in only]


def write_units(story: Story, units: Path, folder: Path) -> None:
    """Write the unit files of a story, and the scripts that they run."""
    folder.mkdir()
    for name, script in SCRIPTS.items():
        (folder / name).write_text(f"#!/bin/sh\n{script.replace('@dir@', str(folder))}\n")
        (folder / name).chmod(0o755)
    for name, lines in story.units.items():
        (units / story.full(name)).write_text(unit_text(story, lines, folder))


def unit_text(story: Story, lines: list[str], folder: Path) -> str:
    sections: dict[str, list[str]] = {"Unit": ["DefaultDependencies=no"], "Service": []}
    given = [line for word in lines for line in WORDS.get(word, [word])]
    for line in (
        given if any(line.startswith("ExecStart=") for line in given) else [*given, "ExecStart=/bin/sleep 1000"]
    ):
        key, _, value = line.partition("=")
        if key in RELATIONS:
            value = " ".join(story.full(name) for name in value.split())
        value = re.sub(r"@(log|monitor|once)@", lambda found: f"@dir@/{found[1].replace('log', 'note')}", value)
        sections[DIRECTIVES[key].section].append(f"{key}={value}".replace("@dir@", str(folder)))
    return "".join(f"[{section}]\n" + "".join(f"{line}\n" for line in own) for section, own in sections.items())


def play(stage: Stage, story: Story) -> dict[str, Any]:
    """Play one story; returns what came of each command, and what the services noted."""
    folder = stage.folder / story.name
    steps = []
    for line in story.do:
        outcome = act(stage, story, folder, line.split())
        states = settle(stage, story, patient=line == "wait")
        steps.append({"do": line, "outcome": outcome, **states})
    notes = folder / "notes"
    text = notes.read_text() if notes.exists() else ""
    for name in story.units:
        with contextlib.suppress(ValueError):
            stage.command(["stop", "--job-mode=replace-irreversibly", story.full(name)])
    return {"steps": steps, "notes": text.replace(f"{story.name}-", "").splitlines()}


def act(stage: Stage, story: Story, folder: Path, words: list[str]) -> str:
    verb, *rest = words
    if verb in ("touch", "rm", "wait"):
        for name in rest:
            (folder / name).touch() if verb == "touch" else (folder / name).unlink()
        return ""
    names = [story.full(word) for word in rest if not word.startswith("-")]
    options = [word for word in rest if word.startswith("-")]
    if verb in ("kill", "term"):
        words = ["kill", "--kill-whom=main", f"--signal={verb.upper()}", *names]
    else:
        words = [verb, *options, *names]
    code, text = stage.command(words)
    return "done" if code == 0 else next((name for said, name in OUTCOMES.items() if said in text), f"refused {code}")


def settle(stage: Stage, story: Story, *, patient: bool) -> dict[str, str]:
    """Wait until the services' states are the same several times in a row; more often where something goes on."""
    delays = any("1h" in line for lines in story.units.values() for line in lines)
    same, last = 0, {}
    for _ in range(_LOOKS):
        shown = stage.show([story.full(name) for name in story.units])
        states = {name: shown[story.full(name)] for name in story.units}
        same = same + 1 if states == last else 0
        last = states
        at_rest = all(state["SubState"] in _RESTS for state in states.values())
        waits = delays and all(state["SubState"] in {*_RESTS, "auto-restart"} for state in states.values())
        if same >= (16 if patient else 2 if at_rest or waits else 9):
            break
        time.sleep(_PAUSE)
    return {name: describe(story.units[name], state) for name, state in last.items()}


def describe(lines: list[str], state: dict[str, str]) -> str:
    checks = [f"condition={state['ConditionResult']} assert={state['AssertResult']}"]
    checked = any(line.startswith(("Condition", "Assert")) for line in lines)
    words = [state[key] for key in ("ActiveState", "SubState", "Result", "NRestarts")]
    return " ".join([*words, *(checks if checked else [])])


@contextlib.contextmanager
def systemd(told: list[Story], folder: Path) -> Iterator[Stage]:
    units = folder / "units"
    (units / "bare.target.d").mkdir(parents=True)
    for story in told:
        write_units(story, units, folder / story.name)
    pins = "".join(f"After={story.full(name)}\n" for story in told for name in story.units)  # else it forgets them
    (units / "bare.target.d" / "pin.conf").write_text(f"[Unit]\n{pins}")
    with boot(units, folder / "systemd.log") as sandbox:
        yield Stage(folder, lambda words: _systemctl(sandbox, words), lambda names: _show(sandbox, names))


def _systemctl(sandbox: Sandbox, words: list[str]) -> tuple[int, str]:
    done = sandbox.systemctl(*words)
    return done.returncode, done.stderr


def _show(sandbox: Sandbox, names: list[str]) -> dict[str, dict[str, str]]:
    text = sandbox.systemctl("show", f"--property={','.join(('Id', *SHOWN))}", *names).stdout
    blocks = [dict(line.split("=", 1) for line in block.splitlines()) for block in text.split("\n\n")]
    return {block["Id"]: block for block in blocks}


@contextlib.contextmanager
def farmhand(told: list[Story], folder: Path) -> Iterator[Stage]:
    units, control = folder / "units", folder / "control"
    units.mkdir()
    for story in told:
        write_units(story, units, folder / story.name)
    words = [sys.executable, str(HERE / "backend.py"), "daemon", "--unit-dir", str(units), "--control", str(control)]
    with (folder / "farmhand.log").open("wb") as log:
        daemon = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        until(lambda: _answers(control), "the supervisor to answer")
        every = [story.full(name) for story in told for name in story.units]
        for name in every:  # it reads a unit's file when the unit is first named
            _ask(control, ["show", "--property=Id", name])
        yield Stage(folder, lambda words: _farmhand(control, words), lambda names: _shown(control, names))
    finally:
        daemon.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            daemon.wait(10)
        daemon.kill()
        daemon.wait()


def _answers(control: Path) -> bool:
    try:
        return _ask(control, ["ping"])[0] == 0
    except OSError:
        return False


def _ask(control: Path, words: list[str]) -> tuple[int, str]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(control))
        connection.sendall(json.dumps(words).encode() + b"\n")
        status, text = json.loads(connection.makefile().read())
    return status, text


def _farmhand(control: Path, words: list[str]) -> tuple[int, str]:
    """Give a command; what came of the jobs is put into systemctl's words."""
    status, text = _ask(control, [word.replace("--no-block", "--no-block=yes") for word in words])
    outcomes = {*re.findall(r"job (\w+)", text), *(["assert"] if "does not hold" in text else [])}
    return status, " ".join(said for said, name in OUTCOMES.items() if name in outcomes) or text


def _shown(control: Path, names: list[str]) -> dict[str, dict[str, str]]:
    found = {}
    for name in names:
        text = _ask(control, ["show", f"--property={','.join(SHOWN)}", name])[1]
        found[name] = dict(line.split("=", 1) for line in text.splitlines())
    return found


def play_all(stage: Stage, told: list[Story]) -> dict[str, dict[str, Any]]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip([story.name for story in told], pool.map(lambda story: play(stage, story), told), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=RECORDED)
    parser.add_argument("names", nargs="*")
    wishes = parser.parse_args()
    told = stories(wishes.names)
    with tempfile.TemporaryDirectory(prefix="relations-") as folder, systemd(told, Path(folder)) as stage:
        results = play_all(stage, told)
    old = json.loads(wishes.out.read_text()) if wishes.names and wishes.out.exists() else {}
    ordered = {story.name: {**old, **results}.get(story.name) for story in stories()}
    lines = (f"{json.dumps(name)}: {json.dumps(result)}" for name, result in ordered.items() if result)
    wishes.out.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
