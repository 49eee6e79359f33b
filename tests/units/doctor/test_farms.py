"""What the doctor says of units of the kinds that farms and well-kept packages ship."""

import pytest
from sick_units import look_at, plain

ONLINE = ("After=network-online.target", "Wants=network-online.target")
INSTALLED = "[Install]\nWantedBy=multi-user.target\n"

FLAMENCO = plain(
    "CPUSchedulingPolicy=idle",
    "ExecStart=/home/farm/flamenco-worker -manager http://localhost:8080/ -restart-exit-code 47",
    "User=farm",
    "RestartForceExitStatus=47",
    "Restart=on-failure",
    unit=("After=network.target",),
)
AFANASY = plain(
    "ExecStart=/opt/cgru/start/AFANASY/_afrender.sh", "User=render", "TimeoutStopSec=3", unit=("After=network.target",)
)
OPENCUE = plain(
    "EnvironmentFile=-/etc/sysconfig/rqd",
    'ExecStart=/bin/bash -c "${BIN}/rqd ${OPTIONS}"',
    "KillMode=process",
    "Restart=always",
    unit=ONLINE,
)
GITHUB = plain(
    "ExecStart=/srv/runner/runsvc.sh",
    "User=build",
    "KillMode=process",
    "TimeoutStopSec=5min",
    "Restart=always",
    "RestartSec=5s",
    unit=("After=network-online.target",),
)
BUILDKITE = plain(
    "User=agent",
    "ExecStart=/usr/bin/buildkite-agent start",
    "Restart=on-failure",
    "RestartSec=5",
    "RestartForceExitStatus=SIGPIPE",
    "TimeoutStopSec=0",
    "KillMode=process",
    unit=("After=network.target",),
)
SYNC = plain(
    "User=me",
    "ExecStart=/usr/bin/syncthing serve",
    "Restart=on-failure",
    "RestartSec=1",
    "SuccessExitStatus=3 4",
    "RestartForceExitStatus=3 4",
    unit=("StartLimitIntervalSec=60", "StartLimitBurst=4"),
)
OF_WORKERS = {"oom-stops-worker", "mistake-retried"}

FARMS = {
    "Flamenco's manual": (
        FLAMENCO,
        {"restart-code-fails", "start-limit-traps", "stop-hits-tasks", "restart-without-pause", *OF_WORKERS},
    ),
    "Afanasy": (
        AFANASY,
        {"stop-too-short", "crash-stays-down", "stop-hits-tasks", "network-not-awaited", "oom-stops-worker"},
    ),
    "OpenCue": (
        OPENCUE,
        {"orphans", "shut-down-undone", "start-limit-traps", "restart-without-pause", "runs-as-root", *OF_WORKERS},
    ),
    "GitHub's runner": (GITHUB, {"orphans", "shut-down-undone", "network-not-drawn", *OF_WORKERS}),
    "Buildkite": (BUILDKITE, {"orphans", "stop-without-end", "network-not-awaited", *OF_WORKERS}),
    "file synchronization": (SYNC, {"start-limit-traps"}),
}

WELL_KEPT = {
    "a database": plain(
        "Type=forking",
        "ExecStart=-/usr/bin/pg_ctlcluster %i start",
        "TimeoutStartSec=0",
        "TimeoutStopSec=1h",
        "PIDFile=/run/postgresql/%i.pid",
        unit=("PartOf=postgresql.service", "Before=postgresql.service", "After=network.target"),
    ),
    "containers": plain(
        "Type=notify",
        "ExecStart=/usr/bin/dockerd -H fd://",
        "ExecReload=/bin/kill -s HUP $MAINPID",
        "Restart=always",
        "RestartSec=2",
        "Delegate=yes",
        "KillMode=process",
        unit=("Requires=docker.socket", "StartLimitBurst=3", "StartLimitIntervalSec=60", *ONLINE),
    ),
    "jobs of a web site": plain(
        "Type=notify",
        "WatchdogSec=10",
        "ExecStart=/bin/bash -lc 'exec bundle exec sidekiq -e production'",
        "Restart=always",
        "RestartSec=1",
        "User=deploy",
        unit=("After=network.target",),
    ),
    "a login": plain("ExecStart=-/sbin/agetty %I", "Type=idle", "Restart=always", "RestartSec=0", "TTYPath=/dev/%I"),
    "a network's name": plain(
        "Type=dbus", "BusName=org.example.hostname1", "ExecStart=/lib/hostnamed", "WatchdogSec=3min", "PrivateTmp=yes"
    ),
}


@pytest.mark.parametrize(("text", "expected"), FARMS.values(), ids=FARMS)
def test_a_farms_unit(text: str, expected: set[str]) -> None:
    assert {finding.rule for finding in look_at(text + INSTALLED).findings} == expected


@pytest.mark.parametrize(("text", "expected"), FARMS.values(), ids=FARMS)
def test_a_farms_unit_is_mended_but_for_what_its_author_knows(text: str, expected: set[str]) -> None:
    mended = look_at(text + INSTALLED).drop_in
    assert mended is not None
    assert {finding.rule for finding in look_at(text + INSTALLED, drop_in=mended.text).findings} <= {"runs-as-root"}


@pytest.mark.parametrize("text", WELL_KEPT.values(), ids=WELL_KEPT)
def test_a_well_kept_unit_gets_nothing_said_against_it(text: str) -> None:
    assert [str(finding) for finding in look_at(text + INSTALLED).findings] == []
