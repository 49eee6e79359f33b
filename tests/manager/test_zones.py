"""Time zones by their names, and the machine's own."""

from pathlib import Path

import pytest

from farmhand.manager.zones import own_zone, read_zone
from farmhand.units.errors import BadValue


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_a_zone_is_found_by_its_name(name: str) -> None:
    assert read_zone(name).key == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Berlin", 'did you mean "Europe/Berlin"?'),
        ("europe/berlin ", 'did you mean "Europe/Berlin"?'),
        ("Europe", ""),
        ("", "write an IANA name"),
        ("../../etc/passwd", "write an IANA name"),
        ("/etc/localtime", ""),
        ("Mars/Olympus\0", "write an IANA name"),
        ("x" * 255, "write an IANA name"),
    ],
)
def test_what_is_no_zone_is_told_with_what_was_meant(name: str, hint: str) -> None:
    with pytest.raises(BadValue) as said:
        read_zone(name)
    assert said.value.problem == f'"{name}" is no time zone'
    assert hint in said.value.hint


@pytest.mark.parametrize(
    ("variable", "localtime", "zone"),
    [
        ("Asia/Tokyo", "", "Asia/Tokyo"),
        (":Asia/Tokyo", "", "Asia/Tokyo"),
        ("CET-1CEST", "Europe/Berlin", "Europe/Berlin"),
        ("", "Europe/Berlin", "Europe/Berlin"),
        ("", "Mars/Olympus", "UTC"),
        ("", "", "UTC"),
    ],
)
def test_the_machine_says_where_it_is(tmp_path: Path, variable: str, localtime: str, zone: str) -> None:
    link = tmp_path / "localtime"
    if localtime:
        file = tmp_path / "zoneinfo" / localtime
        file.parent.mkdir(parents=True)
        file.touch()
        link.symlink_to(file)
    assert own_zone({"TZ": variable}, link) == zone
