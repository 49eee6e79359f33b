"""The unit made for one worker: what it says, why, and that no text can break out of it."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.units.dialects import systemd
from farmhand.units.errors import BadConfig, BadValue
from farmhand.units.hardening import PROFILES
from farmhand.units.spec import StatusSet
from farmhand.units.variables import expand
from farmhand.units.worker_unit import WHY, Worker, annotate, read_worker_config, worker_service
from farmhand.worker import cli, credentials
from farmhand.worker.program import STUBBORN
from farmhand.worker.rules.life import LAST_CALL
from farmhand.worker.wire import DENIED_EXIT_CODE

RIG = Worker(
    "rig-014",
    "http://manager:8080/",
    "/bin/true",
    47,
    "root",
    "root",
    "/srv/render farm",
    output_folders=("/mnt/farm",),
    credentials="/etc/farmhand/rig-014.yaml",
)
SYSEXITS_CONFIG = 78  # sysexits.h, EX_CONFIG


def test_the_unit() -> None:
    text = systemd.write(worker_service(RIG)).text
    assert text == Path(__file__).with_name("farmhand-worker.service").read_text(encoding="utf-8")


def test_the_restart_code_forces_a_restart_and_is_no_failure() -> None:
    service = worker_service(RIG)
    code = StatusSet(frozenset({47}))
    assert (service.restart_force_exit_status, service.success_exit_status) == (code, code)
    assert 47 not in service.restart_prevent_exit_status


def test_what_trying_again_does_not_mend_is_not_tried_again() -> None:
    codes = frozenset({cli.USAGE_ERROR, DENIED_EXIT_CODE, SYSEXITS_CONFIG})
    assert worker_service(RIG).restart_prevent_exit_status == StatusSet(codes)


def test_the_worker_has_longer_to_stop_than_it_takes() -> None:
    assert RIG.stop_seconds == STUBBORN + LAST_CALL
    assert worker_service(RIG).timeout_stop_sec > RIG.stop_seconds + 5


def test_planned_restarts_meet_no_start_limit() -> None:
    assert worker_service(RIG).start_limit_interval_sec == 0


def test_a_worker_that_cannot_restart_has_no_restart_code() -> None:
    text = systemd.write(worker_service(Worker("rig", "http://m/", "/bin/true"))).text
    assert "restart-exit-code" not in text
    assert "RestartForceExitStatus" not in text


def unit(worker: Worker) -> str:
    return systemd.write(worker_service(worker)).text


def test_each_line_has_its_reason_and_each_reason_its_line() -> None:
    lines = [line for profile in PROFILES for line in annotate(unit(replace(RIG, profile=profile)))]
    assert [line for line, why in lines if line and not why] == []
    assert WHY.keys() <= {line.partition("=")[0] for line, why in lines}
    assert {why for line, why in lines} >= {*WHY.values()}


def test_it_may_write_to_its_folders_alone_and_waits_for_storage() -> None:
    lines = unit(replace(RIG, data="/srv/data")).splitlines()
    assert 'ReadWritePaths="/srv/render farm" /srv/data /mnt/farm' in lines
    assert "RequiresMountsFor=/mnt/farm" in lines
    assert not [line for line in lines if line.startswith("StateDirectory")]


def test_its_credentials_are_handed_over_under_the_name_that_it_looks_for() -> None:
    assert worker_service(RIG).load_credential == {credentials.NAME: "/etc/farmhand/rig-014.yaml"}


@pytest.mark.parametrize(("configured", "unit_has"), [(None, 100), (500, 100), (-200, -200)])
def test_tasks_can_be_given_the_oom_score_that_is_configured(configured: int | None, unit_has: int) -> None:
    assert worker_service(replace(RIG, oom_score_adjust=configured)).oom_score_adjust == unit_has


def test_a_service_manager_that_keeps_nobody_from_anything_is_asked_for_nothing() -> None:
    service = worker_service(replace(RIG, profile=None))
    assert (service.kept, service.no_new_privileges, service.state_directory) == ((), False, ())


ODD_CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"])
ODD = st.text(ODD_CHARACTERS, min_size=1, max_size=60).filter(str.strip)  # 240 bytes, that a path can have in a name


@given(name=ODD, manager=ODD, folder=ODD)
def test_any_name_survives(name: str, manager: str, folder: str) -> None:
    program = "/opt/far $HOME %n/;worker"
    place = "/srv/" + folder.replace("..", "") + "x"
    worker = Worker(name, manager, program, 47, "root", None, place, output_folders=(place,))
    rendered = systemd.write(worker_service(worker))
    reading = systemd.read("farmhand-worker.service", rendered.text)
    assert (rendered.losses, reading.warnings) == ((), ())
    assert reading.service == worker_service(worker)
    argv = expand(reading.service.exec_start[0], {"HOME": "/root"})
    assert argv[0] == program
    assert {name, f"--name={name}"} & set(argv)
    assert {manager, f"--manager={manager}"} & set(argv)


def test_a_leading_dash_is_no_option() -> None:
    worker = Worker("--version", "http://m/", "/bin/true")
    assert "--name=--version" in worker_service(worker).exec_start[0].words


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "a\nExecStartPre=/bin/evil"),
        ("name", "a\0b"),
        ("name", " "),
        ("name", "\ud800"),
        ("manager_url", "http://m/\r"),
        ("manager_url", "http://m/\u2028"),
        ("program", "farmhand-worker"),
        ("program", "/opt/../x"),
        ("user", "a:b"),
        ("user", "a\nb"),
        ("group", "a/b"),
        ("folder", "here"),
        ("folder", "/srv\\"),
        ("folder", "/srv "),
        ("output_folders", ("/srv", "farm")),
        ("output_folders", ("/srv\n",)),
        ("data", "~/x"),
        ("credentials", "x.yaml"),
        ("restart_code", 0),
        ("restart_code", 2),
        ("restart_code", 78),
        ("restart_code", 256),
    ],
)
def test_what_no_unit_can_hold_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(BadValue) as caught:
        worker_service(Worker(**{**vars(RIG), field: value}))
    assert caught.value.problem.startswith(f"{field}: ")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("name", ["rig-014", "a b", "100% $HOME ${x} 'q' \"d\" \\ ;", "ünï ✓", "#x", "back\\"])
def test_systemd_has_nothing_to_say_against_it(tmp_path: Path, name: str) -> None:
    text = systemd.write(worker_service(Worker(**{**vars(RIG), "name": name}))).text
    (tmp_path / "farmhand-worker.service").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "farmhand-worker.service"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_workers_configuration_says_what_concerns_its_unit() -> None:
    text = "worker_name: rig\nmanager_url: http://m:8080/\ntask_types: [blender]\nrestart_exit_status: 47\n"
    assert read_worker_config("w.yaml", text) == {"name": "rig", "manager_url": "http://m:8080/", "restart_code": 47}


def test_so_it_does_about_where_the_worker_may_write_and_who_goes_first() -> None:
    text = "worker_name: rig\noom_score_adjust: -5\noutput_folders: [/mnt/farm, /mnt/cache]\n"
    found = {"name": "rig", "oom_score_adjust": -5, "output_folders": ("/mnt/farm", "/mnt/cache")}
    assert read_worker_config("w.yaml", text) == found


@pytest.mark.parametrize("code", ["soon", "99999", "4\u0667"])
def test_a_number_that_is_none_is_told_with_its_line(code: str) -> None:
    with pytest.raises(BadConfig) as caught:
        read_worker_config("w.yaml", f"worker_name: rig\nrestart_exit_code: {code}\n")
    assert (caught.value.line, caught.value.key) == (2, "restart_exit_code")


@pytest.mark.parametrize("text", ["services: {x: {ExecStart: /x}}\n", "a: b\n"])
def test_another_file_is_no_workers_configuration(text: str) -> None:
    assert read_worker_config("w.yaml", text) is None
