"""What a look at a farm finds. Pure."""

from dataclasses import dataclass
from enum import Enum


class Weight(Enum):
    """How much a finding matters."""

    WRONG = "wrong"
    NOTE = "worth knowing"


@dataclass(frozen=True)
class Finding:
    """One thing: where it is, what is wrong, how to mend it."""

    where: str
    what: str
    mend: str
    weight: Weight = Weight.WRONG


def note(where: str, what: str, mend: str) -> Finding:
    return Finding(where, what, mend, Weight.NOTE)
