"""The profiles, weighed by systemd-analyze: what each scores, and what each gap costs."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import needs
import pytest

from farmhand.units.dialects import systemd
from farmhand.units.hardening import BARS, EXPOSURE, PROFILES, RULES, Line, Profile, Relaxed, Rule, gaps, harden, paths
from farmhand.units.manager_unit import Manager, manager_service
from farmhand.units.quoting import words
from farmhand.units.spec import Command, Service
from farmhand.units.worker_unit import Worker, worker_service

WORKER = Worker("rig", "http://farm:8080/", "/bin/true", 47, "farmhand", "farmhand", output_folders=("/mnt/farm",))
MANAGER = Manager("/bin/true", "0.0.0.0:8080", "farmhand", "farmhand")
PLAIN = Service("x", exec_start=(Command(("/bin/true",)),), user="farmhand", type="notify", notify_access="main")


def service(profile: Profile) -> Service:
    """The service that the profile is for."""
    if profile == "manager":
        return manager_service(MANAGER)
    return worker_service(replace(WORKER, profile=profile))


def exposure(unit: str, folder: Path) -> float:
    (folder / "x.service").write_text(unit)
    analyze = ["systemd-analyze", "security", "--offline=yes", "--no-pager", "x.service"]
    done = subprocess.run(analyze, cwd=folder, capture_output=True, text=True, check=False)
    found = re.search(r"exposure level for x\.service: ([\d.]+)", done.stdout)
    assert found, done.stderr
    return float(found[1])


@needs.program("systemd-analyze")
@pytest.mark.parametrize("profile", PROFILES)
def test_the_exposure_is_within_its_bar(profile: Profile, tmp_path: Path) -> None:
    found = exposure(systemd.write(service(profile)).text, tmp_path)
    assert found <= BARS[profile]
    assert found == EXPOSURE[profile] or not is_252()


@needs.program("systemd-analyze")
@pytest.mark.parametrize("profile", PROFILES)
def test_systemd_has_nothing_to_say_against_it(profile: Profile, tmp_path: Path) -> None:
    text = systemd.write(replace(service(profile), user="root", group="root")).text
    (tmp_path / "x.service").write_text(text)
    verify = ["systemd-analyze", "verify", "--man=no", "x.service"]
    done = subprocess.run(verify, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def text_of(lines: Iterable[Line]) -> str:
    return systemd.write(PLAIN).text + "".join(f"{line}\n" for line in lines)


def lines_of(profile: Profile, rule: Rule | None = None, taken: tuple[Line, ...] = ()) -> Iterator[Line]:
    """Yield a profile's lines; those of `rule` are `taken`."""
    for each in RULES:
        relaxed = each.relaxed_for(profile, ())
        yield from taken if each is rule else relaxed.instead if relaxed else each.strict


def priced() -> Iterator[tuple[Profile, Rule, Relaxed]]:
    for rule in RULES:
        for relaxed in (*rule.relaxed, *([rule.shown] if rule.shown else [])):
            yield from ((profile, rule, relaxed) for profile in relaxed.points)


def is_252() -> bool:
    if shutil.which("systemctl") is None:
        return False
    version = subprocess.run(["systemctl", "--version"], capture_output=True, text=True, check=True).stdout
    return version.startswith("systemd 252 ")


@pytest.mark.skipif(not is_252(), reason="the prices are those of systemd 252")
def test_each_gap_costs_what_the_table_says(tmp_path: Path) -> None:
    for profile, rule, relaxed in priced():
        without = exposure(text_of(lines_of(profile, rule, relaxed.instead)), tmp_path)
        strict = exposure(text_of(lines_of(profile, rule, rule.strict)), tmp_path)
        assert round(without - strict, 1) == relaxed.points[profile], (profile, str(rule.strict[0]))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.strict[0]))
def test_a_profile_relaxes_a_rule_once(rule: Rule) -> None:
    relaxing = [profile for relaxed in rule.relaxed for profile in relaxed.points]
    assert len(relaxing) == len(set(relaxing))
    assert {*relaxing} <= PROFILES.keys()
    shown = {*rule.shown.points} if rule.shown else set()
    assert not shown & {*relaxing}
    assert bool(rule.hides) is bool(rule.shown)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/render/frames", "ProtectHome=read-only"),
        ("/root", "ProtectHome=read-only"),
        ("/homework", "ProtectHome=yes"),
        ("/srv/home", "ProtectHome=yes"),
    ],
)
def test_what_the_service_needs_is_not_hidden_from_it(path: str, expected: str) -> None:
    assert f"{expected}\n" in systemd.write(harden(PLAIN, "gpu", [path])).text


@pytest.mark.parametrize("words", [("/tmp/worker",), ("/bin/worker", "--data", "/var/tmp/data")])
def test_nor_are_its_program_and_what_it_is_told(words: tuple[str, ...]) -> None:
    service = replace(PLAIN, exec_start=(Command(words),))
    assert "PrivateTmp" not in systemd.write(harden(service, "cpu")).text
    assert [str(rule.strict[0]) for rule, _ in gaps(service, "cpu")].count("PrivateTmp=yes") == 1


def test_any_folder_survives() -> None:
    folders = ("/mnt/a b", '/mnt/"quoted"', "/mnt/back\\slash", "/mnt/'", "/mnt/ü")
    assert tuple(words(paths(folders), escapes="protect")) == folders
    assert paths(["/mnt/100%"]) == "/mnt/100%%"
