"""The files that EnvironmentFile= names, which are no unit files: systemd.exec(5), EnvironmentFile=.

No `$` and no `%` is replaced here; a backslash protects, and in single quotes does not.
Source: systemd, src/basic/env-file.c, parse_env_file_internal.
"""

from collections.abc import Callable, Iterator

from .errors import BadValue
from .grammar import check_environment

_NEWLINES = "\n\r"
_SPACES = " \t\n\r"
_ESCAPED_IN_DOUBLE_QUOTES = '"\\`$'


def parse(text: str, warn: Callable[[str, str], None]) -> dict[str, str]:
    """Read the variables; what is none is left out and told to `warn`."""
    found = {}
    for name, value in _assignments(text):
        try:
            check_environment(name, value)
            found[name] = value
        except BadValue as bad:
            warn(bad.problem, bad.hint)
    return found


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        if text[at] in _SPACES:
            at += 1
        elif text[at] in "#;":
            at = _skip_comment(text, at)
        else:
            # A name has one character at least: of a "=" at the beginning of a line, too.
            end = next((i for i in range(at + 1, len(text)) if text[i] in "=" + _NEWLINES), len(text))
            name, at = text[at:end].rstrip(_SPACES), end + 1
            if text[end : end + 1] == "=":
                value, at = _value(text, at)
                yield name, value


def _skip_comment(text: str, at: int) -> int:
    """Find the end of a comment; a backslash continues it on the next line."""
    while at < len(text) and text[at] not in _NEWLINES:
        at += 2 if text[at] == "\\" else 1
    return at


def _value(text: str, at: int) -> tuple[str, int]:
    """Read a value: quoted parts and then a plain one that goes to the end of the line."""
    out = ""
    while at < len(text) and text[at] not in _NEWLINES:
        if text[at] == "'":
            end = text.find("'", at + 1)
            end = len(text) if end < 0 else end
            out, at = out + text[at + 1 : end], end + 1
        elif text[at] == '"':
            part, at = _double_quoted(text, at + 1)
            out += part
        elif text[at] in _SPACES:
            at += 1
        else:
            part, at = _plain(text, at)
            return out + part, at
    return out, at


def _double_quoted(text: str, at: int) -> tuple[str, int]:
    out = ""
    while at < len(text) and text[at] != '"':
        if text[at] == "\\":
            following = text[at + 1 : at + 2]
            out += (
                following if following in _ESCAPED_IN_DOUBLE_QUOTES else "" if following == "\n" else "\\" + following
            )
            at += 2
        else:
            out += text[at]
            at += 1
    return out, at + 1


def _plain(text: str, at: int) -> tuple[str, int]:
    """Read to the end of the line without its trailing spaces; an escaped line break vanishes."""
    out, kept = "", 0
    while at < len(text) and text[at] not in _NEWLINES:
        if text[at] == "\\":
            following = text[at + 1 : at + 2]
            out += "" if following in _NEWLINES else following
            kept, at = len(out), at + 2
        else:
            out += text[at]
            at += 1
            kept = kept if out[-1] in _SPACES else len(out)
    return out[:kept], at
