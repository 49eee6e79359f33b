"""What a command comes down to: something to say, a time to wait, or a program to run.

A command's `plan` looks at its parameters and returns one of these; `task.py` carries it out. What
touches files is a program too (this package, see `__main__`), so that it can be ended like any other.
"""

import json
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..rules.output import EndsStep, no_steps

Parameters = Mapping[str, object]


@dataclass(frozen=True)
class Say:
    """Write a line into the log."""

    text: str


@dataclass(frozen=True)
class Wait:
    """Wait some seconds, then say that it is over."""

    seconds: float
    then: str


@dataclass(frozen=True)
class Run:
    """Run a program."""

    argv: tuple[str, ...]
    announce: str
    ends_step: EndsStep = no_steps


Step = Say | Wait | Run
Plan = Callable[[Parameters], Step]


class BadParameters(Exception):
    """A command that cannot be carried out as it was written; the text goes into the task's log."""


def run(argv: Sequence[str], ends_step: EndsStep = no_steps) -> Run:
    """Run a program that its user knows by name."""
    return Run(tuple(argv), f"going to run:\n\n    {shlex.join(argv)}\n", ends_step)


def run_own(command: str, announce: str, parameters: Parameters) -> Run:
    """Run one of this package's own programs."""
    argv = (sys.executable, "-X", "utf8", "-m", __name__.rpartition(".")[0], command, json.dumps(dict(parameters)))
    return Run(argv, f"{command}: {announce}")


def text(parameters: Parameters, key: str, *, may_be_empty: bool = False) -> str:
    """Return a parameter that has to be there and be text."""
    value = parameters.get(key)
    if not isinstance(value, str):
        raise BadParameters(f"{key}: {'is missing' if value is None else f'{value!r} is not text'}")
    if not value and not may_be_empty:
        raise BadParameters(f"{key}: is empty")
    return value


def number(parameters: Parameters, key: str) -> float:
    """Return a parameter that has to be there and be a number."""
    value = parameters.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadParameters(f"{key}: {'is missing' if value is None else f'{value!r} is not a number'}")
    return value


def words(parameters: Parameters, key: str) -> tuple[str, ...]:
    """Return a list of words; one that is absent is empty. Numbers stand for their text."""
    value = parameters.get(key)
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(
        isinstance(word, str | int | float) and not isinstance(word, bool) for word in value
    ):
        raise BadParameters(f"{key}: {value!r} is not a list of words")
    return tuple(str(word) for word in value)


def split(parameters: Parameters, key: str) -> tuple[str, ...]:
    """Return words that are written as in a shell; absent is empty."""
    value = parameters.get(key)
    if value is None:
        return ()
    try:
        return tuple(shlex.split(text(parameters, key, may_be_empty=True)))
    except ValueError as problem:
        raise BadParameters(f"{key}: {value!r} cannot be split into words: {problem}") from None
