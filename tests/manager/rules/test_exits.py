"""How processes ended, from events."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from farmhand.manager.rules.exits import Cause, End, cause, ends, exit_words
from farmhand.manager.rules.facts import Kind

ON, OFF, LOST, BACK = Kind.WORKER_SIGNED_ON, Kind.WORKER_SIGNED_OFF, Kind.WORKER_LOST, Kind.WORKER_BACK
AGAIN, CHANGED = Kind.SERVICE_RESTARTED, Kind.SERVICE_CHANGED


@dataclass(frozen=True)
class Told:
    at: int
    kind: Kind
    detail: Mapping[str, object] = field(default_factory=dict)


def history(*kinds: Kind | tuple[Kind, str]) -> list[End]:
    """Return the ends of what happened at 0, 1, 2, ...; with a word: the exit that an agent tells of."""
    said = [
        (each, {}) if isinstance(each, Kind) else (each[0], {"exit": each[1], "active": "failed"}) for each in kinds
    ]
    return ends([Told(at, kind, detail) for at, (kind, detail) in enumerate(said)], 47)


@pytest.mark.parametrize(
    ("exit", "why"),
    [
        ("exit code 0", Cause.CLEAN),
        ("exit code 47", Cause.RESTART),
        ("exit code 1", Cause.ERROR),
        ("exit code 203/EXEC", Cause.ERROR),
        ("exit code 3221225477", Cause.CRASH),
        ("exit code 3221225786", Cause.KILLED),
        ("signal SIGSEGV", Cause.CRASH),
        ("signal SIGABRT", Cause.CRASH),
        ("signal SIGKILL", Cause.KILLED),
        ("signal SIGTERM", Cause.KILLED),
        ("an exit that nobody saw", Cause.UNKNOWN),
        ("", Cause.UNKNOWN),
        ("<b>", Cause.UNKNOWN),
    ],
)
def test_the_cause_of_an_exit(exit: str, why: Cause) -> None:
    assert cause(exit, 47) is why


def test_another_restart_code_is_the_workers_own() -> None:
    assert (cause("exit code 75", 75), cause("exit code 47", 75)) == (Cause.RESTART, Cause.ERROR)


def test_a_crash_of_windows_has_a_name() -> None:
    assert exit_words("exit code 3221225477") == "exit code 0xC0000005 (access violation)"
    assert exit_words("exit code 3221225999") == "exit code 0xC000020F (a crash)"
    assert exit_words("exit code 47") == "exit code 47"


RESTARTED = "exit code 47"


@pytest.mark.parametrize(
    ("kinds", "causes"),
    [
        ((ON,), []),
        ((ON, OFF), [Cause.UNKNOWN]),
        ((OFF, OFF), []),
        ((ON, OFF, (AGAIN, RESTARTED), ON), [Cause.RESTART]),
        ((ON, OFF, ON, (AGAIN, RESTARTED)), [Cause.RESTART]),  # the agent was late
        ((ON, OFF, (CHANGED, "exit code 0")), [Cause.CLEAN]),
        ((ON, ON), [Cause.UNKNOWN]),  # it ended without a word
        ((ON, LOST, BACK), []),
        ((ON, LOST, BACK, OFF), [Cause.UNKNOWN]),
        ((BACK, OFF), [Cause.UNKNOWN]),  # what was before is not known any more
        ((ON, ON, BACK), [Cause.UNKNOWN]),
        ((ON, LOST, ON), [Cause.UNKNOWN]),
        ((ON, LOST, (AGAIN, "signal SIGKILL"), ON), [Cause.KILLED]),
        ((ON, (CHANGED, "signal SIGSEGV"), LOST), [Cause.CRASH]),  # the manager misses it later
        ((ON, (AGAIN, "signal SIGSEGV"), ON), [Cause.CRASH]),
        ((ON, OFF, (CHANGED, "exit code 1"), (AGAIN, "exit code 1"), (AGAIN, "exit code 1")), [Cause.ERROR] * 3),
        ((ON, OFF, (AGAIN, ""), ON), [Cause.UNKNOWN]),  # nobody saw it
    ],
)
def test_each_end_is_counted_once(kinds: tuple[Kind | tuple[Kind, str], ...], causes: list[Cause]) -> None:
    assert [end.cause for end in history(*kinds)] == causes


def test_a_service_that_is_up_tells_of_no_end() -> None:
    events = [Told(0, ON), Told(1, CHANGED, {"active": "active", "exit": "exit code 47"})]
    assert ends(events, 47) == []


def test_what_is_told_much_later_is_another_end() -> None:
    events = [Told(0, ON), Told(1, OFF), Told(2, ON), Told(100_000, AGAIN, {"exit": "signal SIGSEGV"})]
    assert [(end.at, end.cause) for end in ends(events, 47)] == [(1, Cause.UNKNOWN), (100_000, Cause.CRASH)]
