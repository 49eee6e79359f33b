"""Rolling actions in the words of the pages: how far one has come, and who is where. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...rules.rollouts import COMMANDS, Command, Rollout, Stage, State, Turn
from ...rules.times import span
from ..moments import Moment
from .menu import wish_words
from .planview import count

# A stage as it is shown: the shape and colour of a status, and a word.
STAGES: Mapping[Stage, tuple[str, str]] = {
    Stage.FAILED: ("error", "Failed"),
    Stage.DOWN: ("starting", "Away"),
    Stage.ASKED: ("draining", "Asked"),
    Stage.BACK: ("idle", "Back, watched"),
    Stage.WAITING: ("queued", "Waiting"),
    Stage.DONE: ("done", "Done"),
    Stage.LEFT: ("offline", "Left behind"),
    Stage.SKIPPED: ("offline", "Left out"),
}
STATES: Mapping[State, tuple[str, str]] = {
    State.RUNNING: ("working", "Running"),
    State.PAUSED: ("paused", "Paused"),
    State.HALTED: ("error", "Halted"),
    State.DONE: ("done", "Done"),
    State.CANCELED: ("offline", "Canceled"),
}
_BUTTONS = {Command.PAUSE: "Pause", Command.RESUME: "Go on", Command.CANCEL: "Cancel the rest"}
_OVER = (Stage.DONE, Stage.SKIPPED, Stage.LEFT)

# So many of its workers a page shows; those that are over come last.
SHOWN = 300


@dataclass(frozen=True)
class Shown:
    """The shape, colour and word of a state or stage."""

    name: str
    word: str


@dataclass(frozen=True)
class Button:
    key: str
    label: str


@dataclass(frozen=True)
class RolloutRow:
    """One rolling action. over, percent: how many of its workers it is over with."""

    id: str
    title: str
    state: Shown
    why: str
    begun: Moment
    by: str
    over: int
    total: int
    percent: int
    stages: Sequence[tuple[Shown, int]]
    terms: Sequence[str]
    buttons: Sequence[Button]


@dataclass(frozen=True)
class TurnRow:
    """Where one worker stands. at: since when, None where nothing has happened yet."""

    id: str
    name: str
    stage: Shown
    why: str
    at: Moment | None


def rollout_row(rollout: Rollout, stages: Mapping[Stage, int], now: int) -> RolloutRow:
    total, over = sum(stages.values()), sum(stages.get(stage, 0) for stage in _OVER)
    return RolloutRow(
        id=rollout.id,
        title=f"{wish_words(rollout.wish)}, {count(total)}",
        state=Shown(*STATES[rollout.state]),
        why=rollout.why,
        begun=Moment(rollout.made_at, now),
        by=rollout.by,
        over=over,
        total=total,
        percent=100 * over // total if total else 0,
        stages=[(Shown(*STAGES[stage]), stages[stage]) for stage in STAGES if stages.get(stage)],
        terms=_terms(rollout),
        buttons=[Button(command.value, _BUTTONS[command]) for command in COMMANDS[rollout.state]],
    )


def _terms(rollout: Rollout) -> list[str]:
    first = "one goes before all others" if rollout.canary else "nobody goes first"
    late = [f"a task is waited for {span(rollout.deadline)} at most"] if rollout.deadline is not None else []
    why = [f"“{rollout.reason}”"] if rollout.reason else []
    watch = f"each is watched for {span(rollout.watch)} once it is back, and has {span(rollout.patience)} to come back"
    return [f"{rollout.at_once} at once", first, watch, *late, *why]


def turn_rows(turns: Sequence[Turn], now: int) -> list[TurnRow]:
    """Tell of the workers, those first with whom something is the matter; as many as a page shows."""
    order = {stage: place for place, stage in enumerate(STAGES)}
    ordered = sorted(turns, key=lambda turn: (order[turn.stage], turn.position))
    return [_turn_row(turn, now) for turn in ordered[:SHOWN]]


def _turn_row(turn: Turn, now: int) -> TurnRow:
    times = (turn.ended_at, turn.back_at, turn.down_at, turn.asked_at)
    at = next((at for at in times if at is not None), None)
    shown = Shown(*STAGES[turn.stage])
    return TurnRow(turn.worker_id, turn.name, shown, turn.why, None if at is None else Moment(at, now))
