"""The equivalence report: each event's answer, and what differs where a manager cannot do what is asked."""

from dataclasses import replace

import pytest

from farmhand.units.commands.compare import lines
from farmhand.units.compare import EVENTS, answers, compare
from farmhand.units.definition import made
from farmhand.units.dialect import Target
from farmhand.units.dialects.table import DIALECTS
from farmhand.units.spec import INFINITY, Command, Service, StatusSet

WORKER = Service(
    "w",
    exec_start=(Command(("/bin/w",)),),
    restart="on-failure",
    restart_sec=3.0,
    restart_force_exit_status=StatusSet(frozenset({47})),
    restart_prevent_exit_status=StatusSet(frozenset({78})),
    timeout_stop_sec=30.0,
)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("exit 0", "down"),
        ("exit 1", "again, 3s"),
        ("exit 47", "again, 3s"),
        ("exit 78", "failed"),
        ("SIGTERM", "down"),
        ("SIGKILL", "again, 3s"),
        ("hang at start", "-"),
        ("hang at stop", "failed, 30s"),
        ("six crashes", "again, 18s"),
        ("requested stop", "down"),
    ],
)
def test_the_policy_says_what_happens(event: str, words: str) -> None:
    assert answers(WORKER)[event].words == words


def test_a_service_that_no_limit_ends_hangs_for_ever() -> None:
    endless = replace(WORKER, timeout_stop_sec=INFINITY)
    assert answers(endless)["hang at stop"].words == "stays up"


def test_crashes_run_into_the_start_limit() -> None:
    limited = replace(WORKER, restart_sec=0.1)
    assert answers(limited)["six crashes"].words.startswith("failed")
    assert answers(limited)["six crashes"].starts == 5


def test_what_a_manager_cannot_do_is_another_answer() -> None:
    always = replace(DIALECTS["systemd"], means=lambda service, target: replace(service, restart="always"))
    (column,) = compare(made(WORKER), [always], Target(), "native").columns
    policy = answers(WORKER)
    assert [name for name in EVENTS if not column.answers[name].same(policy[name])] == ["exit 0", "SIGTERM"]


def test_a_manager_with_farmhand_under_it_does_what_the_policy_says() -> None:
    always = replace(DIALECTS["systemd"], means=lambda service, target: replace(service, restart="always"))
    (column,) = compare(made(WORKER), [always], Target()).columns
    assert (column.way, column.answers) == ("supervised", answers(WORKER))


def test_the_report_keeps_to_the_width_that_there_is() -> None:
    told = list(lines(compare(made(WORKER), DIALECTS.values(), Target()), 80))
    table = told[1 : next(at for at, line in enumerate(told) if line.startswith("+ with Farmhand"))]
    assert max(map(len, table)) <= 80
    assert sum(line.split()[0] == "policy" for line in table if line) > 1
    assert all(any(name in line for line in table) for name in DIALECTS)
