"""Condition…= and Assert…=: how the checks of a service combine. No clock, no I/O."""

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
