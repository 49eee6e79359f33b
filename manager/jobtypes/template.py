"""Placeholders in job types: "${setting}", "${setting|filter}", "${setting|filter:another}". Pure.

Braces without the dollar, "{blender}", are the manager's variables and stay as they are until the task is handed out.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath, PureWindowsPath

from . import frames

_PLACEHOLDER = re.compile(r"\$\{(\w+)((?:\|\w+(?::\w+)?)*)\}")


def _path(text: str) -> PurePosixPath | PureWindowsPath:
    return PureWindowsPath(text) if "\\" in text or re.match(r"[A-Za-z]:", text) else PurePosixPath(text)


def _span(text: str) -> str:
    """Shorten a list of frames to its first and last one; a plain range stays."""
    if "," not in text:
        return text
    listed = frames.parse(text)
    return f"{listed[0]}-{listed[-1]}"


def _folders(text: str, number: object) -> str:
    """Return the last folders that a file is in, each with a slash: "shots/010/" of ".../shots/010/a.blend" by 2."""
    path = _path(text)
    names = [name for name in path.parts[:-1] if name != path.anchor and not name.startswith("{")]
    return "".join(f"{name}/" for name in names[len(names) - min(int(str(number)), len(names)) :])


# Those that take another setting: "${blendfile|folders:add_path_components}".
WITH_ANOTHER: Mapping[str, Callable[[str, object], object]] = {"folders": _folders}

FILTERS: Mapping[str, Callable[[str], object]] = {
    "parent": lambda text: _path(text).parent.as_posix(),
    "basename": lambda text: _path(text).name,
    "stem": lambda text: _path(text).stem.replace(".flamenco", ""),
    "span": _span,
    "count": lambda text: len(frames.parse(text)),
    # Blender writes 1..3 where people write 1-3.
    "blender": lambda text: re.sub(r"(?<=\d)-", "..", text),
}


def fill(value: object, names: Mapping[str, object]) -> object:
    """Return a value with the placeholders in its strings filled.

    One that is all of a string keeps its type; but lists are words of a command line, which are strings.
    """
    match value:
        case str():
            whole = _PLACEHOLDER.fullmatch(value)
            if whole is not None:
                return _look_up(whole, names)
            return _PLACEHOLDER.sub(lambda found: str(_look_up(found, names)), value)
        case list():
            return [_written(fill(each, names)) for each in value]
        case dict():
            return {key: fill(each, names) for key, each in value.items()}
        case _:
            return value


def _written(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int | float) else value


def _look_up(found: re.Match[str], names: Mapping[str, object]) -> object:
    value = names[found[1]]
    for written in found[2].split("|")[1:]:
        filter, colon, other = written.partition(":")
        value = WITH_ANOTHER[filter](str(value), names[other]) if colon else FILTERS[filter](str(value))
    return value


def placeholders(value: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the names that a value needs, each with the filters it goes through."""
    match value:
        case str():
            for found in _PLACEHOLDER.finditer(value):
                yield found[1], tuple(found[2].split("|")[1:])
        case list():
            for each in value:
                yield from placeholders(each)
        case dict():
            for each in value.values():
                yield from placeholders(each)
