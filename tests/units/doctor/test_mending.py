"""The drop-in: whatever a unit says, what the drop-in mends is mended, and systemd takes every line of it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sick_units import PATH, SICK, SOUND, adding, look_at, plain, sound

from farmhand.units.doctor.finding import Harm

COMMANDS = [
    "/opt/farm/farmhand-worker --manager http://farm.example:8080/ --restart-exit-code 47",
    "/opt/flamenco-worker -manager http://localhost:8080/ -restart-exit-code 143",
    "/usr/bin/sync serve # here",
    '/bin/bash -c "${BIN}/rqd ${OPTIONS}; true"',
]
SERVICE = [
    line
    for key, values in {
        "Type": ("exec", "notify", "forking", "oneshot", "dbus"),
        "Restart": ("always", "no", "on-success", "on-failure", "on-abort"),
        "RestartSec": ("0", "1", "30s"),
        "RestartForceExitStatus": ("47", "0 1 3", "SIGPIPE 143"),
        "SuccessExitStatus": ("47", "143 SIGUSR1"),
        "RestartPreventExitStatus": ("2", "47 143", "SIGKILL"),
        "KillMode": ("process", "none", "mixed"),
        "KillSignal": ("SIGKILL", "SIGINT"),
        "TimeoutStopSec": ("0", "3", "infinity"),
        "RemainAfterExit": ("yes",),
        "OOMPolicy": ("kill", "stop"),
        "StartLimitBurst": ("3",),
        "StartLimitIntervalSec": ("0",),
        "Restrat": ("on-failure",),
        "EnvironmentFile": ("/etc/default/x", "-/etc/default/y", "/home/x/env"),
        "Environment": ("PATH=/opt/x:$PATH", 'A="b c"'),
        "ProtectHome": ("yes", "read-only"),
        "WorkingDirectory": ("/home/render",),
        "User": ("render", "nobody"),
    }.items()
    for value in values
    for line in (f"{key}={value}",)
]
UNIT = [
    "After=network-online.target",
    "After=network.target",
    "Wants=network-online.target",
    "Requires=db.service",
    "StartLimitIntervalSec=0",
    "StartLimitIntervalSec=1h",
    "StartLimitBurst=20",
]


@given(
    command=st.sampled_from(COMMANDS),
    service=st.lists(st.sampled_from(SERVICE), max_size=12),
    unit=st.lists(st.sampled_from(UNIT), max_size=4),
    exposure=st.sampled_from([0.0, 9.2]),
)
def test_what_a_drop_in_is_for_is_mended_by_it(
    command: str, service: list[str], unit: list[str], exposure: float
) -> None:
    text = plain(f"ExecStart={command}", *service, unit=tuple(unit))
    before = look_at(text, exposure=exposure)
    if before.drop_in is None:
        assert not any(finding.mend for finding in before.findings)
        return
    after = look_at(text, drop_in=before.drop_in.text)
    mended = {(each.rule, each.key, each.problem) for each in before.findings if each.mend}
    left = {(each.rule, each.key, each.problem) for each in after.findings}
    assert not mended & left, before.drop_in.text
    wrong = {"ignored", "said-twice"}
    assert not [each for each in after.findings if each.path.endswith(".conf") and each.rule in wrong]
    assert not [each for each in after.findings if each.mend], before.drop_in.text
    refused = [each for each in before.findings if each.harm is Harm.NOT_LOADED]
    assert len([each for each in after.findings if each.harm is Harm.NOT_LOADED]) <= len(refused)


def test_each_line_stands_below_the_rules_that_want_it() -> None:
    mended = look_at(sound(SuccessExitStatus=None, StartLimitIntervalSec=None, RestartSec=None)).drop_in
    assert mended is not None
    assert mended.path == "/etc/systemd/system/worker.service.d/90-mended.conf"
    assert mended.text == (
        "[Unit]\n# start-limit-traps\nStartLimitIntervalSec=0\n"
        "\n[Service]\n# restart-code-fails\nSuccessExitStatus=47\n"
        "# start-limit-traps, restart-without-pause\nRestartSec=5s\n"
    )


def test_codes_that_several_rules_want_add_up() -> None:
    text = sound(SuccessExitStatus=None, ExecStart="/opt/farmhand-worker --restart-exit-code 1", After=None, Wants=None)
    mended = look_at(text).drop_in
    assert mended is not None
    assert "ExecStart=\nExecStart=/opt/farmhand-worker --restart-exit-code 47\n" in mended.text
    assert look_at(text, drop_in=mended.text).findings == ()


def test_a_users_unit_is_mended_in_the_users_folder() -> None:
    mended = look_at(sound(KillMode=None, User=None), "/home/me/.config/systemd/user/worker.service").drop_in
    assert mended is not None
    assert mended.path == "~/.config/systemd/user/worker.service.d/90-mended.conf"


def test_what_is_hardened_already_is_left_as_it_is() -> None:
    mended = look_at(adding("ProtectSystem=strict", "NoNewPrivileges=no"), exposure=9.2).drop_in
    assert mended is not None
    assert "RestrictRealtime=yes" in mended.text
    assert "ProtectSystem" not in mended.text
    assert "NoNewPrivileges" not in mended.text


def analyze(*words: str) -> str:
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_every_drop_in(tmp_path: Path) -> None:
    for number, sick in enumerate(sick for all in SICK.values() for sick in all if sick.mended and sick.path == PATH):
        unit = tmp_path / f"sick{number}.service"
        unit.write_text(sick.text.replace("/bin/x", "/bin/true"))
        mended = look_at(unit.read_text(), str(unit), exposure=sick.exposure).drop_in
        assert mended is not None
        folder = tmp_path / f"{unit.name}.d"
        folder.mkdir()
        (folder / "90-mended.conf").write_text(mended.text)
    said = analyze("verify", "--man=no", *map(str, tmp_path.glob("*.service")))
    assert [line for line in said.splitlines() if "90-mended.conf" in line] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_exposure_is_mended_as_systemd_measures_it(tmp_path: Path) -> None:
    unit = tmp_path / "worker.service"
    unit.write_text(SOUND)
    assert "worker.service: 9." in analyze("security", "--offline=true", "--no-pager", str(unit))
    mended = look_at(SOUND, str(unit), exposure=9.2).drop_in
    assert mended is not None
    (tmp_path / "worker.service.d").mkdir()
    (tmp_path / "worker.service.d" / "90-mended.conf").write_text(mended.text)
    said = analyze("security", "--offline=true", "--no-pager", "--threshold=45", str(unit))
    assert "exposure level for worker.service: 4." in said
