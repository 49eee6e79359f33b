"""Plans as rows of their table: as JSON, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from ...worker.wire import Request, Status
from ..rules.actions import Answer
from ..rules.plan import Abort, Capacity, Changed, Fate, Loss, Plan, Step, TagCapacity
from ..rules.workers import Terms
from .tables import plan as table

# How long a plan may be applied, and an answer is repeated, in milliseconds.
KEPT = 10 * 60 * 1000


@dataclass(frozen=True)
class Kept:
    """A plan and its token; until when it may be applied."""

    token: str
    expires_at: int
    plan: Plan


@dataclass(frozen=True)
class Applied:
    """Exactly what was planned has been asked."""

    answers: Sequence[Answer]


@dataclass(frozen=True)
class Overtaken:
    """Nothing was asked: it would do something else now. anew: the plan of today, None where there is none any more."""

    changes: Sequence[Changed]
    anew: Kept | None


def values(plan: Plan) -> dict[str, Any]:
    """Return the columns that say what a plan does."""
    wish = {
        "status": plan.wish.status.value,
        "lazy": plan.wish.lazy,
        "terms": asdict(plan.terms),
        "capacity": asdict(plan.capacity),
        "farm": plan.farm,
    }
    return {"wish": wish, "steps": [_plain(step) for step in plan.steps]}


def _plain(step: Step) -> dict[str, Any]:
    # Not asdict, which copies every value of ten thousand.
    loss = step.loss and {**vars(step.loss), "abort": step.loss.abort.value}
    return {**vars(step), "fate": step.fate.value, "loss": loss}


def _step(said: Mapping[str, Any]) -> Step:
    loss = said["loss"] and Loss(**{**said["loss"], "abort": Abort(said["loss"]["abort"])})
    return Step(**{**said, "fate": Fate(said["fate"]), "loss": loss})


def kept(row: Row[Any]) -> Kept:
    wish = Request(Status(row.wish["status"]), row.wish["lazy"])
    steps = tuple(_step(said) for said in row.steps)
    said = row.wish["capacity"]
    capacity = Capacity(**{**said, "tags": tuple(TagCapacity(**each) for each in said.get("tags", ()))})
    plan = Plan(wish, Terms(**row.wish["terms"]), steps, capacity, row.wish.get("farm", 0))
    return Kept(row.token, row.made_at + KEPT, plan)


def answer(done: Applied | Overtaken) -> dict[str, Any]:
    match done:
        case Applied(answers):
            return {"answers": [vars(each) for each in answers]}
        case Overtaken(changes, anew):
            return {"changes": [asdict(each) for each in changes], "anew": anew and anew.token}


def answered(connection: Connection, said: Mapping[str, Any]) -> Applied | Overtaken:
    if "answers" in said:
        return Applied([Answer(**each) for each in said["answers"]])
    row = connection.execute(select(table).where(table.c.token == said["anew"])).first()
    return Overtaken([Changed(**each) for each in said["changes"]], None if row is None else kept(row))
