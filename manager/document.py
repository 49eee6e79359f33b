"""YAML files with the line of every key, so that who wrote one is told where to mend it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import yaml

from ..units.errors import BadConfig, nearest
from ..units.files import read_text

_KEYS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "merge"))
# What JSON has too: no dates, and none of what only some programs can read.
_PLAIN = _KEYS | {f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null")}

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """A mapping read from YAML; lines gives the line of each place in it, a place being the keys that lead there."""

    path: Path
    value: Mapping[str, object]
    lines: Mapping[Place, int]

    def refuse(self, place: Place, problem: str, hint: str) -> NoReturn:
        raise self.error(place, problem, hint)

    def error(self, place: Place, problem: str, hint: str) -> BadConfig:
        """Make the error for a place; one that is not there is where its next of kin is."""
        found = next((place[:end] for end in range(len(place), -1, -1) if place[:end] in self.lines), None)
        return BadConfig(str(self.path), 0 if found is None else self.lines[found], _dotted(place), problem, hint)

    def refuse_unknown(self, place: Place, keys: Collection[str], known: Collection[str]) -> None:
        """Raise BadConfig for the first key that is not known."""
        for key in keys:
            if key not in known:
                near = nearest(key, known)
                hint = f'did you mean "{near}"?' if near else f"known are {', '.join(known)}"
                self.refuse((*place, key), "it is not known", hint)


def load(path: Path) -> Document:
    """Read a file; raises BadConfig."""
    return parse(path, read_text(path))


def parse(path: Path, text: str) -> Document:
    """Read a file's text, which must be one mapping; an empty one is. Raises BadConfig."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines = {} if node is None else dict(_lines(path, node, ()))
        value = None if node is None else yaml.SafeLoader("").construct_document(node)
    except RecursionError:
        raise BadConfig(str(path), 0, "", "it is nested too deeply, or holds itself", "write it plainly") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise BadConfig(str(path), line, "", f"it is not YAML: {error.problem}", "mend the syntax") from None
    except yaml.YAMLError as error:
        raise BadConfig(str(path), 0, "", f"it is not YAML: {error}", "mend the syntax") from None
    document = Document(path, value or {}, lines)
    if not isinstance(document.value, dict):
        document.refuse((), "it must be a mapping", 'write lines of "name: value"')
    return document


def _lines(path: Path, node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN:
        problem = f"{node.value} is no text and no number for YAML"
        raise BadConfig(str(path), node.start_mark.line + 1, _dotted(place), problem, "write it in quotes")
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            yield from _lines(path, child, (*place, index))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or key.tag not in _KEYS:
                raise BadConfig(str(path), line, _dotted(place), "a key must be a word", "write name: value")
            if key.value in seen:
                raise BadConfig(str(path), line, _dotted((*place, key.value)), "it is given twice", "keep one")
            seen.add(key.value)
            yield from _lines(path, child, (*place, key.value))
            yield (*place, key.value), line


def _dotted(place: Place) -> str:
    return ".".join(str(part) for part in place)
