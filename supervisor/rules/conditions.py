"""Condition…= and Assert…=: how the checks of a service combine, and comparisons in their values. No clock, no I/O."""

import re
from collections.abc import Callable

from ...units.light import Enum, dataclass
from ...units.spec import Check, Service


class Finding(Enum):
    """What came of one check, `!` not yet considered."""

    YES = "it is so"
    NO = "it is not so"
    WRONG = "the value makes no sense: never fulfilled, not even with !"
    UNKNOWN = "this machine cannot tell: it counts as fulfilled"


Find = Callable[[Check], Finding]


@dataclass(frozen=True)
class Checked:
    """What a start's checks came to. failed: the one that decided, if any."""

    conditions_met: bool = True
    asserts_met: bool = True
    failed: Check | None = None


def verdict(checked: Checked | None) -> str | None:
    """Say why the last start was none, None if no check kept it from being one."""
    if checked is None or checked.failed is None:
        return None
    what = "its start failed" if checked.conditions_met else "it was not started"
    return f"{what}: {checked.failed} does not hold"


def examine(service: Service, find: Find, last: Checked | None) -> Checked:
    """Look at the conditions and, if they are met, at the assertions; systemd, src/core/unit.c, unit_start.

    last: what the start before came to; where the conditions are not met, its assertions stay what they were.
    """
    met, failed = combine(service.conditions, find)
    if not met:
        return Checked(conditions_met=False, asserts_met=last is not None and last.asserts_met, failed=failed)
    met, failed = combine(service.asserts, find)
    return Checked(conditions_met=True, asserts_met=met, failed=failed)


def combine(checks: tuple[Check, ...], find: Find) -> tuple[bool, Check | None]:
    """Say whether checks are met, and which one decided that they are not.

    All without `|` have to be, and one of those with it if there are any. The last line is looked at first, and nothing
    after the first that is not met (systemd, src/shared/condition.c, condition_test_list).
    """
    triggers = [check for check in reversed(checks) if check.trigger]
    triggered = False
    for check in reversed(checks):
        if check.trigger:
            triggered = triggered or fulfilled(check, find(check))
        elif not fulfilled(check, find(check)):
            return False, check
    return (True, None) if triggered or not triggers else (False, triggers[0])


def fulfilled(check: Check, finding: Finding) -> bool:
    if finding in (Finding.WRONG, Finding.UNKNOWN):
        return finding is Finding.UNKNOWN
    return (finding is Finding.YES) is not check.negated


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
