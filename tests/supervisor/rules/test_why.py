"""What `why` and `show` say."""

from world import World, service

from farmhand.supervisor.rules.exitstatus import Exit
from farmhand.supervisor.rules.properties import Facts, properties
from farmhand.supervisor.rules.why import data, why
from farmhand.units.spec import StatusSet

DIRECTIVES = {
    "restart": "on-failure",
    "restart_sec": 5.0,
    "restart_force_exit_status": StatusSet(frozenset({47})),
    "restart_prevent_exit_status": StatusSet(frozenset({2})),
    "success_exit_status": StatusSet(frozenset({47})),
    "origin": {"Restart": "farm.yaml:8", "RestartForceExitStatus": "farm.yaml:9"},
}


def started(**directives):
    world = World(service(**{**DIRECTIVES, **directives}))
    world.start()
    return world


def told(world):
    return why(world.service, world.life, world.now)


def test_why_it_waits_for_a_restart():
    world = started()
    world.ends(Exit(code=47))
    world.pass_time(2)
    first = "worker: starts again in 3.0s: exit code 47 is in RestartForceExitStatus= (farm.yaml:9)"
    assert told(world)[0] == first


def test_why_it_stays_down():
    world = started()
    world.ends(Exit(code=0))
    assert told(world)[0].startswith("worker: dead, not restarted: Restart=on-failure and it ended with exit code 0")


def test_why_it_runs_again():
    world = started()
    world.ends(Exit(code=1))
    world.pass_time(5)
    assert told(world)[0].startswith("worker: running (restart 1); it was restarted: Restart=on-failure")


def test_before_the_first_end_nothing_was_decided():
    assert "nothing was decided" in told(started())[0]


def test_what_every_other_ending_would_bring():
    assert told(started())[1:] == [
        "  exit code 0: success, stays down: Restart=on-failure and it ended with exit code 0, result success"
        " (farm.yaml:8)",
        "  exit code 1: exit-code, starts again after 5s: Restart=on-failure and it ended with exit code 1"
        " (farm.yaml:8)",
        "  signal SIGTERM: success, stays down: Restart=on-failure and it ended with signal SIGTERM, result success"
        " (farm.yaml:8)",
        "  signal SIGKILL: signal, starts again after 5s: Restart=on-failure and it ended with signal SIGKILL"
        " (farm.yaml:8)",
        "  exit code 2: exit-code, stays down: exit code 2 is in RestartPreventExitStatus= (the default)",
        "  exit code 47: success, starts again after 5s: exit code 47 is in RestartForceExitStatus= (farm.yaml:9)",
        "  a timeout: timeout, starts again after 5s: Restart=on-failure and the result was timeout (farm.yaml:8)",
    ]


def test_there_is_no_watchdog_before_the_first_start():
    world = World(service(watchdog_sec=5.0))
    assert properties(world.service, world.life, Facts())["WatchdogUSec"] == "infinity"
    world.start()
    assert properties(world.service, world.life, Facts())["WatchdogUSec"] == "5s"
    assert properties(service(watchdog_sec=9.0), world.life, Facts())["WatchdogUSec"] == "5s"


def test_show_speaks_as_systemd_does():
    world = started(timeout_start_sec=None, description="Render worker")
    world.ends(Exit(signal="SIGKILL"))
    shown = properties(world.service, world.life, Facts(last_main_pid=12, stamps={"ExecMainExit": 1795399500.0}))
    wanted = {
        "Id": "worker.service",
        "Description": "Render worker",
        "LoadState": "loaded",
        "ActiveState": "activating",
        "SubState": "auto-restart",
        "Result": "signal",
        "NRestarts": "0",
        "MainPID": "0",
        "ExecMainPID": "12",
        "ExecMainCode": "2",
        "ExecMainStatus": "9",
        "ExecMainExitTimestamp": "Mon 2026-11-23 02:05:00 UTC",
        "Restart": "on-failure",
        "RestartUSec": "5s",
        "TimeoutStartUSec": "1min 30s",
        "RuntimeMaxUSec": "infinity",
        "WatchdogUSec": "0",
        "RestartForceExitStatus": "47",
        "RemainAfterExit": "no",
    }
    assert {name: shown[name] for name in wanted} == wanted


def test_why_for_programs():
    world = started()
    world.ends(Exit(code=47))
    told = data(world.service, world.life, world.now)
    decision = {"restart": True, "after": 5.0, "directive": "RestartForceExitStatus", "where": "farm.yaml:9"}
    assert told["state"] == "auto-restart"
    assert {name: told[name] for name in decision} == decision
    prevented = next(each for each in told["otherwise"] if each["ending"] == "exit code 2")
    assert prevented == {
        "ending": "exit code 2",
        "result": "exit-code",
        "restart": False,
        "after": None,
        "reason": "exit code 2 is in RestartPreventExitStatus=",
        "directive": "RestartPreventExitStatus",
        "where": None,
    }


def test_why_foresees_a_longer_pause():
    world = started(backoff_max_sec=60.0)
    world.ends(Exit(code=1))
    world.pass_time(5)
    after_a_crash = next(line for line in told(world) if line.startswith("  exit code 1"))
    assert "starts again after 10s by X-FarmhandBackoffMaxSec= (the default)" in after_a_crash
    planned = next(line for line in told(world) if line.startswith("  exit code 47"))
    assert "starts again after 0s by RestartForceExitStatus= (farm.yaml:9)" in planned


def test_a_condition_that_failed_is_the_whole_answer_for_a_service_that_never_ran():
    world, checks = World(service(**DIRECTIVES)), "it was not started: ConditionHost=x does not hold"
    assert why(world.service, world.life, world.now, checks)[0] == f"worker: {checks}"
    assert data(world.service, world.life, world.now, checks)["sentence"] == checks


def test_a_condition_that_failed_after_a_run_is_told_before_the_end_of_the_run():
    world = started()
    world.ends(Exit(code=0))
    first = why(world.service, world.life, world.now, "it was not started: so")[0]
    assert first.startswith("worker: it was not started: so; before that: dead, not restarted: Restart=on-failure")


def test_the_step_of_a_start_that_failed_is_named():
    world = started(restart="no")
    world.ends(Exit(code=203))
    assert told(world)[0].startswith("worker: failed, not restarted: Restart=no and it ended with exit code 203/EXEC")


def test_a_delay_is_told_to_the_millisecond():
    steps = {"restart_sec": 0.2, "restart_steps": 4, "restart_max_delay_sec": 4.0}
    world = started(**steps, restart="always")
    for _ in range(2):
        world.ends(Exit(code=1))
        world.pass_time(1)
    assert "starts again after 0.894s by RestartMaxDelaySec=" in told(world)[1]
