"""Forecasts: what would become of a service if its runs ended like this."""

from pathlib import Path

import pytest
from world import service

from farmhand.supervisor.rules.exitstatus import Exit
from farmhand.supervisor.rules.whatif import Ending, NotForeseen, conclusion, describe, forecast
from farmhand.units.dialects import systemd
from farmhand.units.spec import INFINITY, StatusSet

# The unit of Flamenco's manual, "Worker Actions".
WORKER = """\
[Unit]
Description=Flamenco Worker connecting to Manager on localhost
Documentation=https://localhost:8080/
After=network.target

[Service]
Type=simple
CPUSchedulingPolicy=idle
Nice=19

WorkingDirectory=/home/flamenco
# Tell the Worker that it should exit with status code 47 in order to restart.
ExecStart=/home/flamenco/flamenco-worker -manager http://localhost:8080/ -restart-exit-code 47

User=flamenco
Group=flamenco

# Make systemd restart the service on exit code 47, as well as
# 'failure' codes (such as hard crashes).
RestartForceExitStatus=47
Restart=on-failure

EnvironmentFile=-/etc/default/locale

[Install]
WantedBy=multi-user.target
"""

EXITS_0 = """\
worker:
       0s  running  start requested
       3s  dead     not started again: Restart=on-failure and it ended with exit code 0, result success (worker.service:21)
in the end: inactive (dead) after 1 start, not started again
"""  # noqa: E501

EXITS_1 = """\
worker:
       0s  running       start requested
       3s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with exit code 1 (worker.service:21)
     3.1s  running       restart 1
     6.1s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with exit code 1 (worker.service:21)
     6.2s  running       restart 2
     9.2s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with exit code 1 (worker.service:21)
     9.3s  running       restart 3
    12.3s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with exit code 1 (worker.service:21)
    12.4s  running       restart 4
    15.4s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with exit code 1 (worker.service:21)
    15.5s  running       restart 5
    18.5s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with exit code 1 (worker.service:21)
    18.6s  running       restart 6
in the end: active (running) after 7 starts
"""

EXITS_47 = """\
worker:
       0s  running       start requested
       3s  auto-restart  starts again in 0.1s: exit code 47 is in RestartForceExitStatus= (worker.service:20)
     3.1s  running       restart 1
     6.1s  auto-restart  starts again in 0.1s: exit code 47 is in RestartForceExitStatus= (worker.service:20)
     6.2s  running       restart 2
     9.2s  auto-restart  starts again in 0.1s: exit code 47 is in RestartForceExitStatus= (worker.service:20)
     9.3s  running       restart 3
    12.3s  auto-restart  starts again in 0.1s: exit code 47 is in RestartForceExitStatus= (worker.service:20)
    12.4s  running       restart 4
    15.4s  auto-restart  starts again in 0.1s: exit code 47 is in RestartForceExitStatus= (worker.service:20)
    15.5s  running       restart 5
    18.5s  auto-restart  starts again in 0.1s: exit code 47 is in RestartForceExitStatus= (worker.service:20)
    18.6s  running       restart 6
in the end: active (running) after 7 starts
"""

IS_KILLED = """\
worker:
       0s  running       start requested
       3s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with signal SIGKILL (worker.service:21)
     3.1s  running       restart 1
     6.1s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with signal SIGKILL (worker.service:21)
     6.2s  running       restart 2
     9.2s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with signal SIGKILL (worker.service:21)
     9.3s  running       restart 3
    12.3s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with signal SIGKILL (worker.service:21)
    12.4s  running       restart 4
    15.4s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with signal SIGKILL (worker.service:21)
    15.5s  running       restart 5
    18.5s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with signal SIGKILL (worker.service:21)
    18.6s  running       restart 6
in the end: active (running) after 7 starts
"""

CRASHES_AT_ONCE = """\
worker:
       0s  running       start requested
     0.5s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with exit code 1 (worker.service:21)
     0.6s  running       restart 1
     1.1s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with exit code 1 (worker.service:21)
     1.2s  running       restart 2
     1.7s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with exit code 1 (worker.service:21)
     1.8s  running       restart 3
     2.3s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with exit code 1 (worker.service:21)
     2.4s  running       restart 4
     2.9s  auto-restart  starts again in 0.1s: Restart=on-failure and it ended with exit code 1 (worker.service:21)
       3s  failed        not started again: more than StartLimitBurst=5 starts in StartLimitIntervalSec=10s (the default)
in the end: failed, start limit hit after 5 starts; result exit-code
"""  # noqa: E501


def foreseen(endings, *, times=6, uptime=3.0, **directives):
    return forecast(service(**directives), endings, times=times, uptime=uptime)


@pytest.mark.parametrize(
    ("ending", "uptime", "told"),
    [
        pytest.param(Exit(code=0), 3.0, EXITS_0, id="shut down"),
        pytest.param(Exit(code=47), 3.0, EXITS_47, id="asked to restart"),
        pytest.param(Exit(code=1), 3.0, EXITS_1, id="fails after a while"),
        pytest.param(Exit(signal="SIGKILL"), 3.0, IS_KILLED, id="is killed"),
        pytest.param(Exit(code=1), 0.5, CRASHES_AT_ONCE, id="fails at once"),
    ],
)
def test_the_unit_of_flamencos_manual_six_times_in_a_row(ending, uptime, told):
    worker = systemd.read("worker.service", WORKER).service
    seen = forecast(worker, (Ending(exit=ending),), times=6, uptime=uptime)
    assert describe(seen) == told.splitlines()


def test_endings_take_turns():
    turns = (Ending(exit=Exit(code=47)), Ending(exit=Exit(code=0)))
    seen = foreseen(turns, restart="on-failure", restart_force_exit_status=StatusSet(frozenset({47})))
    assert conclusion(seen) == "inactive (dead) after 2 starts, not started again"


@pytest.mark.parametrize(
    ("directives", "deadline", "passed", "end"),
    [
        pytest.param(
            {"type": "notify", "timeout_start_sec": 5.0},
            "start",
            [(0, "start"), (5, "failed")],
            "failed after 1 start, not started again; result timeout",
            id="never READY=1",
        ),
        pytest.param(
            {"type": "forking", "timeout_start_sec": 5.0, "restart": "on-failure"},
            "start",
            [(0, "start"), (5, "auto-restart"), (5.1, "running")],
            "active (running) after 2 starts",
            id="a starter that hangs",
        ),
        pytest.param(
            {"timeout_stop_sec": 5.0},
            "stop",
            [(0, "running"), (3, "stop-sigterm"), (8, "failed")],
            "failed after 1 start, not started again; result timeout",
            id="deaf to SIGTERM",
        ),
        pytest.param(
            {"watchdog_sec": 2.0, "restart": "on-watchdog"},
            "watchdog",
            [(0, "running"), (2, "auto-restart"), (2.1, "running")],
            "active (running) after 2 starts",
            id="falls silent",
        ),
        pytest.param(
            {"runtime_max_sec": 60.0, "exec_stop": "/bin/stop"},
            "runtime",
            [(0, "running"), (60, "failed")],
            "failed after 1 start, not started again; result timeout",
            id="runs too long",
        ),
    ],
)
def test_a_deadline_passes(directives, deadline, passed, end):
    seen = foreseen((Ending(timeout=deadline),), times=1, **directives)
    assert [(round(moment.at, 3), moment.states[-1].value) for moment in seen.moments] == passed
    assert conclusion(seen) == end


@pytest.mark.parametrize(
    ("directives", "deadline", "problem"),
    [
        ({}, "start", "Type=simple has started as soon as its program has"),
        ({"timeout_stop_sec": INFINITY}, "stop", "TimeoutStopSec= sets no limit"),
        ({}, "watchdog", "WatchdogSec= sets no limit"),
        ({}, "runtime", "RuntimeMaxSec= sets no limit"),
        ({"type": "oneshot"}, "start", "TimeoutStartSec= sets no limit"),
    ],
)
def test_a_deadline_that_there_is_none_of(directives, deadline, problem):
    with pytest.raises(NotForeseen, match=problem):
        foreseen((Ending(timeout=deadline),), **directives)


@pytest.mark.parametrize("type", ["simple", "exec", "forking", "notify", "notify-reload", "idle", "oneshot"])
def test_every_type_comes_back_and_stays(type):
    hooks = {"exec_start_pre": "/bin/pre", "exec_start_post": "/bin/post", "exec_stop_post": "/bin/stoppost"}
    seen = foreseen((Ending(exit=Exit(code=1)),), times=2, type=type, restart="on-failure", **hooks)
    assert (seen.runs, seen.life.restarts) == (3, 2)
    assert seen.active.value == ("inactive" if type == "oneshot" else "active")


def test_a_back_off_grows_and_a_stable_run_makes_it_short_again():
    crash = (Ending(exit=Exit(code=1)),)
    calm = {"restart": "on-failure", "restart_sec": 1.0, "backoff_max_sec": 5.0, "start_limit_burst": 0}
    assert waits(foreseen(crash, uptime=0.5, **calm)) == [1.0, 2.0, 4.0, 5.0, 5.0, 5.0]
    assert waits(foreseen(crash, uptime=5.0, **calm)) == [1.0] * 6


def waits(seen):
    return [moment.verdict.wait for moment in seen.moments if moment.verdict]


@pytest.mark.parametrize(
    ("ending", "times", "uptime"),
    [(Exit(code=1), 6, 0.5), (Exit(code=47), 6, 3.0), (Exit(code=0), 1, 1.0), (Exit(signal="SIGKILL"), 6, 3.0)],
)
def test_the_guide_shows_what_it_prints(ending, times, uptime):
    guide = Path(__file__).parents[3] / "docs" / "how-to" / "supervisor.md"
    worker = systemd.read("flamenco-worker.service", WORKER).service
    seen = forecast(worker, (Ending(exit=ending),), times=times, uptime=uptime)
    assert "\n".join(describe(seen)) in guide.read_text(encoding="utf-8")
