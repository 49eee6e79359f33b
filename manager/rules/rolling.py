"""The next move of a rolling action. Pure.

Nothing here remembers what has happened: `advance` compares what is written down of each worker with what the worker is
now, and says what to write down and what to ask. So it makes no difference who looks, how often, or after which crash.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from ...worker.wire import Status
from . import actions, plan
from .facts import Fact, Kind
from .rollouts import AWAY, LEFT_OUT, PLACED, STEPS, Rollout, Seen, Stage, State, Turn, turned
from .times import span
from .versions import is_older
from .workers import Moved, Terms, Worker

_UP = frozenset({Status.AWAKE, Status.ASLEEP})
_MAY_BE_ASKED = _UP | {Status.STARTING}


@dataclass(frozen=True)
class Scene:
    """What is to be known for the next move.

    turns: all at one of the STEPS, and the next that wait, in order. workers: theirs that exist. waiting: how many wait
    in all. proven: somebody was asked and is done. since: when this manager began to hear of workers.
    """

    turns: Sequence[Turn]
    workers: Mapping[str, Worker]
    waiting: int
    proven: bool
    since: int = 0


@dataclass(frozen=True)
class Move:
    """What becomes of a rolling action: what is asked of whom, and what there is to tell.

    in_flight: somebody still is. due: when to look again, None for when something happens.
    """

    rollout: Rollout
    turns: Mapping[str, Turn]
    asked: Mapping[str, Moved]
    facts: Sequence[tuple[str | None, Fact]]
    in_flight: bool
    due: int | None


def advance(rollout: Rollout, scene: Scene, now: int) -> Move:
    """Take in what there is to see, and do what follows."""
    turns = {turn.worker_id: _look(rollout, turn, scene, now) for turn in scene.turns}
    after = _halt(rollout, scene.turns, turns)
    asked: dict[str, Moved] = {}
    if after.state in (State.HALTED, State.CANCELED):
        _call_off(after, turns, scene.workers, asked)
    left = scene.waiting
    if after.state is State.RUNNING:
        left -= _ask_next(after, turns, scene, asked, now)
        if not left and not any(turn.stage in PLACED for turn in turns.values()):
            after = replace(after, state=State.DONE, ended_at=now)
    changed = [(was, turns[was.worker_id]) for was in scene.turns if turns[was.worker_id] != was]
    facts: list[tuple[str | None, Fact]] = [(was.worker_id, _told(after, was, turn)) for was, turn in changed]
    if after.state is not rollout.state:
        facts.append((None, turned(rollout, after)))
    more = after.state is State.RUNNING and bool(left) and _free(after, turns, scene) > 0
    return Move(
        rollout=after,
        turns={turn.worker_id: turn for _, turn in changed},
        asked=asked,
        facts=facts,
        in_flight=any(turn.stage in PLACED for turn in turns.values()),
        due=now if more else _due(after, turns, scene),
    )


def _told(rollout: Rollout, was: Turn, turn: Turn) -> Fact:
    detail = {"rollout": rollout.id, "from": was.stage.value, "to": turn.stage.value, "why": turn.why}
    return Fact(Kind.ROLLOUT_WORKER, detail)


# -- what there is to see


def _look(rollout: Rollout, turn: Turn, scene: Scene, now: int) -> Turn:
    worker = scene.workers.get(turn.worker_id)
    steps = STEPS.get(turn.stage, {})
    seen = _seen(rollout, turn, worker, late=_is_late(rollout, turn, scene, now)) if steps else None
    stage = steps.get(seen) if seen else None
    if seen is None or stage is None:
        return turn
    return _entered(rollout, turn, stage, seen, worker, now)


def _seen(rollout: Rollout, turn: Turn, worker: Worker | None, *, late: bool) -> Seen | None:
    """Compare a worker with what is written down of it; the first that is true counts."""
    if worker is None:
        return Seen.REMOVED
    is_new = worker.incarnation > turn.incarnation
    if turn.stage is Stage.BACK and worker.request is not None:
        return Seen.TAKEN
    if turn.stage is Stage.BACK:
        return Seen.ENDED if is_new or worker.status not in _UP else Seen.LATE if late else None
    if _has_done(rollout.wish.status, worker, is_new=is_new):
        return Seen.OLDER if is_older(worker.version, turn.version) else Seen.CAME
    if is_new and worker.status is Status.ERROR:
        return Seen.ENDED
    if not is_new and _is_taken(turn, worker):
        return Seen.TAKEN
    if turn.stage is Stage.ASKED and (is_new or worker.status not in _MAY_BE_ASKED):
        return Seen.WENT
    return Seen.LATE if late else None


def _has_done(status: Status, worker: Worker, *, is_new: bool) -> bool:
    return is_new and worker.status in _UP if status is Status.RESTART else worker.status is status


def _is_taken(turn: Turn, worker: Worker) -> bool:
    """Say whether somebody took it back, or has asked for something else; of one that went, only the latter counts."""
    if worker.request is None:
        return turn.stage is Stage.ASKED
    return worker.request.id != turn.request_id


def _is_late(rollout: Rollout, turn: Turn, scene: Scene, now: int) -> bool:
    at = _late_at(rollout, turn, scene)
    return at is not None and now >= at


def _late_at(rollout: Rollout, turn: Turn, scene: Scene) -> int | None:
    """Return when a turn's time is over; while no manager listened, nobody could be heard of."""
    if turn.until is None or turn.stage not in PLACED:
        return None
    return max(turn.until, scene.since + (rollout.watch if turn.stage is Stage.BACK else rollout.patience))


def _entered(rollout: Rollout, turn: Turn, stage: Stage, seen: Seen, worker: Worker | None, now: int) -> Turn:
    """Write down that a worker has come to a stage."""
    why = _why(rollout, turn, seen, worker)
    match stage:
        case Stage.DOWN:
            return replace(turn, stage=stage, down_at=now, until=now + rollout.patience)
        case Stage.BACK if rollout.watch and worker:
            return replace(turn, stage=stage, back_at=now, until=now + rollout.watch, incarnation=worker.incarnation)
        case Stage.BACK:
            return replace(turn, stage=Stage.DONE, back_at=now, ended_at=now, until=None)
        case Stage.DONE:
            back_at = turn.back_at or now
            return replace(turn, stage=stage, back_at=back_at, ended_at=now, until=None)
        case _:
            return replace(turn, stage=stage, why=why or turn.why, ended_at=now, until=None)


def _why(rollout: Rollout, turn: Turn, seen: Seen, worker: Worker | None) -> str:
    """Complete "NAME ..." for what ended a turn other than well."""
    match seen:
        case Seen.LATE if turn.down_at is not None:
            return f"did not come back within {span(rollout.patience)}"
        case Seen.LATE:
            return f"did not do what was asked within {span(rollout.patience)}"
        case Seen.OLDER if worker:
            return f"came back with version {worker.version}, it had {turn.version}"
        case Seen.ENDED if worker:
            did = "started anew" if worker.status in _MAY_BE_ASKED else f"was {worker.status.value}"
            return f"did not stay: it {did} soon after it had come back"
        case Seen.TAKEN if worker and worker.request:
            return f"is to {actions.words(worker.request)}"
        case Seen.TAKEN:
            return "was left out: what was asked of it was taken back"
        case Seen.REMOVED:
            return "was removed"
        case _:
            return ""


# -- what follows


def _halt(rollout: Rollout, before: Sequence[Turn], after: Mapping[str, Turn]) -> Rollout:
    """Halt where somebody has failed just now."""
    failed = [
        after[was.worker_id]
        for was in before
        if was.stage is not Stage.FAILED and after[was.worker_id].stage is Stage.FAILED
    ]
    if not failed or rollout.state not in (State.RUNNING, State.PAUSED):
        return rollout
    return replace(rollout, state=State.HALTED, why="; ".join(f"{turn.name} {turn.why}" for turn in failed))


def _call_off(rollout: Rollout, turns: dict[str, Turn], workers: Mapping[str, Worker], asked: dict[str, Moved]) -> None:
    """Take back what has not begun: all of it after a cancel, and after a halt what waits for the end of a task."""
    for turn in [turn for turn in turns.values() if turn.stage is Stage.ASKED]:
        worker = workers[turn.worker_id]
        canceled = rollout.state is State.CANCELED
        waits = worker.busy and worker.request is not None and worker.request.wish.lazy
        if waits or (canceled and worker.status in _MAY_BE_ASKED):
            asked[turn.worker_id] = actions.withdraw(worker, why=f"the {rollout.asker} is {rollout.state.value}").moved
            again = Turn(turn.worker_id, turn.name, turn.position)
            turns[turn.worker_id] = replace(again, stage=Stage.SKIPPED, why=LEFT_OUT) if canceled else again


def _tries(rollout: Rollout, scene: Scene, turns: Iterable[Turn]) -> bool:
    """Say whether a canary still has to come back."""
    return rollout.canary and not scene.proven and not any(turn.stage is Stage.DONE and turn.asked_at for turn in turns)


def _free(rollout: Rollout, turns: Mapping[str, Turn], scene: Scene) -> int:
    """Return how many more may be down. Who is back and watched is up: only for a canary all others wait so long."""
    tries = _tries(rollout, scene, turns.values())
    taken = sum(turn.stage in (PLACED if tries else AWAY) for turn in turns.values())
    return (1 if tries else rollout.at_once) - taken


def _ask_next(rollout: Rollout, turns: dict[str, Turn], scene: Scene, asked: dict[str, Moved], now: int) -> int:
    """Ask as many as there are places; returns how many wait no longer."""
    over = 0
    for waits in _in_order(rollout, turns, scene):
        if _free(rollout, turns, scene) <= 0:
            break
        turns[waits.worker_id] = _ask(rollout, waits, scene.workers.get(waits.worker_id), asked, now)
        over += 1
    return over


def _in_order(rollout: Rollout, turns: Mapping[str, Turn], scene: Scene) -> list[Turn]:
    """Return those that wait; a canary should not have to end a task first, so who has none goes before the others."""
    waiting = [turn for turn in turns.values() if turn.stage is Stage.WAITING]
    if not _tries(rollout, scene, turns.values()):
        return waiting
    busy = {id for id, worker in scene.workers.items() if worker.busy}
    return sorted(waiting, key=lambda turn: turn.worker_id in busy)


def _ask(rollout: Rollout, turn: Turn, worker: Worker | None, asked: dict[str, Moved], now: int) -> Turn:
    """Ask one worker; whom nothing can be asked of is left out, with the reason."""
    if worker is None or worker.status not in _MAY_BE_ASKED:
        why = "was removed" if worker is None else f"is {worker.status.value}"
        return replace(turn, stage=Stage.SKIPPED, why=why, ended_at=now)
    id = str(uuid5(UUID(rollout.id), f"{worker.id} {now}"))
    deadline = now + rollout.deadline if rollout.deadline is not None and rollout.wish.lazy else None
    terms = Terms(deadline=deadline, reason=rollout.reason)
    result = plan.ask(worker, rollout.wish, id=id, by=rollout.asker, now=now, terms=terms)
    asked[worker.id] = result.moved
    pending = result.moved.worker.request
    if pending is None or pending.id != id:
        stage = Stage.DONE if pending is None and worker.status is rollout.wish.status else Stage.SKIPPED
        return replace(turn, stage=stage, why=result.answer.text, ended_at=now)
    waits = rollout.wish.lazy and worker.busy
    until = (deadline or now) + rollout.patience if deadline or not waits else None
    here = {"version": worker.version, "incarnation": worker.incarnation}
    return replace(turn, stage=Stage.ASKED, request_id=id, asked_at=now, until=until, **here)  # type: ignore[arg-type]


def _due(rollout: Rollout, turns: Mapping[str, Turn], scene: Scene) -> int | None:
    times = [_late_at(rollout, turn, scene) for turn in turns.values()]
    return min((at for at in times if at is not None), default=None)
