"""Charts as the server draws them: rectangles for an SVG, and the numbers behind them as a table. Pure.

A column is 1 wide and its whole is 100 high, so that an SVG of any size shows it (preserveAspectRatio="none").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, TypeVar

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Rect(Generic[Kind]):
    kind: Kind
    x: int
    y: float
    width: int
    height: float


def stacked(columns: Sequence[Mapping[Kind, int]], order: Sequence[Kind], wholes: Sequence[int]) -> list[Rect[Kind]]:
    """Lay amounts on each other, the first kind at the bottom; columns that are the same become one rectangle."""
    drawn = [_column(column, order, whole) for column, whole in zip(columns, wholes, strict=True)]
    found, x = [], 0
    for parts, run in groupby(drawn):
        width = len(list(run))
        found += [Rect(kind, x, y, width, height) for kind, y, height in parts]
        x += width
    return found


def _column(column: Mapping[Kind, int], order: Sequence[Kind], whole: int) -> tuple[tuple[Kind, float, float], ...]:
    parts, top = [], 100.0
    for kind in order:
        height = 100 * column.get(kind, 0) / whole if whole else 0.0
        if height:
            top -= height
            parts.append((kind, round(max(0.0, top), 2), round(height, 2)))
    return tuple(parts)


def totals(columns: Sequence[Mapping[Kind, int]], order: Sequence[Kind]) -> dict[Kind, int]:
    """Add up all columns; kinds of which there is nothing are left out."""
    added = {kind: sum(column.get(kind, 0) for column in columns) for kind in order}
    return {kind: amount for kind, amount in added.items() if amount}


def percents(amounts: Mapping[Kind, int]) -> dict[Kind, int]:
    """Share 100 out by amounts, in whole numbers that add up to it: what is cut off most gets most (Hare-Niemeyer)."""
    whole = sum(amounts.values())
    if not whole:
        return {}
    exact = {kind: 100 * amount / whole for kind, amount in amounts.items()}
    told = {kind: int(each) for kind, each in exact.items()}
    left = 100 - sum(told.values())
    for kind in sorted(exact, key=lambda kind: told[kind] - exact[kind])[:left]:
        told[kind] += 1
    return told
