"""The restart decision against the table of the manual, and its precedence."""

import pytest

from farmhand.supervisor.rules.exitstatus import Exit, Result, classify
from farmhand.supervisor.rules.restart import RESTARTS_ON, decide
from farmhand.units.spec import Service, StatusSet

# Rows and columns as printed in systemd.service(5), then the results that it does not print; "x" restarts.
MAN_PAGE = """
                 no  always  on-success  on-failure  on-abnormal  on-abort  on-watchdog
success          -   x       x           -           -            -         -
exit-code        -   x       -           x           -            -         -
signal           -   x       -           x           x            x         -
core-dump        -   x       -           x           x            x         -
timeout          -   x       -           x           x            -         -
watchdog         -   x       -           x           x            -         x
protocol         -   x       -           x           x            -         -
resources        -   x       -           x           x            -         -
oom-kill         -   x       -           x           x            -         -
start-limit-hit  -   x       -           x           x            -         -
exec-condition   -   -       -           -           -            -         -
"""


def man_page_cells():
    header, *rows = (line.split() for line in MAN_PAGE.strip().splitlines())
    for result, *marks in rows:
        yield from ((policy, result, mark == "x") for policy, mark in zip(header, marks, strict=True))


@pytest.mark.parametrize(("policy", "result", "restarts"), list(man_page_cells()))
def test_policy_agrees_with_the_man_page(policy, result, restarts):
    assert (Result(result) in RESTARTS_ON[policy]) is restarts


def test_the_man_page_table_above_is_whole():
    cells = {(policy, result) for policy, result, _ in man_page_cells()}
    assert cells == {(policy, result.value) for policy in RESTARTS_ON for result in Result}


WORKER = Service(
    "worker",
    restart="on-failure",
    restart_prevent_exit_status=StatusSet(frozenset({2, 48})),
    restart_force_exit_status=StatusSet(frozenset({0, 47, 48}), frozenset({"SIGUSR1"})),
    success_exit_status=StatusSet(frozenset({47})),
)


@pytest.mark.parametrize(
    ("exit", "stop_requested", "restarts", "directive"),
    [
        pytest.param(Exit(code=47), False, True, "RestartForceExitStatus", id="the worker's restart code"),
        pytest.param(Exit(code=47), True, False, "", id="a stop beats the restart code"),
        pytest.param(Exit(code=2), False, False, "RestartPreventExitStatus", id="prevented although a failure"),
        pytest.param(Exit(code=48), False, False, "RestartPreventExitStatus", id="prevent beats force"),
        pytest.param(Exit(signal="SIGUSR1"), False, True, "RestartForceExitStatus", id="forced by signal"),
        pytest.param(Exit(code=0), False, True, "RestartForceExitStatus", id="forced although clean"),
        pytest.param(Exit(code=1), False, True, "Restart", id="a failure by the policy"),
        pytest.param(Exit(signal="SIGTERM"), False, False, "Restart", id="asked to go, and went"),
    ],
)
def test_decide(exit, stop_requested, restarts, directive):
    result = classify(exit, WORKER.success_exit_status)
    verdict = decide(WORKER, exit, result, stop_requested=stop_requested)
    assert (verdict.restart, verdict.directive) == (restarts, directive), verdict.reason


def test_a_start_that_never_came_to_the_main_process_is_judged_by_its_result():
    assert decide(WORKER, None, Result.RESOURCES).restart
    assert not decide(WORKER, None, Result.EXEC_CONDITION).restart


def test_the_reason_names_the_exit_and_the_directive():
    verdict = decide(WORKER, Exit(code=47), Result.SUCCESS)
    assert verdict.reason == "exit code 47 is in RestartForceExitStatus="
