"""What the doctor says: findings, in order of harm, and the lines that mend them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from ..errors import describe
from .patient import Patient


class Harm(Enum):
    """What a finding does to those who rely on the service; the worst is first."""

    NOT_LOADED = "does not load"
    SURPRISE = "will surprise"
    EXPOSED = "exposed"
    NOTE = "worth knowing"


@dataclass(frozen=True)
class Mend:
    """Lines of a drop-in: one `key=value` for each value; an empty one takes back what was said before."""

    section: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Trouble:
    """What a rule finds. key: the directive that it is about, whose line it names.

    mend: the lines that mend it; none where only its author knows them. place: (path, line), where it is not the key's.
    """

    key: str
    problem: str
    hint: str
    mend: tuple[Mend, ...] = ()
    place: tuple[str, int] | None = None


@dataclass(frozen=True)
class Rule:
    """One row of the doctor's table. title: what it finds. ours_too: it is also for services in Farmhand's YAML."""

    id: str
    harm: Harm
    title: str
    look: Callable[[Patient], Iterable[Trouble]]
    ours_too: bool = True


@dataclass(frozen=True)
class Finding:
    """One trouble of one unit. service: its name. line: 0 for the file as a whole."""

    rule: str
    harm: Harm
    service: str
    path: str
    line: int
    key: str
    problem: str
    hint: str
    mend: tuple[Mend, ...] = ()

    def __str__(self) -> str:
        return f"{describe(self.path, self.line, self.key, self.problem, self.hint)} [{self.rule}]"
