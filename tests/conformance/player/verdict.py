"""Whether a supervisor agrees with what is expected, and how that is told."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .backends import Boot
from .compare import Difference, compare
from .outcome import Outcome
from .play import play
from .scenario import Scenario
from .stage import NATIVE, Cast

# A busy machine is no difference: what disagrees is played again in less company, then alone, before it counts.
AGAIN_AT_A_TIME = (4, 1, 1)


@dataclass(frozen=True)
class Verdict:
    """played: how often; it agrees if nothing differed the last time."""

    scenario: Scenario
    differences: Sequence[Difference]
    played: int

    @property
    def agrees(self) -> bool:
        return not self.differences


def judge(
    scenarios: Sequence[Scenario],
    boot: Boot,
    at_a_time: int,
    tell: Callable[[str], None] = lambda text: None,
    cast: Cast = NATIVE,
) -> list[Verdict]:
    """Play scenarios and compare what comes of them with what is expected."""
    verdicts: dict[str, Verdict] = {}
    todo = list(scenarios)
    for number, beside in enumerate((at_a_time, *AGAIN_AT_A_TIME), 1):
        tell(f"playing {len(todo)} scenarios{' again' if number > 1 else ''}, {beside} at a time")
        outcomes = _alone(todo, boot, cast) if beside == 1 else play(todo, boot, cast=cast, at_a_time=beside)
        verdicts |= {scenario.id: _verdict(scenario, outcomes[scenario.id], number) for scenario in todo}
        todo = [scenario for scenario in todo if not verdicts[scenario.id].agrees]
        if not todo:
            break
    return list(verdicts.values())


def _alone(scenarios: Sequence[Scenario], boot: Boot, cast: Cast) -> dict[str, Outcome]:
    """Play each under a supervisor of its own: one that ends does so for no other."""
    return {name: outcome for scenario in scenarios for name, outcome in play([scenario], boot, cast=cast).items()}


def _verdict(scenario: Scenario, outcome: Outcome, played: int) -> Verdict:
    return Verdict(scenario, compare(scenario.expect or {}, outcome), played)


def text(verdicts: Sequence[Verdict]) -> str:
    """Every difference, then a table of the families."""
    lines = []
    for verdict in verdicts:
        if not verdict.agrees:
            lines += [verdict.scenario.id, *(f"    {difference}" for difference in verdict.differences)]
    lines += ["", f"{'family':<14}{'scenarios':>10}{'agree':>7}{'replayed':>10}"]
    for name, counts in {**_families(verdicts), "all": _counts(verdicts)}.items():
        lines.append(f"{name:<14}{counts['scenarios']:>10}{counts['agree']:>7}{counts['replayed']:>10}")
    return "\n".join(lines)


def data(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The same for programs."""
    wrong = [
        {
            "id": verdict.scenario.id,
            "played": verdict.played,
            "differences": [vars(difference) for difference in verdict.differences],
        }
        for verdict in verdicts
        if not verdict.agrees
    ]
    return {**_counts(verdicts), "families": _families(verdicts), "disagreements": wrong}


def table(reports: Mapping[str, Mapping[str, Any]]) -> str:
    """Say of each family how many of its scenarios agree on each platform, given what `data` says of it."""
    names = sorted({name for report in reports.values() for name in report["families"]})
    lines = [f"{'family':<14}" + "".join(f"{name:>14}" for name in reports)]
    for name in (*names, "all"):
        counts = [report if name == "all" else report["families"].get(name) for report in reports.values()]
        cells = [f"{count['agree']} of {count['scenarios']}" if count else "-" for count in counts]
        lines.append(f"{name:<14}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)


def _families(verdicts: Sequence[Verdict]) -> Mapping[str, Mapping[str, int]]:
    names = sorted({verdict.scenario.family for verdict in verdicts})
    return {name: _counts([verdict for verdict in verdicts if verdict.scenario.family == name]) for name in names}


def _counts(verdicts: Sequence[Verdict]) -> Mapping[str, int]:
    counts = Counter(scenarios=len(verdicts), agree=0, replayed=0)
    for verdict in verdicts:
        counts["agree"] += verdict.agrees
        counts["replayed"] += verdict.played > 1
    return dict(counts)
