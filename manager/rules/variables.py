"""Variables in what a task does, "{name}", replaced by what they stand for where the task runs. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .tasks import Command

_NAME = re.compile(r"\{(\w+)\}")

WORKERS = "workers"


@dataclass(frozen=True)
class Variable:
    """One value of a variable; an empty audience or no platforms means all of them."""

    value: str
    audience: str = ""
    platforms: frozenset[str] = frozenset()


def values(
    variables: Mapping[str, tuple[Variable, ...]], *, platform: str, audience: str = WORKERS
) -> Mapping[str, str]:
    """Return the values for an audience on a platform (linux, windows, darwin); the first that fits is taken."""
    chosen: dict[str, str] = {}
    for name, choices in variables.items():
        fitting = (
            it.value
            for it in choices
            if it.audience in ("", "all", audience) and (not it.platforms or platform in it.platforms)
        )
        value = next(fitting, None)
        if value is not None:
            chosen[name] = value
    return chosen


def replaced(command: Command, values: Mapping[str, str]) -> Command:
    """Return the command with the variables in its strings and lists of strings replaced; unknown ones stay."""
    return replace(command, parameters={key: _in(value, values) for key, value in command.parameters.items()})


def _in(value: object, values: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return _NAME.sub(lambda found: values.get(found[1], found[0]), value)
    if isinstance(value, list):
        return [_in(each, values) for each in value]
    return value
