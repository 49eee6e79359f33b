"""Two who want something of the same worker: the whole table, as the reference prints it."""

from pathlib import Path

import pytest

from farmhand.manager.rules.rivals import RULINGS, Meeting, Rival, Ruling, meeting, rival, rulings_markdown
from farmhand.manager.rules.workers import Pending, Terms
from farmhand.worker.wire import Request, Status

DOCS = Path(__file__).parents[3] / "docs" / "reference" / "worker-actions.md"

# = confirms or changes nothing; > replaces; - is refused.
TABLE = """
            SELF  OPERATOR  OPERATOR_OF_FARM  FARM_OF_OPERATOR
SAME        =     =         >                 =
SOONER      >     >         >                 -
LATER       >     -         >                 -
OTHER_END   >     >         >                 -
OTHER       >     >         >                 -
"""
MARKS = {Ruling.NOTHING: "=", Ruling.CONFIRMS: "=", Ruling.REPLACES: ">", Ruling.REFUSED: "-"}

LAZY, NOW = Request(Status.ASLEEP, lazy=True), Request(Status.ASLEEP)


def test_the_table():
    header, *rows = (line.split() for line in TABLE.strip().splitlines())
    said = {(Rival[name], Meeting[row[0]]): mark for row in rows for name, mark in zip(header, row[1:], strict=True)}
    assert said == {(who, how): MARKS[RULINGS[who][how]] for who in Rival for how in Meeting}


@pytest.mark.parametrize(
    ("was", "terms", "wish", "with_terms", "found"),
    [
        (LAZY, {}, LAZY, {}, Meeting.SAME),
        (LAZY, {"reason": "noise"}, LAZY, {"reason": "heat"}, Meeting.SAME),
        (LAZY, {}, NOW, {}, Meeting.SOONER),
        (NOW, {}, LAZY, {}, Meeting.LATER),
        (LAZY, {}, LAZY, {"deadline": 10}, Meeting.SOONER),
        (LAZY, {"deadline": 10}, LAZY, {"deadline": 9}, Meeting.SOONER),
        (LAZY, {"deadline": 10}, LAZY, {}, Meeting.LATER),
        (LAZY, {"deadline": 10}, NOW, {}, Meeting.SOONER),
        (LAZY, {"until": 10}, LAZY, {}, Meeting.OTHER_END),
        (LAZY, {}, Request(Status.OFFLINE, lazy=True), {}, Meeting.OTHER),
        (Request(Status.AWAKE, lazy=True), {}, Request(Status.AWAKE), {}, Meeting.SAME),
    ],
)
def test_how_two_wishes_compare(was, terms, wish, with_terms, found):
    assert meeting(Pending("r", was, "kim", 0, terms=Terms(**terms)), wish, Terms(**with_terms)) is found


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("kim", "kim", Rival.SELF),
        ("kim", "sam", Rival.OPERATOR),
        ("kim", "sleep schedule", Rival.FARM_OF_OPERATOR),
        ("kim", "", Rival.FARM_OF_OPERATOR),
        ("rolling action 1a2b of kim", "kim", Rival.OPERATOR_OF_FARM),
        ("", "sam", Rival.OPERATOR_OF_FARM),
        ("sleep schedule", "rolling action 1a2b of kim", Rival.OPERATOR),
    ],
)
def test_who_meets_whom(first, second, found):
    assert rival(Pending("r", NOW, first, 0), second) is found


def test_the_docs_show_this_table():
    assert rulings_markdown() in DOCS.read_text(encoding="utf-8")
