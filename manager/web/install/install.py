"""The Install tab: a worker's definition for one service manager, what it loses, and how it gets there. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from ....units import hardening, recipe
from ....units.carried import digest
from ....units.dialect import Way
from ....units.recipe import Made, Recipe
from ....units.rendered import File, Loss
from ....units.worker_unit import worker_service
from .installsteps import Step, names, steps, undo
from .reasons import WHY, Line, lines
from .shells import Url


@dataclass(frozen=True)
class Shown:
    """One file: its name for a download, where that is, and its lines."""

    name: str
    path: str
    sha256: str
    address: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Lost:
    """What is lost, how, and what it is for, "" where that is not known."""

    key: str
    how: str
    purpose: str


@dataclass(frozen=True)
class HowRun:
    """The way, in words, and what is lost in it. otherwise: what would be lost in the other way.

    instead: what the other way is called, "" where it is not worth a word.
    """

    way: Way
    why: str
    lost: tuple[Lost, ...] = ()
    instead: str = ""
    otherwise: tuple[Lost, ...] = ()


@dataclass(frozen=True)
class Installation:
    """All that the tab says of one definition. gaps: what the hardening profile leaves open."""

    files: Sequence[Shown]
    how: HowRun
    steps: Sequence[Step]
    undo: Sequence[str]
    gaps: Sequence[str] = ()


def installation(of: Recipe, address: Url, url: Url, *, by_token: bool = False) -> Installation:
    """Make everything of a recipe. address, url: of a file's download, within the manager and from another machine.

    by_token: only those get a file who say who they are.
    Raises BadValue, which names the field, and BadConfig.
    """
    made = recipe.make(of)
    files = names(made.rendered.files)
    return Installation(
        [_shown(name, file, made.recipe, address(name)) for name, file in files.items()],
        how_run(made),
        steps(made, url, by_token=by_token),
        undo(made),
        gaps(of),
    )


def _shown(name: str, file: File, made_of: Recipe, address: str) -> Shown:
    return Shown(name, file.path, digest(file.text.encode()), address, lines(file, made_of))


def how_run(made: Made) -> HowRun:
    """Say in which way the worker is run, and why."""
    of, lost = made.recipe, _told(made.rendered.losses)
    title = of.dialect.title
    otherwise = _told(recipe.lost(of, "native" if of.way == "supervised" else "supervised"))
    if of.way == "supervised":
        why = f"{title} alone would lose {_things(len(otherwise))}, so it keeps Farmhand running, which does the rest."
        return HowRun("supervised", why, lost, f"{title} alone", otherwise)
    if len(otherwise) < len(lost):
        why = f"{title} runs the worker itself, and does not do all of it."
        return HowRun("native", why, lost, f"{title} with Farmhand", otherwise)
    return HowRun("native", f"{title} runs the worker itself{'' if lost else ', and nothing is lost'}.", lost)


def _told(losses: Sequence[Loss]) -> tuple[Lost, ...]:
    return tuple(Lost(loss.key, loss.why, WHY.get(loss.key, "")) for loss in losses)


def _things(count: int) -> str:
    return "one thing" if count == 1 else f"{count} things"


def gaps(of: Recipe) -> tuple[str, ...]:
    """Say what the profile does not keep the worker from, and why."""
    worker, profile = of.worker, of.worker.profile
    if profile is None:
        return ()
    found = hardening.gaps(worker_service(worker), profile, worker.writable)
    return tuple(hardening.describe(rule, relaxed, profile) for rule, relaxed in found)
