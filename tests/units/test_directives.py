"""The table of directives is whole, agrees with spec.Service, and knows every name that systemd knows."""

import dataclasses
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from farmhand.units import directives, known, spec
from farmhand.units.directives import DIRECTIVES
from farmhand.units.kinds import Context

SYSTEMD = Path("/lib/systemd/systemd")

# What a Service knows beside its directives.
NO_DIRECTIVES = {"name", "kept", "origin"}


def test_each_field_of_a_service_has_exactly_one_row() -> None:
    fields = {field.name for field in dataclasses.fields(spec.Service)} - NO_DIRECTIVES
    rows = Counter(row.field for row in DIRECTIVES.values())
    assert rows.keys() == fields
    assert {field for field, count in rows.items() if count > 1} == {
        "limits",
        "conditions",
        "asserts",
        "standard_input_data",
    }


def test_acting_and_keeping_exclude_each_other() -> None:
    assert not {(row.section, name) for name, row in DIRECTIVES.items()} & {
        (section, name) for section, names in known.KEPT.items() for name in names
    }


def refuse(problem: str, hint: str) -> None:
    raise AssertionError(problem)


UNSET: tuple[object, ...] = (None, (), {}, "", spec.StatusSet())


@pytest.mark.parametrize(
    "row", [row for row in DIRECTIVES.values() if row.default not in UNSET], ids=lambda row: row.name
)
def test_the_default_reads_back(row: directives.Directive) -> None:
    (text,) = row.kind.write(row.default, str)
    assert row.kind.read(text, Context({}, refuse)) == row.default


@pytest.mark.skipif(not SYSTEMD.exists(), reason="systemd is not installed")
def test_every_name_that_systemd_knows_is_known() -> None:
    dump = subprocess.run([SYSTEMD, "--dump-configuration-items"], capture_output=True, text=True, check=True).stdout
    section, missing = "", []
    for line in dump.splitlines():
        if line.startswith("["):
            section = line[1:-1]
        elif line and section in known.SECTIONS:
            name = line.partition("=")[0]
            if not directives.in_section(section, name) and not directives.is_kept(section, name):
                missing.append(f"[{section}] {name}")
    assert missing == []


@pytest.mark.parametrize(
    ("name", "section", "hint"),
    [
        ("RestartForceExitCode", "Service", 'did you mean "RestartForceExitStatus"?'),
        ("nice", "Service", 'did you mean "Nice"?'),
        ("ProtectSytem", "Service", 'did you mean "ProtectSystem"?'),
        ("After", "Service", "it belongs in [Unit]"),
        ("Nice", "Unit", "it belongs in [Service]"),
        ("RestartForceExitCode", None, 'did you mean "RestartForceExitStatus"?'),
    ],
)
def test_suggestions(name: str, section: str | None, hint: str) -> None:
    assert directives.suggest(name, section) == hint


def test_yaml_finds_a_name_in_whichever_section_it_belongs() -> None:
    assert [row.name for row in directives.anywhere("After")] == ["After"]
    assert [row.name for row in directives.anywhere("StartLimitInterval")] == ["StartLimitIntervalSec"]
    assert directives.anywhere("Nise") == ()
    assert (directives.kept_section("ProtectSystem"), directives.kept_section("CollectMode")) == ("Service", "Unit")
    assert directives.kept_section("Nice") is None


def test_each_section_has_names_of_its_own() -> None:
    unit, service = directives.section_names("Unit"), directives.section_names("Service")
    assert {"After", "StartLimitInterval", "ConditionHost"} <= set(unit)
    assert {"Nice", "TimeoutSec", "ProtectSystem"} <= set(service)
    assert set(unit) & set(service) <= {"StartLimitInterval", "StartLimitBurst", "StartLimitAction", *_IN_BOTH}


# systemd itself reads these in both sections.
_IN_BOTH = {"FailureAction", "RebootArgument"}


def test_an_older_name_sets_what_it_stands_for() -> None:
    assert [row.name for row in directives.anywhere("TimeoutSec")] == ["TimeoutStartSec", "TimeoutStopSec"]
    assert [row.name for row in directives.in_section("Service", "StartLimitInterval")] == ["StartLimitIntervalSec"]
    assert directives.in_section("Service", "StartLimitIntervalSec") == ()
