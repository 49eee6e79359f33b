"""Variables in what a task does, "{name}", replaced by what they stand for where the task runs. Pure.

A two-way variable stands for a folder that has another name on each platform. A path below it that is submitted from
one is kept as "{name}/...", with forward slashes, and is written as its worker's platform has it when it is handed out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .tasks import Command

_NAME = re.compile(r"\{(\w+)\}")

WORKERS = "workers"
USERS = "users"

# What the folder is called that all jobs may use.
JOBS = "jobs"

WINDOWS = "windows"


@dataclass(frozen=True)
class Variable:
    """One value of a variable; an empty audience or no platforms means all of them."""

    value: str
    audience: str = ""
    platforms: frozenset[str] = frozenset()
    is_twoway: bool = False


Variables = Mapping[str, tuple[Variable, ...]]


def chosen(
    variables: Variables, *, platform: str, audience: str = WORKERS, jobs: str | None = None
) -> Mapping[str, Variable]:
    """Return what each variable is for an audience on a platform (linux, windows, darwin): the first value that fits.

    jobs: what {jobs} stands for, unless a variable of that name says otherwise.
    """
    found = {} if jobs is None else {JOBS: Variable(jobs)}
    for name, choices in variables.items():
        fitting = (
            it
            for it in choices
            if it.audience in ("", "all", audience) and (not it.platforms or platform in it.platforms)
        )
        value = next(fitting, None)
        if value is not None:
            found[name] = value
    return found


# -- handing out


def replaced(command: Command, chosen: Mapping[str, Variable], platform: str) -> Command:
    """Return the command with the variables in its strings and lists of strings replaced; unknown ones stay."""
    parameters = {key: _in(value, chosen, platform) for key, value in command.parameters.items()}
    return replace(command, parameters=parameters)


def _in(value: object, chosen: Mapping[str, Variable], platform: str) -> object:
    if isinstance(value, str):
        return _expanded(value, chosen, platform)
    if isinstance(value, list):
        return [_in(each, chosen, platform) for each in value]
    return value


def _expanded(text: str, chosen: Mapping[str, Variable], platform: str) -> str:
    first = _NAME.match(text)
    root = chosen.get(first[1]) if first else None
    if first is not None and root is not None and root.is_twoway:
        rest = text[first.end() :]
        start = root.value.rstrip(_separators(platform)) if rest.startswith(("/", "\\")) else root.value
        return start + _plain(rest.replace("/", "\\") if platform == WINDOWS else rest, chosen)
    return _plain(text, chosen)


def translated(path: str, variables: Variables, *, here: str, there: str, audience: str) -> str:
    """Return a folder of the platform `here` as an audience on another, `there`, has it; as it is, if nobody says."""
    text = str(neutral(path, chosen(variables, platform=here), here))
    values, named = chosen(variables, platform=there, audience=audience), _NAME.match(text)
    return _expanded(text, values, there) if named and named[1] in values else path


def _plain(text: str, chosen: Mapping[str, Variable]) -> str:
    return _NAME.sub(lambda found: chosen[found[1]].value if found[1] in chosen else found[0], text)


# -- submitting


def neutral(value: object, chosen: Mapping[str, Variable], platform: str) -> object:
    """Return a setting with the folder that it begins with, if it is that of a two-way variable, written as "{name}".

    The longest such folder is taken. On Windows capitals and small letters are the same, and so are both slashes.
    """
    if not isinstance(value, str):
        return value
    folders = {name: it.value for name, it in chosen.items() if it.is_twoway}
    parts = _parts(value, platform)
    for name, folder in sorted(folders.items(), key=lambda each: len(_root(each[1], platform)), reverse=True):
        root = _root(folder, platform)
        if _same(parts[: len(root)], root, platform):
            return "/".join([f"{{{name}}}", *parts[len(root) :]])
    return value


def _separators(platform: str) -> str:
    return "/\\" if platform == WINDOWS else "/"


def _parts(path: str, platform: str) -> list[str]:
    return path.replace("\\", "/").split("/") if platform == WINDOWS else path.split("/")


def _root(folder: str, platform: str) -> list[str]:
    return _parts(folder.rstrip(_separators(platform)), platform)


def _same(some: list[str], others: list[str], platform: str) -> bool:
    if platform != WINDOWS:
        return some == others
    return [part.casefold() for part in some] == [part.casefold() for part in others]
