"""Which of two versions is older, as far as that can be told. Pure."""

import re

_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)[.-]?([a-z].*)?", re.IGNORECASE)
_PARTS = re.compile(r"\d+|[a-z]+", re.IGNORECASE)


def is_older(version: str, than: str) -> bool:
    """Say whether a version is certainly older: "3.9" than "3.10", "3.9-beta1" than "3.9"; False if nobody can tell."""
    mine, other = _key(version), _key(than)
    return mine is not None and other is not None and mine < other


def _key(version: str) -> tuple[object, ...] | None:
    found = _VERSION.fullmatch(version.strip().partition("+")[0])
    if found is None:
        return None
    numbers = [int(part) for part in found[1].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    before = found[2] or ""
    # What goes on with a letter is a version before the one it is named after; its numbers count as numbers.
    parts = tuple((part.isdigit(), int(part) if part.isdigit() else 0, part.lower()) for part in _PARTS.findall(before))
    return tuple(numbers), not before, parts
