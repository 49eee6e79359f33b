"""Units for a user, and drop-ins."""

from dataclasses import replace

import services

from farmhand.units.definition import made
from farmhand.units.dialect import Target
from farmhand.units.dialects import systemd, systemd_units
from farmhand.units.render import render
from farmhand.units.spec import Command, Service, StatusSet

BASE = "[Service]\nExecStart=/bin/old\nEnvironment=OLD=1\nSuccessExitStatus=3\nRestart=no\nNice=5\n"
SERVICE = Service(
    "x",
    exec_start=(Command(("/bin/new",)),),
    environment={"A": "1", "B": "2"},
    success_exit_status=StatusSet(frozenset({47})),
    restart="always",
)


def test_a_drop_in_takes_the_place_of_what_it_says_and_leaves_the_rest() -> None:
    written = render(systemd_units.DIALECT, made(SERVICE), Target(variant="drop-in"))
    assert written.path == "/etc/systemd/system/x.service.d/50-farmhand.conf"
    read = systemd.read("/etc/x.service", BASE, drop_ins=[(written.path, written.text)])
    assert read.warnings == ()
    assert replace(read.service, nice=None) == SERVICE
    assert read.service.nice == 5


def test_a_drop_in_of_everything_is_the_service_again() -> None:
    written = systemd_units.write(services.FULL, Target(variant="drop-in"))
    read = systemd.read("/etc/full.service", "[Service]\nExecStart=/bin/old\n", drop_ins=[(written.path, written.text)])
    assert read.service == systemd.read("/etc/full.service", systemd.write(services.FULL).text).service


def test_a_users_unit_is_that_users() -> None:
    service = replace(SERVICE, user="render", group="render", wanted_by=("multi-user.target",))
    written = render(systemd_units.DIALECT, made(service), Target(scope="user"))
    assert [loss.key for loss in written.losses] == ["User", "Group"]
    assert "WantedBy=default.target\n" in written.text
    assert "User=" not in written.text
