"""Whether a person is asked before an action is done, and why. Pure.

What aborts nothing and concerns a few is done at once: a question that is always answered with yes teaches not to read
it. The plan that stands here is the question.
"""

from dataclasses import dataclass

from .plan import Plan, totals

# As many can be taken in at a glance, and asked back by a few clicks.
FEW = 10


@dataclass(frozen=True)
class Verdict:
    """asks: it is shown what it would do, and asked; because of the reason. typed: it takes more than a click."""

    asks: bool
    reason: str
    typed: bool = False


def verdict(plan: Plan, *, named: bool, share: float) -> Verdict:
    """Decide whether the plan is shown first; the first that speaks wins.

    named: the workers were picked one by one, not by a query. share: of how much of the farm an immediate action that
    aborts tasks has to be confirmed by typing, between 0 and 1.
    """
    sums = totals(plan.steps)
    if not sums.asked:
        return Verdict(False, "nothing would be asked of anybody")
    if sums.aborted:
        typed = sums.asked > FEW and sums.asked > share * plan.farm
        return Verdict(True, f"{_tasks(sums.aborted)} would be aborted", typed)
    if sums.at_risk:
        return Verdict(True, f"{_tasks(sums.at_risk)} may not be finished by the deadline")
    if not named:
        return Verdict(True, "nobody has picked these workers one by one")
    if sums.asked == 1:
        return Verdict(False, "it concerns one worker, and aborts nothing")
    if not plan.wish.lazy and plan.capacity.during < plan.capacity.before:
        return Verdict(True, "several workers stop taking tasks at once")
    if sums.asked > FEW:
        return Verdict(True, f"it concerns more than {FEW} workers")
    return Verdict(False, "it concerns a few workers, and aborts nothing")


def _tasks(number: int) -> str:
    return "1 task" if number == 1 else f"{number} tasks"
