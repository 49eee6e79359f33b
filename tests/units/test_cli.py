"""farmhand-units as its users meet it: output, messages and exit codes."""

import json
from pathlib import Path

import pytest

from farmhand.units import schema
from farmhand.units.cli import main
from farmhand.units.dialects import systemd

FARM = """supervisor:
  DefaultEnvironment: {PORT: 8080, DATA: "%S/farmhand"}
services:
  manager:
    ExecStart: /bin/manager ${PORT} %H
  worker@:
    instances: [1, 2]
    After: manager
    ExecStart: /bin/worker %i
"""

OPTIONS = ["--manager", "http://m/", "--restart-exit-code", "47", "--user", "render", "--program", "/bin/w"]


@pytest.fixture
def farm(tmp_path: Path) -> str:
    path = tmp_path / "farm.yaml"
    path.write_text(FARM)
    return str(path)


def test_renders_each_service(farm: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "systemd", farm]) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if line.startswith("#")] == [
        "# /etc/systemd/system/manager.service",
        "# /etc/systemd/system/worker@1.service",
        "# /etc/systemd/system/worker@2.service",
    ]
    assert "ExecStart=/bin/manager ${PORT} %H\n" in out
    assert "Environment=DATA=%S/farmhand\n" in out
    assert "After=manager.service\n" in out


def test_renders_one_service_alone(farm: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "systemd", farm, "--service", "worker@2"]) == 0
    out = capsys.readouterr().out
    assert systemd.read("worker@2.service", out).service.exec_start[0].words == ("/bin/worker", "2")


def test_writes_files_into_a_folder(farm: str, tmp_path: Path) -> None:
    assert main(["render", "systemd", farm, "-o", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.glob("*.service")} == {
        "manager.service",
        "worker@1.service",
        "worker@2.service",
    }


def test_renders_a_workers_unit_from_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "systemd", "--name", "rig", *OPTIONS]) == 0
    out, err = capsys.readouterr()
    assert (
        "ExecStart=/bin/w --manager http://m/ --restart-exit-code 47 --name rig --data /var/lib/farmhand-worker\n"
        in out
    )
    assert err == ""


def test_renders_a_workers_unit_from_its_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "worker.yaml"
    path.write_text("worker_name: 50%\nmanager_url: http://m/\nrestart_exit_code: 47\n")
    assert main(["render", "systemd", str(path), "--program", "/bin/w"]) == 0
    out, err = capsys.readouterr()
    assert "--restart-exit-code 47 --name 50%% --data " in out
    assert "runs as root" in err


def test_renders_a_managers_unit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "systemd", "--manager-unit", "--listen", ":8080", "--user", "farmhand"]) == 0
    out, err = capsys.readouterr()
    assert "run --listen :8080 --data /var/lib/farmhand-manager\n" in out
    assert err == ""


def test_compat_tells_what_it_does_without_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "systemd", "--name", "rig", *OPTIONS, "--profile", "compat"]) == 0
    out, err = capsys.readouterr()
    assert "RestrictNamespaces" not in out
    assert "compat: no RestrictNamespaces=yes: Containers " in err


def test_what_a_workers_own_folders_cost_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "systemd", "--name", "rig", *OPTIONS, "--output-folder", "/home/frames"]) == 0
    out, err = capsys.readouterr()
    assert "ProtectHome=read-only\n" in out
    assert err.startswith("farmhand-units: gpu: no ProtectHome=yes, but ProtectHome=read-only: ")


def test_what_an_older_systemd_does_not_know_is_left_out_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["render", "systemd", "--name", "rig", *OPTIONS, "--systemd-version", "244"]
    assert main([*asked, "--strict"]) == 1
    out, err = capsys.readouterr()
    assert "ProtectKernelLogs=yes\n" in out
    assert "ProtectClock" not in out
    assert "ProtectClock: systemd 244 does not know ProtectClock, which came with 245\n" in err


def test_other_service_managers_are_not_asked_for_what_systemd_alone_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "runit", "--name", "rig", *OPTIONS]) == 0
    assert "ProtectSystem" not in "".join(capsys.readouterr())


def test_renders_a_template_with_its_specifiers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "[Service]\nExecStart=/bin/x %i\nUser=%i\n"
    (tmp_path / "t@.service").write_text(text)
    assert main(["render", "systemd", str(tmp_path / "t@.service")]) == 0
    assert capsys.readouterr().out == text


def test_strict_fails_on_a_loss(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "farm.yaml"
    path.write_text("supervisor: {LogDirectory: /l}\nservices: {x: {ExecStart: /x}}\n")
    assert main(["render", "systemd", str(path)]) == 0
    assert main(["render", "systemd", str(path), "--strict"]) == 1
    assert "LogDirectory: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["render", "systemd"], "FILE: it is missing"),
        (["render", "systemd", "/nowhere.yaml"], "/nowhere.yaml: there is no such file; name one that is there"),
        (["render", "systemd", "--name", "rig"], "--manager: it is missing"),
        (["render", "systemd", "--name", "a\nb", *OPTIONS], "name: "),
        (["render", "systemd", "FARM", "--service", "wroker"], 'there is no "wroker"; there are manager'),
        (["render", "systemd", "FARM", "-o", "/nowhere/at/all"], "it cannot be written"),
        (["directives", "Nise"], 'did you mean "Nice"?'),
        (["check", "/nowhere.service"], "there is no such file"),
    ],
)
def test_bad_input_is_2_and_says_why(
    arguments: list[str], message: str, farm: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([farm if word == "FARM" else word for word in arguments]) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert out == ""


@pytest.mark.parametrize(
    "arguments", [[], ["render"], ["render", "openrc2"], ["nonsense"], ["render", "systemd", "--nope"]]
)
def test_bad_usage_is_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_a_file_that_is_no_text_is_refused_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unit = tmp_path / "a.service"
    unit.write_bytes(b"[Service]\nDescription=\xff\n")
    assert main(["check", str(unit)]) == 2
    assert f"{unit}:2: it is not UTF-8 text" in capsys.readouterr().err


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema.build()


def test_directives_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["directives", "Nice"]) == 0
    assert capsys.readouterr().out.startswith("[Service] Nice= (number, -20 to 19): ")


def test_a_unit_is_converted_with_its_drop_ins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unit = tmp_path / "a.service"
    unit.write_text("[Service]\nExecStart=/bin/a\nNice=5\n")
    (tmp_path / "a.service.d").mkdir()
    (tmp_path / "a.service.d/20.conf").write_text("[Service]\nNice=7\n")
    (tmp_path / "a.service.d/10.conf").write_text("[Service]\nNice=6\nRestart=always\n")
    assert main(["convert", str(unit), "--to", "farmhand"]) == 0
    out = capsys.readouterr().out
    assert "    Nice: 7\n" in out
    assert "    Restart: always\n" in out


def test_what_is_newer_than_the_systemd_here_is_left_out_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "farm.yaml"
    path.write_text("services: {x: {ExecStart: /x, Restart: always, RestartSteps: 3, RestartMaxDelaySec: 9}}\n")
    systemctl = tmp_path / "systemctl"
    systemctl.write_text("#!/bin/sh\necho systemd 252\n")
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert main(["render", "systemd", str(path)]) == 0
    out, err = capsys.readouterr()
    assert "RestartSteps" not in out
    assert "RestartSteps" in err
    assert main(["render", "systemd", str(path), "--systemd-version", "254"]) == 0
    assert "RestartSteps=3\n" in capsys.readouterr().out
