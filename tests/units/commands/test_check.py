"""farmhand-units check as its users meet it: files, drop-ins beside them, exit codes."""

import json
import shutil
from pathlib import Path

import pytest
from sick_units import SOUND, plain, sound

from farmhand.units.cli import main


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    path = tmp_path / "worker.service"
    path.write_text(sound(KillMode="none"))
    return path


def test_a_clean_unit_is_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.service"
    path.write_text(plain("ExecStart=/bin/true"))
    assert main(["check", str(path)]) == 0
    assert f"{path}: x: nothing to say against it" in capsys.readouterr().out


def test_findings_are_1(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(unit)]) == 1
    out = capsys.readouterr().out
    assert f"{unit}:16: KillMode: " in out
    assert "\nKillMode=mixed\n" in out


def test_a_unit_that_does_not_load_is_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.service"
    path.write_text("[Service]\nExecStart=./x\n")
    assert main(["check", str(path)]) == 1
    assert "does not load:" in capsys.readouterr().out


def test_what_cannot_be_read_is_2_and_the_others_are_told(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = unit.with_name("broken.service")
    broken.write_text("[Service\nExecStart=/bin/x\n")
    no_yaml = unit.with_name("farm.yaml")
    no_yaml.write_text("services: {")
    latin = unit.with_name("latin.service")
    latin.write_bytes(b"[Unit]\nDescription=\xe4\n")
    assert main(["check", str(broken), str(latin), str(no_yaml), "/nowhere.service", str(unit)]) == 2
    out, err = capsys.readouterr()
    assert "KillMode" in out
    assert f"{broken}:1: [Service: the section header is broken" in err
    assert f"{no_yaml}:" in err
    assert f"{latin}:2: it is not UTF-8 text" in err
    assert "/nowhere.service: there is no such file" in err


def test_the_drop_in_that_it_prints_is_read_when_it_is_there(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", str(unit)]) == 1
    (told,) = json.loads(capsys.readouterr().out)
    folder = unit.with_name("worker.service.d")
    folder.mkdir()
    (folder / "90-mended.conf").write_text(told["drop_in"]["text"])
    assert main(["check", str(unit)]) == 0


def test_units_that_fail_into_each_other_are_seen_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        text = plain("ExecStart=/bin/true", unit=(f"OnFailure={other}.service",))
        (tmp_path / f"{name}.service").write_text(text)
    assert main(["check", str(tmp_path / "a.service")]) == 0
    assert main(["check", str(tmp_path / "a.service"), str(tmp_path / "b.service")]) == 1
    assert "it comes back to itself (a -> b -> a)" in capsys.readouterr().out


def test_our_yaml_is_looked_at_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "farm.yaml"
    path.write_text("services:\n  x:\n    ExecStart: /bin/worker --restart-exit-code 47\n    Restart: on-failure\n")
    assert main(["check", str(path)]) == 1
    out = capsys.readouterr().out
    assert "[restart-without-pause]" in out
    assert "exposure" not in out
    assert "drop-in" not in out


def test_the_farm_that_we_ship_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(Path(__file__).parents[3] / "config" / "farm.yaml")]) == 0, capsys.readouterr().out


def test_the_unit_that_we_write_for_a_worker_is_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--manager", "http://farm:8080/", "--restart-exit-code", "47", "--user", "render", "--program", "/bin/w"]
    assert main(["render", "systemd", "--worker", "--name", "rig", *options]) == 0
    path = tmp_path / "farmhand-worker.service"
    path.write_text(capsys.readouterr().out)
    assert main(["check", str(path)]) == 0, capsys.readouterr().out


def test_sarif(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--sarif", str(unit)]) == 1
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert [result["ruleId"] for result in run["results"] if result["ruleId"] != "exposure"] == ["orphans"]


def test_json_and_sarif_are_one_or_the_other(unit: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["check", "--sarif", "--json", str(unit)])
    assert caught.value.code == 2


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_exposure_is_what_systemd_measures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "worker@.service"
    path.write_text(SOUND)
    assert main(["check", str(path)]) == 1
    assert "exposure: 9.2 of 10" in capsys.readouterr().out


def test_without_systemd_the_exposure_is_not_measured(
    unit: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["check", str(unit)]) == 1
    out = capsys.readouterr().out
    assert "exposure: not measured: systemd-analyze is not installed here" in out
    assert "[exposure]" not in out
