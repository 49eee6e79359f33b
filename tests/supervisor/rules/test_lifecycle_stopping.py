"""A service stops, or has to be stopped: whom it signals, how hard, and when."""

import re

import pytest
from world import service, started

from farmhand.supervisor.rules.exitstatus import Exit, Result
from farmhand.supervisor.rules.jobs import Outcome
from farmhand.supervisor.rules.life import Event, Life, Scene, Slot
from farmhand.supervisor.rules.lifecycle import step
from farmhand.supervisor.rules.states import State
from farmhand.units.spec import StatusSet

WORKER = {"restart": "on-failure", "restart_force_exit_status": StatusSet(frozenset({47}))}
TERM, KILL = "send SIGTERM SIGCONT to all", "send SIGKILL to all"


def test_what_the_main_process_leaves_behind_is_ended_before_the_restart():
    world = started(**WORKER, ignores={"SIGTERM"}, timeout_stop_sec=90)
    world.ends(Exit(code=47), leaving=1)
    assert world.said()[-2:] == [TERM, "stop-sigterm"]
    world.pass_time(90)
    assert world.said(90) == [KILL, "stop-sigkill", "failed", "auto-restart"]
    assert world.life.result is Result.EXIT_CODE


def test_a_clean_exit_whose_leftovers_must_be_killed_is_a_timeout():
    world = started(ignores={"SIGTERM"}, timeout_stop_sec=5)
    world.ends(Exit(code=0), leaving=1)
    world.pass_time(5)
    assert (world.state, world.life.result) == (State.FAILED, Result.TIMEOUT)


def test_a_stop_that_is_ignored_ends_with_sigkill():
    world = started(ignores={"SIGTERM"}, timeout_stop_sec=5)
    world.stop()
    world.pass_time(4.9)
    assert world.outcomes == [Outcome.DONE]
    world.pass_time(0.1)
    assert world.said(5) == [KILL, "stop-sigkill", "failed"]
    assert (world.life.result, world.outcomes) == (Result.TIMEOUT, [Outcome.DONE] * 2)


def test_without_sigkill_both_rounds_ask_and_then_give_up():
    world = started(ignores={"SIGTERM"}, timeout_stop_sec=5, send_sigkill=False, restart="always")
    world.stop()
    world.pass_time(60)
    assert [(when, text) for when, text in world.log if when or text == TERM] == [
        *((0, TERM), (5, TERM), (5, "final-sigterm"), (10, "failed")),
    ]


@pytest.mark.parametrize(
    ("directives", "orders"),
    [
        ({}, [TERM]),
        ({"send_sighup": True}, ["send SIGTERM SIGCONT SIGHUP to all"]),
        ({"kill_mode": "mixed"}, ["send SIGTERM SIGCONT to main", KILL]),
        ({"kill_mode": "process"}, ["send SIGTERM SIGCONT to main"]),
        ({"kill_mode": "none"}, []),
        ({"kill_signal": "SIGINT"}, ["send SIGINT SIGCONT to all"]),
    ],
)
def test_whom_a_stop_signals(directives, orders):
    world = started(**directives)
    world.stragglers.append(world.processes[Slot.MAIN])
    world.stop()
    assert [text for text in world.said() if text.startswith("send")] == orders
    assert world.state is State.DEAD


def test_a_kill_signal_of_sigkill_makes_every_stop_a_failure():
    world = started(kill_signal="SIGKILL")
    world.stop()
    assert (world.state, world.life.result) == (State.FAILED, Result.SIGNAL)


def test_a_restart_may_have_a_signal_of_its_own():
    world = started(restart_kill_signal="SIGINT")
    world.restart()
    world.stop()
    assert [text for text in world.said() if text.startswith("send")] == ["send SIGINT SIGCONT to all", TERM]


def test_a_stop_during_start_pre_is_a_failure_and_while_awaiting_ready_is_none():
    pre, notify = started(exec_start_pre="/bin/p"), started(type="notify")
    for world in (pre, notify):
        world.stop()
    assert (pre.state, pre.life.result) == (State.FAILED, Result.SIGNAL)
    assert (notify.state, notify.life.result) == (State.DEAD, Result.SUCCESS)
    assert pre.outcomes == notify.outcomes == [Outcome.CANCELED, Outcome.DONE]


def test_exec_stop_runs_after_a_clean_end_but_not_after_a_failure():
    clean, failed = started(exec_stop="/bin/s"), started(exec_stop="/bin/s")
    clean.ends(Exit(code=0))
    failed.ends(Exit(code=1))
    assert (clean.state, failed.state) == (State.STOP, State.FAILED)


def test_a_failing_stop_command_fails_the_unit_but_not_the_request():
    world = started(exec_stop="/bin/s")
    world.stop()
    world.command_ends(1)
    assert (world.state, world.life.result, world.outcomes[-1]) == (State.FAILED, Result.EXIT_CODE, Outcome.DONE)


def test_a_stop_during_start_post_does_not_run_exec_stop():
    world = started(exec_start_post="/bin/q", exec_stop="/bin/s")
    world.stop()
    assert "spawn ExecStop" not in world.said()


def test_a_restart_does_not_hang_up():
    world = started(send_sighup=True)
    world.restart()
    assert TERM in world.said()


def test_without_sigkill_the_others_of_a_mixed_service_are_left_alone():
    world = started(kill_mode="mixed", send_sigkill=False)
    world.ends(Exit(code=0), leaving=1)
    assert (world.state, len(world.stragglers)) == (State.DEAD, 1)


@pytest.mark.parametrize("slot", ["main", "control"])
def test_an_empty_tree_means_nothing_while_its_first_process_is_not_reaped(slot):
    life = Life(State.STOP_SIGTERM, **{slot: True})
    assert step(life, Event.TREE_EMPTY, service(), Scene(0.0)) == (life, ())


HARDER = """
hangs           terminate                       abort                                    kill
main            stop-sigterm stop-sigkill       stop-sigterm stop-watchdog stop-sigkill  stop-sigterm stop-sigkill
exec_stop       stop stop-sigterm stop-sigkill  stop stop-watchdog stop-sigkill          stop stop-sigkill
exec_stop_post  final-sigterm final-sigkill     final-watchdog final-sigkill             final-sigkill
"""


def harder_cells():
    header, *rows = (re.split(r"  +", line) for line in HARDER.strip().splitlines())
    for hangs, *states in rows:
        yield from ((hangs, mode, passed) for mode, passed in zip(header[1:], states, strict=True))


@pytest.mark.parametrize(("hangs", "mode", "passed"), list(harder_cells()))
def test_ever_harder_means_for_what_does_not_end(hangs, mode, passed):
    command = {} if hangs == "main" else {hangs: "/bin/hangs"}
    world = started({"SIGTERM", "SIGABRT"}, timeout_stop_sec=1, timeout_stop_failure_mode=mode, **command)
    world.stop()
    world.pass_time(60)
    states = [text for text in world.said() if " " not in text]
    assert passed in " ".join(states)
    assert states[-1] == "failed"


def test_a_final_sigkill_that_does_not_help_is_the_end():
    stubborn = {"SIGTERM", "SIGKILL"}
    world = started(stubborn, exec_stop_post="/bin/z", timeout_stop_sec=1)
    world.stop()
    world.pass_time(60)
    assert world.said()[-2:] == ["final-sigkill", "failed"]


@pytest.mark.parametrize(
    ("mode", "orders"),
    [
        ("terminate", [TERM, "stop-sigterm"]),
        ("abort", ["send SIGABRT SIGCONT to all", "stop-watchdog"]),
        ("kill", [KILL, "stop-sigkill"]),
    ],
)
def test_a_start_that_takes_too_long(mode, orders):
    world = started(type="notify", timeout_start_sec=3, timeout_start_failure_mode=mode)
    world.pass_time(3)
    assert world.said(3) == [*orders, "failed"]
    assert (world.life.result, world.outcomes) == (Result.TIMEOUT, [Outcome.FAILED])


def test_each_start_pre_command_has_its_own_time():
    world = started(exec_start_pre=["/bin/a", "/bin/b"], timeout_start_sec=5)
    world.pass_time(4)
    world.command_ends()
    world.pass_time(4)
    world.command_ends()
    assert world.state is State.RUNNING


def test_an_extension_moves_the_deadline_only_to_later():
    world = started(type="notify", timeout_start_sec=10)
    world.says("EXTEND_TIMEOUT_USEC=2000000")
    assert world.life.timer == 10
    world.pass_time(9)
    world.says("EXTEND_TIMEOUT_USEC=5000000")
    assert world.life.timer == 14


def test_the_longest_run_counts_from_ready_and_ends_with_exec_stop():
    world = started(type="notify", runtime_max_sec=10, exec_stop="/bin/s")
    world.pass_time(4)
    world.says("READY=1")
    world.pass_time(10)
    assert world.said(14) == ["spawn ExecStop", "stop"]
    world.command_ends()
    assert world.life.result is Result.TIMEOUT


def test_a_reload_does_not_prolong_the_longest_run():
    world = started(runtime_max_sec=10, exec_reload="/bin/r")
    world.pass_time(6)
    world.reload()
    world.command_ends()
    world.pass_time(4)
    assert world.said(10)[-1] == "failed"


def test_an_abort_has_a_time_of_its_own():
    world = started({"SIGABRT"}, notify_access="main", watchdog_sec=3, timeout_abort_sec=1, timeout_stop_sec=50)
    world.pass_time(4)
    assert world.said(4) == [KILL, "stop-sigkill", "failed"]


def test_the_second_line_of_a_oneshot_that_cannot_be_spawned_stops_what_the_first_began():
    what = service(type="oneshot", exec_start=["/bin/a", "/bin/b"], exec_stop="/bin/s")
    life = Life(State.START, main=True, main_index=1)
    assert step(life, Event.REFUSED, what, Scene(0.0, refused=Slot.MAIN))[0].state is State.STOP


def test_a_forking_service_runs_as_long_as_anybody_of_it_does():
    world = started(type="forking")
    assert (world.state, world.outcomes) == (State.START, [])
    world.ends(Exit(code=0), Slot.CONTROL, leaving=1)
    assert (world.state, world.outcomes) == (State.RUNNING, [Outcome.DONE])
    world.stragglers.clear()
    world.reset_failed()
    assert world.state is State.DEAD


def test_a_list_of_commands_goes_on_though_the_service_is_being_stopped():
    world = started(exec_stop=("-/bin/stop", "/bin/stop2"), timeout_stop_sec=5)
    world.stop()
    world.pass_time(5)
    assert world.said(5)[:3] == [TERM, "stop-sigterm", "spawn ExecStop"]
    world.command_ends()
    assert world.state is State.FAILED


def test_the_last_exit_is_forgotten_when_the_next_line_of_a_oneshot_starts():
    world = started(type="oneshot", exec_start=("/bin/first", "/bin/second"))
    world.ends(Exit(code=0))
    assert world.life.exit is None


def test_a_command_that_outlives_its_time_is_waited_for_no_more():
    directives = {"timeout_start_failure_mode": "kill", "send_sigkill": False, "kill_mode": "mixed"}
    world = started(type="forking", timeout_start_sec=5, **directives)
    world.pass_time(5)
    assert world.said(5) == ["failed"]


def test_a_start_that_has_to_wait_counts_each_time_it_is_tried():
    world = started(exec_stop="/bin/stop", exec_stop_post="/bin/post", start_limit_burst=3)
    world.stop()
    world.start()
    assert (world.state, world.life.result) == (State.STOP, Result.SUCCESS)
    world.command_ends()
    assert (world.state, world.life.result) == (State.FAILED, Result.START_LIMIT_HIT)
    assert world.outcomes == [Outcome.DONE, Outcome.CANCELED, Outcome.FAILED]


def test_a_command_that_is_waited_for_no_more_is_one_of_those_left_behind():
    world = started(exec_stop="/bin/stop", send_sigkill=False, timeout_stop_sec=5, ignores={"SIGTERM"})
    world.stop()
    world.ends(Exit(code=0))
    world.pass_time(10)
    assert world.said(10) == [TERM, "final-sigterm"]


def test_who_was_told_to_stop_and_ended_unseen_has_stopped():
    world = started(**WORKER, ignores={"SIGTERM"})
    world.stop()
    world.ends(Exit(lost=True))
    assert (world.life.state, world.life.result) == (State.DEAD, Result.SUCCESS)
