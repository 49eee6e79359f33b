"""Unit files read as systemd 252 reads them, and written so that it reads them back."""

import shutil
import subprocess
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest
import services
from hypothesis import given, settings

from farmhand.units import grammar
from farmhand.units.dialects import systemd
from farmhand.units.errors import BadConfig
from farmhand.units.spec import Assignment, Command, EnvironmentFile, Folder, Limit, Service, StatusSet
from farmhand.units.specifiers import AS_WRITTEN, TEMPLATE_AS_WRITTEN


def read(lines: str, name: str = "x") -> systemd.Reading:
    """Read a unit whose [Service] section has these lines beside a command."""
    return systemd.read(f"/etc/{name}.service", f"[Service]\nExecStart=/bin/x\n{lines}\n")


def statuses(*found: int | str) -> StatusSet:
    return grammar.status_set([*found])


VALUES = [
    ("Nice=5", "nice", 5),
    ("Nice=5\nNice=7", "nice", 7),
    ("Nice=5\nNice=", "nice", None),
    ("Nice=5\nNice=5 # five", "nice", 5),
    ("Restart=always\nRestart=", "restart", "always"),
    ("Restart=Always", "restart", "no"),
    ("RestartSec=5\nRestartSec=bogus", "restart_sec", 5.0),
    ("TimeoutStopSec=0", "timeout_stop_sec", inf),
    ("TimeoutSec=7\nTimeoutStartSec=5", "timeout_stop_sec", 7.0),
    ("TimeoutSec=7\nTimeoutStartSec=5", "timeout_start_sec", 5.0),
    ("RuntimeMaxSec=0", "runtime_max_sec", 0.0),
    ("TimeoutAbortSec=5\nTimeoutAbortSec=", "timeout_abort_sec", None),
    ("SuccessExitStatus=1\nSuccessExitStatus=47 INT", "success_exit_status", statuses(1, 47, "SIGINT")),
    ("SuccessExitStatus=1\nSuccessExitStatus=\nSuccessExitStatus=47", "success_exit_status", statuses(47)),
    ("SuccessExitStatus=1,47 3", "success_exit_status", statuses(3)),
    ("Environment=A=1 B=2\nEnvironment='C=one two' A=3", "environment", {"A": "3", "B": "2", "C": "one two"}),
    ("Environment=A=1\nEnvironment=", "environment", {}),
    ("Environment=A=%n B=%z C=1", "environment", {"A": "x.service", "C": "1"}),
    ("Environment=A-B=x B=2 =y", "environment", {"B": "2"}),
    ('Environment=A=1 "B=2', "environment", {"A": "1"}),
    ("Environment=A=1 B=\\q C=3\nEnvironment=D=4", "environment", {"A": "1", "D": "4"}),
    ("EnvironmentFile=-/a b", "environment_file", (EnvironmentFile("/a b", optional=True),)),
    ("EnvironmentFile=/a\nEnvironmentFile=/c", "environment_file", (EnvironmentFile("/a"), EnvironmentFile("/c"))),
    ("EnvironmentFile=relative", "environment_file", ()),
    ("UMask=0027", "umask", 0o27),
    ("LimitNOFILE=100:200\nLimitCORE=0", "limits", {"NOFILE": Limit(100, 200), "CORE": Limit(0, 0)}),
    ("LimitNOFILE=1K", "limits", {}),
    ("CPUSchedulingPolicy=5", "cpu_scheduling_policy", "idle"),
    ("CPUSchedulingPriority=100", "cpu_scheduling_priority", None),
    ("CPUAffinity=0-2,5 9\nCPUAffinity=1", "cpu_affinity", frozenset({0, 1, 2, 5, 9})),
    ("CPUAffinity=1\nCPUAffinity=", "cpu_affinity", None),
    ("CPUAffinity=1\nCPUAffinity=0 x", "cpu_affinity", frozenset({1})),
    ("CPUAffinity=1-0", "cpu_affinity", frozenset()),
    ("IgnoreSIGPIPE=no", "ignore_sigpipe", False),
    ("KillSignal=2", "kill_signal", "SIGINT"),
    ("WorkingDirectory=-/tmp//a/", "working_directory", Folder("/tmp/a", optional=True)),
    ("WorkingDirectory=/tmp/./a/.", "working_directory", Folder("/tmp/a")),
    ("WorkingDirectory=~", "working_directory", Folder("~")),
    ("WorkingDirectory=%t", "working_directory", Folder("/run")),
    ("StandardOutput=append:/x y", "standard_output", "append:/x y"),
    ("StandardOutput=file:relative", "standard_output", "journal"),
    ("PIDFile=x.pid", "pid_file", "/run/x.pid"),
    ("StartLimitBurst=3\nStartLimitInterval=1min", "start_limit_burst", 3),
    ("StartLimitBurst=3\nStartLimitInterval=1min", "start_limit_interval_sec", 60.0),
    ("UnsetEnvironment=A B=1\nUnsetEnvironment=A", "unset_environment", ("A", "B=1")),
    ("User=0", "user", "0"),
    ("User=x\nUser=", "user", None),
    ("[Unit]\nAfter=a.service b.target\nAfter=c.service", "after", ("a", "b.target", "c")),
    ("[Unit]\nDescription=%p of %n", "description", "x of x.service"),
    ("[Unit]\nDescription=fine\nDescription=100% of %z", "description", "fine"),
    ("[Install]\nWantedBy=multi-user.target", "wanted_by", ("multi-user.target",)),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "field", "value"), VALUES)
def test_values(lines: str, field: str, value: object) -> None:
    assert getattr(read(lines).service, field) == value


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("Nice=five", '/etc/x.service:3: Nice: "five" is not a whole number from -20 to 19 and is ignored'),
        ("RestartForceExitCode=47", 'is not known in [Service] and is ignored; did you mean "RestartForceExitStatus"?'),
        ("After=a.service", "3: After: it is not known in [Service] and is ignored; it belongs in [Unit]"),
        ("SuccessExitStatus=40-50", '3: SuccessExitStatus: "40-50" is neither an exit code nor a signal'),
        ("RestartSec=", "3: RestartSec: it has no value and is ignored"),
        ("ExecStartPre=/bin/x \\q", '3: ExecStartPre: "\\q" is not an escape and is kept as it is'),
        ("[Unit]\nAfter=a", '4: After: "a" names no type of unit; write "a.service" for a service'),
    ],
)  # fmt: skip
def test_warnings_say_where_and_what(lines: str, message: str) -> None:
    (warning,) = read(lines).warnings
    assert message in str(warning)


@pytest.mark.parametrize("lines", ["X-Mine=1", "ProtectSystem=strict", "[X-Mine]\nNice=7", "[Unit]\nConditionHost=x"])
def test_no_warning(lines: str) -> None:
    assert read(lines).warnings == ()


def test_what_systemd_knows_is_kept_as_it_is_written() -> None:
    kept = read("ProtectSystem=%t\nProtectSystem=").service.kept
    assert kept == (Assignment("Service", "ProtectSystem", "%t"), Assignment("Service", "ProtectSystem", ""))
    assert [(line.path, line.line) for line in kept] == [("/etc/x.service", 3), ("/etc/x.service", 4)]


REFUSED = [
    ("ExecStart=./x", "ExecStart"),
    ("ExecStart=/bin/y %z", "ExecStart"),
    ("ExecStart=/bin/y ; /bin/z", "ExecStart"),
    ("ExecStart=/bin/y", "ExecStart"),
    ("User=a:b", "User"),
    ("WorkingDirectory=relative", "WorkingDirectory"),
    ("WorkingDirectory=/usr/../tmp", "WorkingDirectory"),
    ('WorkingDirectory="/tmp"', "WorkingDirectory"),
    ("Type=oneshot\nRestart=always", "Restart"),
    ("Type=dbus", "Type"),
    ("BusName=org.example", "BusName"),
    ("ExecStart=\nExecStop=/bin/y\nType=simple", "ExecStart"),
    ("ExecStart=\nExecStop=/bin/y", "ExecStart"),
    ("ExecStart=\n[Unit]\nDescription=x", "ExecStart"),
]


@pytest.mark.parametrize(("lines", "key"), REFUSED)
def test_where_systemd_refuses_the_unit(lines: str, key: str) -> None:
    with pytest.raises(BadConfig) as caught:
        read(lines)
    assert (caught.value.key, caught.value.load_state) == (key, "bad-setting")


def test_a_service_without_a_command_is_oneshot() -> None:
    service = systemd.read("x.service", "[Service]\nExecStop=/bin/y\nRemainAfterExit=yes\n").service
    assert service.type == "oneshot"


def test_origin_says_where_each_directive_was_last_set() -> None:
    assert read("Nice=5\nTimeoutSec=5\nNice=7").service.origin == {
        "ExecStart": "/etc/x.service:2",
        "Nice": "/etc/x.service:5",
        "TimeoutStartSec": "/etc/x.service:4",
        "TimeoutStopSec": "/etc/x.service:4",
    }


def test_the_name_comes_from_the_file() -> None:
    assert read("", "worker@3").service.name == "worker@3"
    assert read("Environment=A=%i", "worker@3").service.environment == {"A": "3"}


@pytest.mark.parametrize("path", ["x.conf", ".service", "worker@.service"])
def test_files_that_are_no_service(path: str) -> None:
    with pytest.raises(BadConfig):
        systemd.read(path, "[Service]\nExecStart=/bin/x\n")


def test_an_empty_file_masks_the_service() -> None:
    with pytest.raises(BadConfig) as caught:
        systemd.read("x.service", "")
    assert caught.value.load_state == "masked"


def test_a_template_is_read_as_an_instance() -> None:
    text = "[Service]\nExecStart=/bin/x %i\n"
    assert systemd.read("worker@.service", text, name="worker@7.service").service.exec_start == (
        Command(("/bin/x", "7")),
    )


def test_only_what_differs_from_the_default_is_written() -> None:
    service = Service("x", description="100% x", exec_start=(Command(("/bin/x", "a b", "%i", "$A")),), nice=5)
    assert systemd.write(service).path == "/etc/systemd/system/x.service"
    assert systemd.write(service).text == (
        '[Unit]\nDescription=100%% x\n\n[Service]\nExecStart=/bin/x "a b" %%i $A\nNice=5\n'
    )


@settings(max_examples=150)
@given(services.SERVICES)
def test_what_is_written_reads_back(service: Service) -> None:
    rendered = systemd.write(service)
    reading = systemd.read(f"/etc/{service.name}.service", rendered.text)
    assert (rendered.losses, reading.warnings) == ((), ())
    assert reading.service == service


@pytest.mark.parametrize("description", ["two\nlines", "back\\", " space", "nul\0"])
def test_a_text_that_no_line_can_hold_is_a_loss(description: str) -> None:
    rendered = systemd.write(replace(services.PLAIN, description=description))
    assert [loss.key for loss in rendered.losses] == ["Description"]
    assert "Description" not in rendered.text


AS_THEY_ARE = """[Unit]
Description=Of %p on %H, 100%%
After=%p-more.service

[Service]
ExecStart=/bin/x %i %%i ${A}
User=%u
WorkingDirectory=%h/x
Environment=A=%S/x
"""


def test_specifiers_can_stay_as_they_are_written() -> None:
    reading = systemd.read("t@.service", AS_THEY_ARE, TEMPLATE_AS_WRITTEN, "t@")
    assert reading.warnings == ()
    assert systemd.write(reading.service, as_written=True).text == AS_THEY_ARE


def test_those_of_the_name_are_replaced_once_it_is_known() -> None:
    reading = systemd.read("t@1.service", AS_THEY_ARE, AS_WRITTEN)
    text = systemd.write(reading.service, as_written=True).text
    assert "Description=Of t on %H, 100%%" in text
    assert "ExecStart=/bin/x 1 %%i ${A}" in text


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_accepts_every_directive_that_is_written(tmp_path: Path) -> None:
    written = systemd.write(services.FULL)
    (tmp_path / "full.service").write_text(written.text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "full.service"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (written.losses, done.returncode, done.stdout + done.stderr) == ((), 0, "")
