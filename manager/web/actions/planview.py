"""A plan as a person is asked about it: headed by what it does, then who loses what, who is left out, and why. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from ....worker.wire import Request, Status
from ...rules.confirming import Verdict
from ...rules.outcomes import LABELS
from ...rules.plan import Abort, Fate, Plan, Step, Totals, totals
from ...rules.rollouts import ROLLABLE
from ...rules.times import span
from ..moments import Moment
from .outcome import NAMED, short

# So many names are listed where somebody wants to see them; the rest is counted.
LISTED = 500

_ASKS = {
    Status.OFFLINE: "Shut down {}",
    Status.RESTART: "Restart {}",
    Status.ASLEEP: "Send {} to sleep",
    Status.AWAKE: "Wake up {}",
}
_DOES = {Status.OFFLINE: "shuts down", Status.RESTART: "restarts", Status.ASLEEP: "goes to sleep"}


@dataclass(frozen=True)
class Group:
    """Some of the workers, and what becomes of them alike. state: the shape and colour of a status; names: of all."""

    state: str
    title: str
    text: str
    names: Sequence[str] = ()

    @property
    def listed(self) -> Sequence[str]:
        """Return the names that are shown on demand; none where the text has them all."""
        return self.names[:LISTED] if len(self.names) > NAMED else ()

    @property
    def more(self) -> int:
        return max(0, len(self.names) - LISTED)


@dataclass(frozen=True)
class Choice:
    """One side of a comparison."""

    title: str
    text: str


@dataclass(frozen=True)
class PlanView:
    """What the dialog shows. gentle: the button that does it after the task instead, "" where that is no alternative.

    typed: what has to be typed before the other button does anything, "" for nothing. rolls: it can be done a few at a
    time.
    """

    title: str
    why: str
    groups: Sequence[Group]
    compare: Sequence[Choice]
    capacity: Sequence[str]
    button: str
    gentle: str
    typed: str
    rolls: bool
    asked: int


def plan_view(plan: Plan, verdict: Verdict, now: int) -> PlanView:
    """Say what a plan does."""
    sums = totals(plan.steps)
    aborts, status = sums.aborted > 0, plan.wish.status
    return PlanView(
        title=title(plan.wish, sums, len(plan.steps)),
        why=verdict.reason,
        groups=groups(plan, sums, now),
        compare=_compare(plan, sums, now) if aborts else (),
        capacity=_capacity(plan),
        button=f"{LABELS[status]} {_when(plan.wish)}".strip() if sums.asked else "",
        gentle=f"{LABELS[status]} after task instead" if aborts else "",
        typed=str(sums.asked) if verdict.typed else "",
        rolls=status in ROLLABLE and sums.asked > 1 and plan.terms.until is None,
        asked=sums.asked,
    )


def title(wish: Request, sums: Totals, selected: int) -> str:
    """Head a plan by what it does: "Restart 14 of 16 workers now?"."""
    if not sums.asked:
        return f"{LABELS[wish.status]}: nothing would be asked of anybody"
    many = f"{sums.asked} of {selected} workers" if sums.asked < selected else count(selected)
    when = ("after its task" if sums.asked == 1 else "after their tasks") if wish.lazy else _when(wish)
    return f"{_ASKS[wish.status].format(many)} {when}".strip() + "?"


def _when(wish: Request) -> str:
    if wish.status is Status.AWAKE:
        return ""
    return "after task" if wish.lazy else "now"


def groups(plan: Plan, sums: Totals, now: int) -> list[Group]:
    """Tell of the workers in groups: the worst first, those who are left out last."""
    asked = [step for step in plan.steps if step.fate is Fate.ASKED]
    found = [
        _aborted(_by(asked, Abort.NOW), sums),
        _at_risk(_by(asked, Abort.AT_DEADLINE), plan, now),
        _waiting(_by(asked, Abort.NEVER), sums),
    ]
    alike = [
        *_alike([step for step in asked if step.loss is None], "idle"),
        *_alike([step for step in plan.steps if step.fate is Fate.UNCHANGED], "done"),
        *_alike([step for step in plan.steps if step.fate is Fate.REFUSED], "offline", " and is skipped"),
    ]
    return [group for group in found if group is not None] + alike


def _by(steps: Iterable[Step], abort: Abort) -> list[Step]:
    return [step for step in steps if step.loss is not None and step.loss.abort is abort]


def _aborted(steps: Sequence[Step], sums: Totals) -> Group | None:
    if not steps or sums.longest is None:
        return None
    worst, loss = sums.longest
    at = "" if loss.percent is None else f", at {loss.percent} %"
    longest = f" Longest: {loss.job}, {loss.task}{at} ({short(worst.name)})." if len(steps) > 1 else ""
    one = f" {loss.job}, {loss.task}{at} ({short(worst.name)})." if len(steps) == 1 else ""
    text = f"About {span(sums.lost)} of rendering lost.{longest}{one}"
    return Group("error", f"{tasks(len(steps))} aborted and requeued", text, _names(steps))


def _at_risk(steps: Sequence[Step], plan: Plan, now: int) -> Group | None:
    if not steps or plan.terms.deadline is None:
        return None
    when = Moment(plan.terms.deadline, now).minute
    text = f"{'It' if len(steps) == 1 else 'They'} may not be finished by then: {naming(_names(steps))}."
    return Group("draining", f"{tasks(len(steps))} may be aborted at {when}", text, _names(steps))


def _waiting(steps: Sequence[Step], sums: Totals) -> Group | None:
    if not steps:
        return None
    verb = "finishes its task" if len(steps) == 1 else "finish their tasks"
    last = "" if sums.remaining is None else f"The last one in about {span(sums.remaining)}. "
    unknown = f"Of {tasks(sums.unknown)} nobody can tell how long. " if sums.unknown else ""
    return Group("draining", f"{count(len(steps))} {verb} first", f"{last}{unknown}Nothing is lost.", _names(steps))


def _alike(steps: Sequence[Step], state: str, end: str = "") -> list[Group]:
    """Say once what is true of several."""
    ordered = sorted(steps, key=lambda step: step.text)
    grouped = [(text, _names(list(group))) for text, group in groupby(ordered, lambda step: step.text)]
    return [Group(state, *_each(text, names, end), names) for text, names in grouped]


def _each(text: str, names: Sequence[str], end: str) -> tuple[str, str]:
    """Say of all of them at once what the text says of one: head and reason."""
    head, colon, why = text.partition(": ")
    if len(names) == 1:
        return f"{names[0]} {head}{end}", f"{why[:1].upper()}{why[1:]}." if colon else ""
    reason = f"; {plural(why)}" if colon else ""
    return f"{len(names)} {plural(head + end)}", f"{naming(names)}{reason}."


# The words of the rules, which speak of one worker, for several.
_PLURAL = {
    "it": "they",
    "its": "their",
    "is": "are",
    "was": "were",
    "has": "have",
    "restarts": "restart",
    "shuts": "shut",
    "goes": "go",
    "wakes": "wake",
    "starts": "start",
    "sleeps": "sleep",
    "takes": "take",
    "says": "say",
}


def plural(text: str) -> str:
    return " ".join(_PLURAL.get(word, word) for word in text.split(" "))


def _names(steps: Sequence[Step]) -> list[str]:
    return [short(step.name) for step in steps]


def naming(names: Sequence[str]) -> str:
    """Name a few, and count the rest."""
    more = len(names) - NAMED
    shown = [*names[:NAMED], *([f"{more} more"] if more > 0 else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _compare(plan: Plan, sums: Totals, now: int) -> list[Choice]:
    """Set what is asked for beside the gentle way."""
    does = _DOES[plan.wish.status]
    if sums.remaining is None:
        last = "Nobody can tell how long the tasks still take."
    else:
        unknown = f", as far as can be told: {sums.unknown} do not say" if sums.unknown else ""
        last = f"The last one {does} at about {Moment(now + sums.remaining, now).local:%H:%M}{unknown}."
    return [
        Choice("After each task", f"Nothing is lost. {last}"),
        Choice("Immediately", f"{span(sums.lost)} lost, and done within seconds."),
    ]


def _capacity(plan: Plan) -> list[str]:
    """Say how many workers are awake meanwhile, for each tag of which some go."""
    found = plan.capacity
    if found.during == found.before:
        return []
    until = ", until they are back" if found.restarting else ""
    head = f"Workers awake: {found.before} now, {found.during} {'at worst' if found.restarting else 'then'}{until}"
    return [head, *(f"{each.tag}: {each.before} → {each.during}" for each in found.tags)]


def count(number: int) -> str:
    return "1 worker" if number == 1 else f"{number} workers"


def tasks(number: int) -> str:
    return "1 task" if number == 1 else f"{number} tasks"
