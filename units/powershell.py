"""Texts in scripts of PowerShell, in ASCII alone: without a mark at its begin PowerShell 5 takes a file for ANSI."""

import re

from .errors import BadValue

_PLAIN = re.compile(r"[ -~]+")


def literal(text: str, key: str) -> str:
    """Write a text as an expression; PowerShell also takes typographic quotes for quotes. Raises BadValue for a NUL."""
    if found := re.search(r"[\0\ud800-\udfff]", text):
        raise BadValue(f"{key}: Windows cannot hold {found[0]!a}, which is in {text!a}", "take the character out")
    if not text or _PLAIN.fullmatch(text):
        return _quoted(text)
    parts = re.findall(r"[ -~]+|[^ -~]", text)
    written = [_quoted(part) if _PLAIN.fullmatch(part) else _numbered(part) for part in parts]
    return f"({' + '.join([_quoted(''), *written])})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _numbered(char: str) -> str:
    """Write a character by the numbers of its UTF-16 units."""
    units = char.encode("utf-16-be")
    return " + ".join(f"[char]0x{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def comment(text: str) -> list[str]:
    """Write a text for people as lines of comment."""
    told = re.sub(r"[^\n -~]", "?", re.sub(r"\r\n?|[\x85\u2028\u2029]", "\n", text))
    return [f"# {line}".rstrip() for line in told.split("\n")]
