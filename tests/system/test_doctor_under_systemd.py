"""The doctor's drop-ins under the real systemd: what it says will happen happens, and does not with the drop-in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import needs
import pytest
from polling import until
from sandbox import Sandbox, boot
from sick_units import look_at

pytestmark = needs.systemd()

NAME = "flamenco-worker.service"
# Of the kind that Flamenco's manual shows; what it lacks is the doctor's to find.
UNIT = """[Unit]
Description=A worker of a manager on this machine

[Service]
Type=simple
ExecStart={folder}/flamenco-worker -manager http://localhost:8080/ -restart-exit-code 47
ExecStopPost=/bin/sh -c 'echo $SERVICE_RESULT $EXIT_STATUS >>{folder}/ends'
RestartForceExitStatus=47
Restart=on-failure
{more}

[Install]
WantedBy=multi-user.target
"""
# Not as long as the doctor's own pause, for tests' sake.
QUICK = "[Service]\nRestartSec=50ms\n"

ONCE = "#!/bin/sh\n[ -e {folder}/ends ] && exec sleep 1000\nexit 47\n"
ALWAYS = "#!/bin/sh\nexit 47\n"
WITH_CHILD = "#!/bin/sh\nsetsid sleep 1001 &\necho $! >{folder}/child\nexec sleep 1000\n"


@contextmanager
def played(tmp_path: Path, script: str, more: str = "", *, mended: bool) -> Iterator[tuple[Sandbox, Path]]:
    """Start the unit with a worker that does what the script says, with the doctor's drop-in or without."""
    units = tmp_path / "units"
    units.mkdir()
    worker = tmp_path / "flamenco-worker"
    worker.write_text(script.format(folder=tmp_path))
    worker.chmod(0o755)
    text = UNIT.format(folder=tmp_path, more=more)
    (units / NAME).write_text(text)
    if mended:
        file = look_at(text, str(units / NAME)).drop_in
        assert file is not None
        (units / f"{NAME}.d").mkdir()
        (units / f"{NAME}.d" / Path(file.path).name).write_text(file.text)
        (units / f"{NAME}.d" / "99-quick.conf").write_text(QUICK)
    with boot(units, tmp_path / "systemd.log") as systemd:
        systemd.systemctl("start", NAME)
        yield systemd, tmp_path


def state(systemd: Sandbox) -> dict[str, str]:
    return systemd.show(NAME, "ActiveState", "Result", "NRestarts")


@pytest.mark.parametrize(("mended", "end"), [(False, "exit-code 47\n"), (True, "success 47\n")])
def test_a_restart_that_was_asked_for_is_a_failure_until_it_is_mended(tmp_path: Path, mended: bool, end: str) -> None:
    with played(tmp_path, ONCE, mended=mended) as (systemd, folder):
        until(lambda: state(systemd)["NRestarts"] == "1", "the restart", pause=0.05)
        assert (folder / "ends").read_text() == end


def test_planned_restarts_run_into_the_start_limit(tmp_path: Path) -> None:
    with played(tmp_path, ALWAYS, mended=False) as (systemd, folder):
        until(lambda: state(systemd)["ActiveState"] == "failed", "the limit", pause=0.05)
        assert (folder / "ends").read_text().splitlines() == ["exit-code 47"] * 5
        assert systemd.systemctl("start", NAME).returncode != 0, "by hand it is refused as well"


def test_the_drop_in_takes_the_limit_away(tmp_path: Path) -> None:
    with played(tmp_path, ALWAYS, mended=True) as (systemd, _):
        until(lambda: int(state(systemd)["NRestarts"]) > 10, "more restarts than the limit had", pause=0.05)
        assert state(systemd)["ActiveState"] != "failed"


@pytest.mark.parametrize("mended", [False, True])
def test_what_the_worker_started_outlives_it_until_that_is_mended(tmp_path: Path, mended: bool) -> None:
    with played(tmp_path, WITH_CHILD, "KillMode=process", mended=mended) as (systemd, folder):
        until((folder / "child").exists, "the child")
        assert systemd.systemctl("stop", NAME).returncode == 0
        left = systemd.systemctl("status", "--lines=0", NAME).stdout
        assert ("sleep 1001" in left) is not mended, left


REMAINS = "RemainAfterExit=yes\nSuccessExitStatus=47\nKillMode=mixed"


def test_a_clean_exit_that_is_kept_as_active_brings_no_restart(tmp_path: Path) -> None:
    with played(tmp_path, ONCE, REMAINS, mended=False) as (systemd, _):
        until(lambda: systemd.show(NAME, "SubState")["SubState"] == "exited", "the worker's end", pause=0.05)
        assert state(systemd)["NRestarts"] == "0"


def test_a_program_that_never_notifies_is_killed_by_the_watchdog(tmp_path: Path) -> None:
    with played(tmp_path, "#!/bin/sh\nexec sleep 1000\n", "WatchdogSec=200ms", mended=False) as (_, folder):
        until(lambda: (folder / "ends").exists(), "the watchdog", pause=0.05)
        assert (folder / "ends").read_text().startswith("watchdog ABRT\n")


def test_a_mixed_stop_kills_a_worker_behind_a_shell_that_stays(tmp_path: Path) -> None:
    script = (
        "#!/bin/sh\ntrap 'echo polite >{folder}/polite; exit 0' TERM\necho >{folder}/up\nwhile :; do sleep 0.1; done\n"
    )
    behind = f"ExecStart=\nExecStart=/bin/sh -c '{tmp_path}/flamenco-worker; true'\nKillMode=mixed"
    with played(tmp_path, script, behind, mended=False) as (systemd, folder):
        until((folder / "up").exists, "the worker")
        systemd.systemctl("stop", NAME)
        assert not (folder / "polite").exists()
