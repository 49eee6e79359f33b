"""Whether a worker runs under the definition that would be made for it today. Pure.

What a worker says of its definition is taken for what it is: a text by somebody else. It is cut to size, and what
makes no sense is as if nothing had been said, so that no worker is kept from work by it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ...units import recipe
from ...units.carried import LONGEST_TEXT, MOST_FILES, digest
from ...units.errors import BadConfig, BadValue
from ...units.recipe import Recipe

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Installed:
    """What a worker says of its definition. files: path and SHA-256 of each, None for one that it could not read."""

    recipe: str
    files: tuple[tuple[str, str | None], ...]
    drop_ins: tuple[str, ...] = ()


def keep(said: object) -> str | None:
    """Return what is kept of what a worker says, as JSON; None for what is not as it should be."""
    match said:
        case {"recipe": str(text), "files": dict(files), "drop_ins": list(drop_ins)} if _fits(text, files, drop_ins):
            return json.dumps({"recipe": text, "files": files, "drop_ins": drop_ins})
    return None


def _fits(text: str, files: Mapping[object, object], drop_ins: list[object]) -> bool:
    few = 0 < len(files) <= MOST_FILES and len(drop_ins) <= MOST_FILES
    return few and all(map(_is_text, (text, *files, *drop_ins))) and all(map(_is_digest, files.values()))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and value.isprintable()


def _is_digest(value: object) -> bool:
    return value is None or (isinstance(value, str) and _DIGEST.fullmatch(value) is not None)


def _kept(text: str) -> Installed:
    said = json.loads(text)
    return Installed(said["recipe"], tuple(said["files"].items()), tuple(said["drop_ins"]))


class Drift(Enum):
    """What comes of comparing."""

    SAME = "as-generated"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Judgement:
    """The outcome, why, and what to do about it, "" for nothing. recipe: of what the definition was made, if known."""

    drift: Drift
    why: str
    mend: str = ""
    recipe: Recipe | None = None
    drop_ins: tuple[str, ...] = ()


def judge(unit: str | None) -> Judgement:
    """Say whether a definition is the one that is made today of its recipe. unit: what was kept of it."""
    if unit is None:
        return Judgement(
            Drift.UNKNOWN,
            "It does not say by what definition it runs: somebody started it, or the definition is not from here.",
            "Install one of those below, and it will be compared at the next sign-on.",
        )
    installed = _kept(unit)
    try:
        of = recipe.from_text(installed.recipe)
        wanted = {file.path: digest(file.text.encode()) for file in recipe.make(of).seen}
    except (BadValue, BadConfig) as problem:
        why = f"It says that its definition was made of what makes none: {_problem(problem)}."
        return Judgement(Drift.UNKNOWN, why, _AGAIN, drop_ins=installed.drop_ins)
    return _compared(installed, of, wanted)


_AGAIN = "Install it again with the files below; keep changes of your own in a drop-in, where there are such."


def _compared(installed: Installed, of: Recipe, wanted: Mapping[str, str]) -> Judgement:
    found = dict(installed.files)
    other = [path for path in wanted if found.get(path) not in (None, wanted[path])]
    unread = [path for path in wanted if found.get(path) is None]
    if other:
        why = f"{_listed(other)} {_is(other)} not as it would be made today: edited since, or made by another version."
        return Judgement(Drift.DIFFERS, why, _AGAIN, of, installed.drop_ins)
    if unread:
        why = f"{_listed(unread)} {_is(unread)} not there for the worker to read."
        drift = Drift.UNKNOWN if len(unread) == len(wanted) else Drift.DIFFERS
        return Judgement(drift, why, _AGAIN, of, installed.drop_ins)
    why = "It runs under the definition that would be made for it today."
    return Judgement(Drift.SAME, why, "", of, installed.drop_ins)


def _problem(problem: BadValue | BadConfig) -> str:
    text = problem.problem
    return text if len(text) <= 200 else f"{text[:200]}…"


def _listed(paths: list[str]) -> str:
    return " and ".join(paths) if len(paths) < 3 else f"{paths[0]}, {paths[1]} and {len(paths) - 2} more"


def _is(paths: list[str]) -> str:
    return "is" if len(paths) == 1 else "are"
