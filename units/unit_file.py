"""The syntax of unit files: sections, assignments, comments and continued lines; systemd.syntax(7).

What the lines mean is not known here. Source: systemd, src/shared/conf-parser.c.
"""

import re
from collections.abc import Callable, Iterator

from .errors import BadConfig
from .light import dataclass
from .quoting import WHITESPACE


@dataclass(frozen=True)
class Line:
    """One assignment, `line` being the one that it ends on, as in systemd's warnings."""

    section: str
    key: str
    value: str
    line: int


# Told of what is ignored: (line, key, problem, hint).
Warn = Callable[[int, str, str, str], None]

_LINE_END = re.compile(r"\r\n|\n\r|\n|\r|\0")
_BYTE_ORDER_MARK = "\ufeff"
_LONGEST = 1 << 20  # bytes of a line, and of all that are continued together
# Bytes that were no UTF-8 stand in a str as lone surrogates; the others are no characters in any encoding.
_UNCLEAN = re.compile(r"[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def assignments(path: str, text: str, sections: tuple[str, ...], warn: Warn) -> Iterator[Line]:
    """Yield the assignments in known sections. A broken section header is a BadConfig, all else is warned of."""
    section = ""
    ignoring = False
    for number, line in _logical_lines(path, text):
        if _UNCLEAN.search(line):
            raise BadConfig(path, number, "", "it is not UTF-8 text", "save it as UTF-8", load_state="error")
        if line.startswith("["):
            section = _header(path, number, line)
            ignoring = section not in sections
            if ignoring and not section.startswith("X-"):
                hint = f"known are {', '.join(f'[{name}]' for name in sections)}"
                warn(number, f"[{section}]", "the section is not known and is ignored", hint)
            continue
        key, equals, value = (part.strip(WHITESPACE) for part in line.partition("="))
        if ignoring:
            continue
        if not section:
            warn(number, key, "it stands before the first section and is ignored", "write [Service] above it")
        elif not equals:
            warn(number, line, 'it has no "=" and is ignored', "write Key=value")
        elif not key:
            warn(number, line, 'it has no key before "=" and is ignored', "write Key=value")
        else:
            yield Line(section, key, value, number)


def _logical_lines(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield (number, text) of what is not blank or a comment, lines that end in a backslash joined with the next."""
    number, collected, marked = 0, "", False
    for number, raw in enumerate(_LINE_END.split(text), 1):
        if _size(raw) >= _LONGEST or _size(collected) + _size(raw) > _LONGEST:
            raise BadConfig(path, number, "", "the line is longer than 1 MiB", "cut it in pieces", load_state="error")
        if raw.lstrip(WHITESPACE).startswith(("#", ";")):
            continue
        if raw.startswith(_BYTE_ORDER_MARK) and not marked:  # systemd takes one out, in whichever line it is
            raw, marked = raw.removeprefix(_BYTE_ORDER_MARK), True
        collected += raw
        if _is_continued(collected):
            collected = collected[:-1] + " "
            continue
        if stripped := collected.strip(WHITESPACE):
            yield number, stripped
        collected = ""
    if stripped := collected.strip(WHITESPACE):
        yield number, stripped


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape")) if len(text) > _LONGEST // 4 else len(text)


def _is_continued(line: str) -> bool:
    """Say whether it ends in a backslash that no other backslash escapes."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _header(path: str, number: int, line: str) -> str:
    if not line.endswith("]") or not line.isprintable():
        raise BadConfig(path, number, line, "the section header is broken", "write [Service]", load_state="error")
    return line[1:-1]
