"""How a worker's unit gets onto its machine."""

import pytest

from farmhand.manager.web.install import fields, steps, unit

PATH = "/etc/systemd/system/farmhand-worker.service"


def commands(**given: str) -> list[str]:
    return [step.command for step in steps(fields("node-1", "http://farm:8080/", given), PATH)]


def test_user_and_folder_are_made_first() -> None:
    assert commands(user="render", folder="/srv/farm")[:2] == [
        "sudo useradd --system --home-dir /srv/farm render",
        "sudo install -d -o render /srv/farm",
    ]


def test_root_is_not_made() -> None:
    assert commands(user="", folder="/srv/farm")[0] == "sudo install -d /srv/farm"
    assert commands(user="", folder="")[0].startswith("sudo install -m 644")


def test_a_command_to_copy_holds_nothing_that_a_shell_would_run() -> None:
    assert commands(user="render; reboot", folder="/srv/$(reboot)")[0] == (
        "sudo useradd --system --home-dir '/srv/$(reboot)' 'render; reboot'"
    )


@pytest.mark.parametrize(
    ("manager", "said"),
    [
        ("http://127.0.0.1:8080/", True),
        ("http://[::1]:8080/", True),
        ("http://localhost/", True),
        ("http://farm.local:8080/", False),
    ],
)
def test_an_address_that_no_other_machine_reaches_is_noted(manager: str, said: bool) -> None:
    field = next(field for field in fields("node-1", manager, {}) if field.name == "manager")
    assert bool(field.hint) is said


@pytest.mark.parametrize(("storage", "expected"), [("/mnt/farm:/mnt/more", True), ("C:\\farm", False), ("", False)])
def test_a_worker_may_write_where_jobs_put_their_files(storage: str, expected: bool) -> None:
    text = unit(fields("node-1", "http://farm:8080/", {}, storage)).text
    assert ("ReadWritePaths=/var/lib/farmhand /mnt/farm /mnt/more\n" in text) is expected
