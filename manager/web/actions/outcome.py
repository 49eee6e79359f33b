"""What the page says right after a click: what was asked, and who was left out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ....worker.wire import Request
from ...rules.actions import Answer
from .menu import wish_words

# So many workers are named where something is said about many, and so much of a name is said.
NAMED, LONGEST = 4, 60


@dataclass(frozen=True)
class Notice:
    """A sentence for the operator; tone is "ok", "warn" or "bad"."""

    tone: str
    text: str

    @property
    def icon(self) -> str:
        return "check" if self.tone == "ok" else "warn"


def acted(wish: Request, answers: Sequence[Answer]) -> Notice:
    """Say what became of a wish: asked of whom, and why of nobody else."""
    asked = [answer for answer in answers if answer.accepted and answer.changed]
    others = [answer for answer in answers if not (answer.accepted and answer.changed)]
    head = f"{wish_words(wish)} asked of {count(asked)}" if asked else f"{wish_words(wish)} asked of nobody"
    if len(asked) == 1:
        head += f": {short(asked[0].name)} {asked[0].text}"
    return Notice(tone(asked, answers), "; ".join([head, *grouped(others)]) + ".")


def withdrawn(answers: Sequence[Answer]) -> Notice:
    """Say what was taken back."""
    back = [answer for answer in answers if answer.accepted and answer.changed]
    return Notice(tone(back, answers), "; ".join(grouped(answers)) + ".")


def tone(done: Sequence[Answer], answers: Sequence[Answer]) -> str:
    if all(answer.accepted for answer in answers):
        return "ok"
    return "warn" if done else "bad"


def count(answers: Sequence[Answer]) -> str:
    return "1 worker" if len(answers) == 1 else f"{len(answers)} workers"


def grouped(answers: Sequence[Answer]) -> list[str]:
    """Say once what is true of several: "node-4 and node-5: cannot restart: ..."."""
    ordered = sorted(answers, key=lambda answer: answer.text)
    return [sentence(text, [short(one.name) for one in group]) for text, group in groupby(ordered, lambda a: a.text)]


def short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def sentence(text: str, names: Sequence[str]) -> str:
    """Attach a text to the names it is true of; the text speaks of one."""
    if len(names) == 1:
        return f"{names[0]} {text}"
    more = len(names) - NAMED
    tail = [f"{more} more"] if more > 0 else []
    shown = [*names[:NAMED], *tail]
    return f"{', '.join(shown[:-1])} and {shown[-1]}, each: {text}"
