"""Where two outcomes of a scenario differ, and what several of them agree in."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .outcome import BY_KEY, EMPTY, USUALLY, Outcome

TIMES = frozenset({"command_ms", "gaps_ms", "signal_ms"})
SLACK_MS, SLACK = 120, 0.15
COMMAND_MS = 200  # instead of SLACK_MS: systemctl's own start is in it
_ABSENT = object()


@dataclass(frozen=True)
class Difference:
    field: str
    expected: Any
    got: Any

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected!r}, got {self.got!r}"


def compare(expected: Outcome, got: Outcome) -> list[Difference]:
    """Return where an outcome is not as expected; what the expectation names under "dropped" is not looked at."""
    if "error" in got:
        return [Difference("outcome", "one", got["error"])]
    pairs = [pair for name, value in whole(expected).items() for pair in _pairs(name, value, got.get(name))]
    return [Difference(name, value, other) for name, value, other in pairs if not _agree(name, value, other)]


def _pairs(name: str, expected: Any, got: Any) -> list[tuple[str, Any, Any]]:
    if name not in BY_KEY:
        return [(name, expected, got)]
    return [(f"{name}.{key}", value, (got or {}).get(key)) for key, value in expected.items()]


def whole(expected: Outcome) -> Outcome:
    """Add what an expectation leaves out because it is as usual; see `brief`."""
    dropped = set(expected.get("dropped", ()))
    fields = {**EMPTY, **expected}
    fields["final"] = {**USUALLY, **expected.get("final", {})}
    fields["final"] = {key: value for key, value in fields["final"].items() if f"final.{key}" not in dropped}
    return {name: value for name, value in fields.items() if name != "dropped" and name not in dropped}


def brief(outcome: Outcome) -> Outcome:
    """Leave out what is as usual."""
    kept = {name: value for name, value in outcome.items() if name not in EMPTY or value != EMPTY[name]}
    if "final" in kept:
        kept["final"] = {key: value for key, value in kept["final"].items() if USUALLY.get(key) != value}
    return kept


def settle(outcomes: Sequence[Outcome]) -> Outcome:
    """Say what several outcomes of one scenario agree in, times being medians in steps of 10 ms.

    What differs is named under "dropped": "field", or "field.key" where keys stand for themselves.
    """
    settled: Outcome = {}
    dropped: list[str] = []
    for name in _names(outcomes):
        values = [outcome.get(name, _ABSENT) for outcome in outcomes]
        if _all_agree(name, values):
            settled[name] = _median(values) if name in TIMES else values[0]
        elif name in BY_KEY and _ABSENT not in values:
            settled[name], unstable = _settle_keys(values)
            dropped += [f"{name}.{key}" for key in unstable]
        else:
            dropped.append(name)
    return {**brief(settled), **({"dropped": dropped} if dropped else {})}


def _names(tables: Iterable[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for table in tables for name in table))


def _all_agree(name: str, values: Sequence[Any]) -> bool:
    return all(value is not _ABSENT and _agree(name, values[0], value) for value in values)


def _settle_keys(tables: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    keys = _names(tables)
    stable = [key for key in keys if all(table.get(key, _ABSENT) == tables[0].get(key) for table in tables)]
    return {key: tables[0][key] for key in stable}, [key for key in keys if key not in stable]


def _agree(name: str, expected: Any, got: Any) -> bool:
    if name in TIMES:
        return _close(expected, got, COMMAND_MS if name == "command_ms" else SLACK_MS)
    if name == "commands":  # whether it succeeded, not with which exit code it failed
        return isinstance(got, list) and [_success(code) for code in expected] == [_success(code) for code in got]
    return bool(expected == got)


def _success(code: int | None) -> bool | None:
    return None if code is None else code == 0


def _close(expected: Any, got: Any, slack_ms: int) -> bool:
    """Compare times, however they are nested; None is no time."""
    match expected, got:
        case dict(), dict():
            return expected.keys() == got.keys() and all(_close(expected[key], got[key], slack_ms) for key in expected)
        case list(), list():
            return len(expected) == len(got) and all(
                _close(*pair, slack_ms) for pair in zip(expected, got, strict=True)
            )
        case int() | float(), int() | float():
            return bool(abs(expected - got) <= slack_ms + SLACK * max(expected, got))
    return expected is None and got is None


def _median(values: Sequence[Any]) -> Any:
    first = values[0]
    if isinstance(first, dict):
        return {key: _median([value[key] for value in values]) for key in first}
    if isinstance(first, list):
        return [_median(each) for each in zip(*values, strict=True)]
    return None if first is None else round(statistics.median(values), -1)
