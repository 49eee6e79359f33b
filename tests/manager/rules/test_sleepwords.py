"""What sleep schedules say, in words."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from farmhand.manager.rules.schedules import Sleep, Verdict
from farmhand.manager.rules.sleepwords import now_text, sleep_text
from farmhand.worker.wire import Status

BERLIN = ZoneInfo("Europe/Berlin")


def at(*wall: int) -> int:
    return int(datetime(*wall, tzinfo=BERLIN).astimezone(UTC).timestamp()) * 1000  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("sleep", "text"),
    [
        (Sleep(at(2026, 11, 23, 22), at(2026, 11, 24, 6)), "Mon 23 Nov, 22:00 to 06:00"),
        (Sleep(at(2026, 11, 20, 18), at(2026, 11, 23, 8)), "Fri 20 Nov, 18:00 to Mon 23 Nov, 08:00"),
        (Sleep(None, at(2026, 11, 23, 8)), "Now to Mon 23 Nov, 08:00"),
        (Sleep(at(2026, 11, 23, 8), None), "Mon 23 Nov, 08:00 on, without an end"),
        (Sleep(None, None), "Always"),
    ],
)
def test_how_a_stretch_of_sleep_is_said(sleep: Sleep, text: str) -> None:
    assert sleep_text(sleep, BERLIN) == text


def test_what_a_person_asked_for_is_said_to_hold() -> None:
    night = Verdict(Status.ASLEEP, True, "", at(2026, 11, 23, 22), at(2026, 11, 24, 6))
    assert now_text(night, BERLIN, held=False) == "Asleep by schedule until Tue 24 Nov 06:00."
    held = "By schedule it would be asleep now; what a person asked for holds until Tue 24 Nov 06:00."
    assert now_text(night, BERLIN, held=True) == held
