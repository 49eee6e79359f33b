"""The committed pages are what the tables say today."""

from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

from farmhand.supervisor.rules.exitstatus import Exit
from farmhand.supervisor.rules.life import Changed, Event, Life, Scene
from farmhand.supervisor.rules.lifecycle import step
from farmhand.supervisor.rules.notify import Message
from farmhand.supervisor.rules.states import State
from farmhand.units.spec import Command, Service

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))


@pytest.fixture(autouse=True)
def _without_a_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages show the default that holds without it."""
    monkeypatch.delenv("FARMHAND_MANAGER", raising=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_is_what_the_tables_make_of_it(generate: ModuleType, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert generate.fill(text) == text, "run: python docs/generate.py"


def test_every_part_has_its_page(generate: ModuleType) -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert {name for name in generate.PARTS if f"<!-- generated: {name} -->" not in text} == set()


def test_a_part_is_made_anew_and_what_is_around_it_is_left(generate: ModuleType) -> None:
    page = "before\n<!-- generated: commands -->\nold\n<!-- end -->\nafter\n"
    made = generate.fill(page)
    assert made.startswith("before\n<!-- generated: commands -->\n\n`blender-render`")
    assert made.endswith("\n<!-- end -->\nafter\n")
    assert "old" not in made
    assert generate.fill(made) == made


def test_an_unknown_part_is_no_empty_one(generate: ModuleType) -> None:
    with pytest.raises(KeyError, match="nonsense"):
        generate.fill("<!-- generated: nonsense -->\n<!-- end -->\n")


# -- the arrows of the diagram that stand in no table

COMMANDS = (Command(("/bin/true",)),)
PHASES = ("exec_condition", "exec_start_pre", "exec_start", "exec_start_post", "exec_reload", "exec_stop")
EVERY_PHASE = dict.fromkeys(PHASES, COMMANDS)
RUNNING = Life(State.RUNNING, main=True, main_known=True)
STARTING = Life(State.START, main=True, main_known=True)
LEAVING = Life(State.STOP_POST, control=True)
ENDED_WELL, ENDED_BADLY = Scene(0.0, exit=Exit(code=0)), Scene(0.0, exit=Exit(code=1), stragglers=True)
STEPS = {
    (State.DEAD, "start requested"): (Life(), Event.START, {}, Scene(0.0)),
    (State.FAILED, "start requested"): (Life(State.FAILED), Event.START, {}, Scene(0.0)),
    (State.START, "started"): (STARTING, Event.EXECUTED, {"type": "exec"}, Scene(0.0)),
    (State.START, "failed"): (STARTING, Event.MAIN_ENDED, {"type": "oneshot"}, ENDED_BADLY),
    (State.RUNNING, "reload requested"): (RUNNING, Event.RELOAD, {}, Scene(0.0)),
    (State.EXITED, "reload requested"): (Life(State.EXITED), Event.RELOAD, {}, Scene(0.0)),
    (State.RELOAD, "timeout: terminate"): (Life(State.RELOAD, main=True, main_known=True), Event.TIMER, {}, Scene(0.0)),
    (State.RUNNING, "main process ended"): (RUNNING, Event.MAIN_ENDED, {}, ENDED_WELL),
    (State.RUNNING, "ended well, RemainAfterExit=yes"): (
        RUNNING,
        Event.MAIN_ENDED,
        {"remain_after_exit": True},
        ENDED_WELL,
    ),
    (State.RUNNING, "RuntimeMaxSec= over"): (RUNNING, Event.TIMER, {}, Scene(0.0)),
    (State.RUNNING, "watchdog elapsed"): (RUNNING, Event.WATCHDOG, {}, Scene(0.0)),
    (State.RUNNING, "STOPPING=1"): (RUNNING, Event.MESSAGE, {}, Scene(0.0, message=Message(tells=("stopping",)))),
    (State.DEAD, "to be restarted"): (LEAVING, Event.CONTROL_ENDED, {"restart": "always"}, ENDED_WELL),
    (State.FAILED, "to be restarted"): (
        LEAVING,
        Event.CONTROL_ENDED,
        {"restart": "always"},
        Scene(0.0, exit=Exit(code=1)),
    ),
}


def test_each_arrow_that_depends_on_conditions_is_tried(generate: ModuleType) -> None:
    assert {(old, words) for old, words, _ in generate.CONDITIONAL} == STEPS.keys()


@pytest.mark.parametrize("arrow", STEPS, ids=lambda arrow: f"{arrow[0].value}, {arrow[1]}")
def test_an_arrow_is_a_step_that_a_service_takes(generate: ModuleType, arrow: tuple[State, str]) -> None:
    life, event, settings, scene = STEPS[arrow]
    [target] = [new for old, words, new in generate.CONDITIONAL if (old, words) == arrow]
    service = Service("any", **{**EVERY_PHASE, **settings})
    seen = [life.state, *(order.state for order in step(life, event, service, scene)[1] if isinstance(order, Changed))]
    assert (arrow[0], target) in pairwise(seen)
