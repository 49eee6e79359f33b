"""A service starts and starts again: what is ordered on a virtual clock, and which states are passed."""

import pytest
from world import World, service, started

from farmhand.supervisor.rules.exitstatus import Exit, Result
from farmhand.supervisor.rules.jobs import Outcome
from farmhand.supervisor.rules.life import Event, Life, Scene
from farmhand.supervisor.rules.lifecycle import step
from farmhand.supervisor.rules.moves import ON_STOP, PASS_ON, PHASES
from farmhand.supervisor.rules.states import STARTING, State, active_state
from farmhand.units.spec import Service, StatusSet

WORKER = {"restart": "on-failure", "restart_force_exit_status": StatusSet(frozenset({47}))}
TERM, KILL = "send SIGTERM SIGCONT to all", "send SIGKILL to all"


def test_every_state_with_processes_answers_a_stop():
    assert ON_STOP.keys() == set(State) - {State.DEAD, State.FAILED}


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_coarse_state(state):
    assert active_state(Service("a"), state) is not None


def test_only_the_start_differs_for_an_idle_service():
    differing = {s for s in State if active_state(Service("a"), s) is not active_state(Service("a", type="idle"), s)}
    assert differing == STARTING


def test_passing_on_comes_to_an_end():
    for state in PASS_ON:
        seen = [state]
        while seen[-1] in PASS_ON:
            seen.append(PASS_ON[seen[-1]])
            assert len(seen) <= len(PASS_ON)
        assert seen[-1] in (State.STOP_POST, State.DEAD)


def test_no_phase_leads_to_itself():
    assert all(state not in (phase.then, phase.failed, phase.refused) for state, phase in PHASES.items())


def test_a_simple_service_runs_as_soon_as_it_is_spawned():
    world = started()
    assert world.said() == ["spawn ExecStart", "running"]
    assert world.outcomes == [Outcome.DONE]


def test_all_the_commands_of_a_start_and_a_stop_in_their_order():
    world = started(
        type="notify",
        exec_condition="/bin/c",
        exec_start_pre=["/bin/p1", "/bin/p2"],
        exec_start_post="/bin/q",
        exec_stop="/bin/s",
        exec_stop_post="/bin/z",
    )
    for _ in range(3):
        world.command_ends()
    world.says("READY=1")
    world.command_ends()
    assert world.outcomes == [Outcome.DONE]
    world.stop()
    world.command_ends()
    world.command_ends()
    assert world.said() == [
        *("spawn ExecCondition", "condition"),
        *("spawn ExecStartPre", "start-pre", "spawn ExecStartPre"),
        *("spawn ExecStart", "start", "spawn ExecStartPost", "start-post", "running"),
        *("spawn ExecStop", "stop", TERM, "stop-sigterm", "spawn ExecStopPost", "stop-post", "dead"),
    ]


@pytest.mark.parametrize(
    ("type", "comes_up"),
    [
        ("simple", lambda world: None),
        ("exec", lambda world: world.execs()),
        ("notify", lambda world: world.says("READY=1")),
        ("oneshot", lambda world: world.ends(Exit(code=0))),
    ],
)
def test_when_a_start_counts_as_done(type, comes_up):
    world = started(type=type, remain_after_exit=type == "oneshot")
    comes_up(world)
    assert world.outcomes == [Outcome.DONE]
    assert world.state in (State.RUNNING, State.EXITED)


@pytest.mark.parametrize("type", ["exec", "notify", "oneshot"])
def test_a_start_is_waited_for(type):
    world = started(type=type)
    assert (world.state, world.outcomes) == (State.START, [])


def test_the_lines_of_a_oneshot_run_one_after_the_other_each_with_its_own_time():
    world = started(type="oneshot", exec_start=["/bin/a", "/bin/b"], timeout_start_sec=10)
    world.pass_time(8)
    world.ends(Exit(code=0))
    world.pass_time(8)
    world.ends(Exit(code=0))
    assert world.said() == ["spawn ExecStart", "start", "spawn ExecStart", "dead"]
    assert world.outcomes == [Outcome.DONE]


def test_a_clean_exit_before_ready_is_a_breach_of_protocol():
    world = started(type="notify")
    world.ends(Exit(code=0))
    assert (world.state, world.life.result) == (State.FAILED, Result.PROTOCOL)
    assert world.outcomes == [Outcome.FAILED]


def test_ready_before_the_main_process_runs_does_not_count():
    world = started(type="notify", notify_access="all", exec_start_pre="/bin/p")
    world.says("READY=1\nSTATUS=early")
    world.command_ends()
    assert (world.state, world.life.status_text) == (State.START, "early")


@pytest.mark.parametrize(
    ("code", "state", "result"),
    [(1, State.DEAD, "exec-condition"), (254, State.DEAD, "exec-condition"), (255, State.FAILED, "exit-code")],
)
def test_a_condition_skips_or_fails(code, state, result):
    world = started(exec_condition="/bin/c", restart="always", exec_stop_post="/bin/z", start_limit_burst=1)
    world.command_ends(code)
    assert world.said()[-2:] == ["spawn ExecStopPost", "stop-post"]
    world.command_ends()
    world.pass_time(1)
    assert (world.state, world.life.result.value) == (state, result)


@pytest.mark.parametrize("directive", ["exec_start_pre", "exec_start_post"])
def test_a_failing_command_fails_the_start_unless_it_may(directive):
    failing, allowed = started(**{directive: "/bin/p"}), started(**{directive: "-/bin/p"})
    failing.command_ends(1)
    allowed.command_ends(1)
    assert (failing.state, failing.outcomes) == (State.FAILED, [Outcome.FAILED])
    assert (allowed.state, allowed.outcomes) == (State.RUNNING, [Outcome.DONE])


def test_an_end_during_start_post_is_noticed_after_it():
    world = started(exec_start_post="/bin/q")
    world.ends(Exit(code=1))
    assert world.state is State.START_POST
    world.command_ends()
    assert (world.state, world.life.result) == (State.FAILED, Result.EXIT_CODE)


@pytest.mark.parametrize("directive", ["ExecStart", "ExecStartPre"])
def test_what_cannot_be_spawned_fails_without_ever_having_run(directive):
    pre = "/bin/p" if directive == "ExecStartPre" else ""
    world = World(service(exec_start_pre=pre, exec_stop="/bin/s"), refuse={directive})
    world.start()
    assert world.said() == ["failed"]
    assert (world.life.result, world.outcomes) == (Result.RESOURCES, [Outcome.FAILED])


@pytest.mark.parametrize(("line", "code"), [("-/bin/main", 0), ("/bin/main", 203)])
def test_a_program_that_may_fail_may_also_be_missing(line, code):
    life, _ = step(started(exec_start=line).life, Event.MAIN_ENDED, service(exec_start=line), missing())
    assert life.exit.code == code


def missing():
    return Scene(0.0, exit=Exit(code=203), executed=False)


def test_a_stop_forgives_a_start_pre_that_may_fail():
    world = started(exec_start_pre="-/bin/p")
    world.stop()
    assert (world.state, world.life.result) == (State.DEAD, Result.SUCCESS)


def test_exit_47_brings_the_worker_back_after_the_delay():
    world = started(**WORKER, restart_sec=5)
    world.ends(Exit(code=47))
    assert world.said() == ["spawn ExecStart", "running", "failed", "auto-restart"]
    world.pass_time(4.9)
    assert world.state is State.AUTO_RESTART
    world.pass_time(0.1)
    assert world.said(5) == ["dead", "spawn ExecStart", "running"]
    assert world.life.restarts == 1


def test_exit_0_stays_down():
    world = started(**WORKER)
    world.ends(Exit(code=0))
    world.pass_time(3600)
    assert world.said() == ["spawn ExecStart", "running", "dead"]


def test_a_code_that_is_no_failure_passes_through_dead():
    world = started(**WORKER, success_exit_status=StatusSet(frozenset({47})))
    world.ends(Exit(code=47))
    assert world.said()[-2:] == ["dead", "auto-restart"]


def test_restarts_are_counted_until_a_stop_and_start():
    world = started(restart="always", start_limit_burst=0)
    for _ in range(3):
        world.ends(Exit(code=1))
        world.pass_time(1)
    assert world.life.restarts == 3
    world.stop()
    assert world.life.restarts == 3
    world.start()
    assert world.life.restarts == 0


def test_the_start_limit_ends_the_restarts_but_not_the_reason():
    world = started(restart="always", start_limit_burst=3, restart_sec=0.5)
    for _ in range(3):
        world.ends(Exit(code=1))
        world.pass_time(0.5)
    assert (world.state, world.life.result, world.life.restarts) == (State.FAILED, Result.EXIT_CODE, 3)
    assert "StartLimitBurst=3" in world.life.verdict.reason
    world.reset_failed()
    world.start()
    assert world.state is State.RUNNING


def test_a_start_that_the_limit_refuses_is_a_failure():
    world = started(start_limit_burst=1)
    world.stop()
    world.start()
    assert (world.state, world.life.result) == (State.FAILED, Result.START_LIMIT_HIT)
    assert world.outcomes[-1] is Outcome.FAILED


def test_a_stop_while_waiting_to_restart_wins():
    world = started(**WORKER)
    world.ends(Exit(code=47))
    world.stop()
    world.pass_time(3600)
    assert world.state is State.DEAD


def test_a_start_while_waiting_to_restart_waits_and_a_restart_does_not():
    waiting, hasty = started(**WORKER, restart_sec=5), started(**WORKER, restart_sec=5)
    for world in (waiting, hasty):
        world.ends(Exit(code=47))
    waiting.start()
    hasty.restart()
    assert (waiting.state, hasty.state) == (State.AUTO_RESTART, State.RUNNING)
    waiting.pass_time(5)
    assert (waiting.state, waiting.life.restarts) == (State.RUNNING, 1)
    assert waiting.outcomes == [Outcome.DONE] * 2


def test_a_kept_exit_is_not_restarted():
    world = started(restart="always", remain_after_exit=True)
    world.ends(Exit(code=0))
    assert world.state is State.EXITED


def test_a_restart_on_request_is_no_automatic_one():
    world = started(restart="always")
    world.restart()
    assert world.said()[2:] == [TERM, "stop-sigterm", "dead", "spawn ExecStart", "running"]


def test_the_end_of_the_delay_does_not_overtake_a_stop_that_waits_its_turn():
    life = Life(State.AUTO_RESTART, timer=5.0)
    assert step(life, Event.TIMER, service(), Scene(5.0, stop_pending=True))[1] == ()


def test_what_was_given_up_on_is_not_started_beside():
    world = started(ignores={"SIGTERM"}, send_sigkill=False, restart="always", timeout_stop_sec=1, runtime_max_sec=1)
    world.pass_time(60)
    assert world.said().count("spawn ExecStart") == 1
    assert world.state is State.FAILED
