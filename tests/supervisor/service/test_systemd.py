"""systemd's unit for the supervisor, and how systemctl is called; systemd itself says whether the unit is right."""

import subprocess

import needs
import pytest

from farmhand.supervisor.service import systemd
from farmhand.supervisor.service.wanted import Named, NotInstalled, Refused

MINE = Named("farm", user=True)


@pytest.fixture
def systemctl(recorded, home, monkeypatch):
    monkeypatch.setattr(systemd, "_BOOTED", str(home))
    return recorded("systemctl")


@pytest.fixture
def path(home):
    return home / ".config/systemd/user/farm.service"


def test_nothing_of_it_cannot_be_said(wanted):
    assert systemd.render(wanted()).losses == ()


@needs.program("systemd-analyze")
@pytest.mark.parametrize("user", [False, True], ids=["the machine's", "a user's"])
def test_systemd_finds_nothing_wrong_with_it(wanted, tmp_path, user):
    python = tmp_path / "my python"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    unit = tmp_path / "farm.service"
    odd = wanted(named=Named("farm", user), program=(str(python), "-P"), run=("--log-dir=/a b/50% $HOME;", "/c.yaml"))
    unit.write_text(systemd.render(odd).text)
    answer = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert (answer.returncode, [line for line in answer.stderr.splitlines() if "farm.service" in line]) == (0, [])


def test_words_are_passed_on_as_they_are(wanted):
    unit = systemd.render(wanted(run=("--log-dir=/a b/50%", "$HOME;", "/c.yaml")))
    assert ' -P run "--log-dir=/a b/50%%" $$HOME; /c.yaml\n' in unit.text


def test_the_machines_starts_with_the_machine_and_may_be_somebodys(wanted):
    unit = systemd.render(wanted(named=Named("farm"), account="render"))
    assert unit.path == "/etc/systemd/system/farm.service"
    assert {"User=render", "WantedBy=multi-user.target", "After=network-online.target remote-fs.target"} <= {
        *unit.text.splitlines()
    }


def test_root_finds_the_machines_also_while_signed_in(wanted):
    lines = systemd.render(wanted(named=Named("farm"))).text.splitlines()
    assert "RuntimeDirectory=farm" in lines
    assert any(line.endswith(" run --control=/run/farm/control.sock /srv/farm.yaml") for line in lines)


def test_a_users_starts_as_the_user_signs_in(wanted, path, home):
    unit = systemd.render(wanted())
    assert unit.path == str(path)
    assert "WantedBy=default.target" in unit.text.splitlines()
    assert "network-online.target" not in unit.text  # a user's manager knows of none


def test_it_follows_the_users_choice_of_folders(wanted, home, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", f"{home}/settings")
    assert systemd.render(wanted()).path == f"{home}/settings/systemd/user/farm.service"


def test_a_mistake_in_the_files_is_not_tried_again_and_a_crash_always_is(wanted):
    lines = systemd.render(wanted()).text.splitlines()
    assert {"Restart=on-failure", "RestartPreventExitStatus=2", "StartLimitIntervalSec=0"} <= {*lines}


def test_it_has_longer_to_stop_than_its_services(wanted):
    assert "TimeoutStopSec=30s" in systemd.render(wanted(stop=30)).text
    assert "TimeoutStopSec=infinity" in systemd.render(wanted(stop=float("inf"))).text


def test_installed_it_is_read_and_enabled(wanted, systemctl, path):
    notices = systemd.install(wanted())
    assert systemctl.calls == ["--user daemon-reload", "--user enable farm.service"]
    assert path.read_text() == systemd.render(wanted()).text
    assert "enable-linger" in notices[0]


def test_what_systemd_refuses_is_not_left_behind(wanted, systemctl, path):
    systemctl.answer(("--user enable", 1, "Failed to connect to bus: No medium found\n"))
    with pytest.raises(Refused, match="No medium found"):
        systemd.install(wanted())
    assert not path.exists()


def test_it_is_not_installed_twice(wanted, systemctl, path):
    systemd.install(wanted())
    with pytest.raises(Refused, match="is there already"):
        systemd.install(wanted(run=("/another.yaml",)))
    assert path.read_text() == systemd.render(wanted()).text


def test_where_systemd_does_not_run_the_machine_nothing_is_installed(wanted, systemctl, path, monkeypatch, home):
    monkeypatch.setattr(systemd, "_BOOTED", f"{home}/nowhere")
    with pytest.raises(Refused, match="systemd does not run this machine; have 'farmhand run' started by what does"):
        systemd.install(wanted())
    assert (path.exists(), systemctl.calls) == (False, [])


def test_removed_it_is_stopped_first(wanted, systemctl, path):
    systemd.install(wanted())
    systemd.remove(MINE)
    assert systemctl.calls[2:] == ["--user disable --now farm.service", "--user daemon-reload"]
    assert not path.exists()


@pytest.mark.parametrize("verb", ["start", "stop"])
def test_it_is_started_and_stopped_by_its_unit(wanted, systemctl, verb):
    systemd.install(wanted())
    getattr(systemd, verb)(MINE)
    assert systemctl.calls[2:] == [f"--user {verb} farm.service"]


@pytest.mark.parametrize(
    ("active", "sub", "pid", "running", "words"),
    [
        ("active", "running", 4711, True, "active (running), process 4711"),
        ("activating", "auto-restart", 0, True, "activating (auto-restart)"),
        ("failed", "failed", 0, False, "failed (failed)"),
    ],
)
def test_how_it_is(wanted, systemctl, active, sub, pid, running, words):
    systemd.install(wanted())
    systemctl.answer(("--user show", 0, f"MainPID={pid}\nActiveState={active}\nSubState={sub}\n"))
    standing = systemd.status(MINE)
    assert (standing.running, standing.words) == (running, words)


@pytest.mark.parametrize("verb", ["remove", "start", "stop", "status"])
def test_one_that_is_not_there_is_not_asked_about(systemctl, verb):
    with pytest.raises(NotInstalled):
        getattr(systemd, verb)(MINE)
    assert systemctl.calls == []
