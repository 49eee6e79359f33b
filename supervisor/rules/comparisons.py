"""Comparisons in the values of conditions, and the order of versions: ConditionKernelVersion=>=5.10."""

import re
from collections.abc import Callable

# Operators in front of a value; "=$" and "!=$", which match patterns, are of systemd 253.
_OPERATOR = re.compile(r"(<=|<>|>=|!=|==|=|<|>)\s*(.*)", re.DOTALL)
_MATCHES: dict[str, Callable[[int], bool]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    "=": lambda order: order == 0,
    "==": lambda order: order == 0,
    "!=": lambda order: order != 0,
    "<>": lambda order: order != 0,
    ">=": lambda order: order >= 0,
    ">": lambda order: order > 0,
}


def operator(text: str) -> tuple[str | None, str]:
    """Split the comparison off a value: ">= 5.10" is (">=", "5.10"); None if there is none."""
    found = _OPERATOR.match(text)
    return (found[1], found[2]) if found else (None, text)


def holds(operator: str, order: int) -> bool:
    """Say whether a comparison holds; order: negative, 0 or positive, as the machine's value is to the wanted one."""
    return _MATCHES[operator](order)


def compare_versions(one: str, other: str) -> int:
    """Order two versions as systemd does: systemd, src/fundamental/string-util-fundamental.c, strverscmp_improved.

    Runs of digits count as numbers, runs of letters as words and after digits; "~" sorts before everything, even the
    end, then "-", "^" and ".".
    """
    while True:
        one, other = _NO_PART.sub("", one), _NO_PART.sub("", other)
        for sign in "~":
            if one[:1] == sign or other[:1] == sign:
                if one[:1] != other[:1]:
                    return -1 if one[:1] == sign else 1
                one, other = one[1:], other[1:]
        if not one or not other:
            return (one > other) - (one < other)
        for sign in "-^.":
            if one[:1] == sign or other[:1] == sign:
                if one[:1] != other[:1]:
                    return -1 if one[:1] == sign else 1
                one, other = one[1:], other[1:]
        digits = one[:1].isdigit() or other[:1].isdigit()
        pattern = _DIGITS if digits else _LETTERS
        part, other_part = _head(pattern, one), _head(pattern, other)
        order = _compare_numbers(part, other_part) if digits else (part > other_part) - (part < other_part)
        if order:
            return order
        one, other = one[len(part) :], other[len(other_part) :]


_NO_PART = re.compile(r"^[^0-9A-Za-z~\-^.]+")
_DIGITS, _LETTERS = re.compile("[0-9]*"), re.compile("[A-Za-z]*")


def _head(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return found[0] if found else ""


def _compare_numbers(one: str, other: str) -> int:
    if not one or not other:  # something that is no number sorts before one
        return bool(one) - bool(other)
    return (int(one) > int(other)) - (int(one) < int(other))
