"""Requests as jobs: merging, waiting, and what a state makes of them."""

import pytest

from farmhand.supervisor.rules.exitstatus import Result
from farmhand.supervisor.rules.jobs import Kind, Outcome, Ready, begins_anew, judge, merge, ready, wanted
from farmhand.supervisor.rules.states import Active, State
from farmhand.units.spec import Command, Service

# What an old and a new job come to; "-": the new one replaces the old.
MERGED = """
old \\ new  start    stop  restart  reload
start      start    -     restart  start
stop       -        stop  -        -
restart    restart  -     restart  restart
reload     reload   -     restart  reload
"""


def cells(table):
    header, *rows = (line.split() for line in table.strip().splitlines())
    for name, *values in rows:
        yield from ((name, column, value) for column, value in zip(header[-len(values) :], values, strict=True))


@pytest.mark.parametrize(("old", "new", "merged"), list(cells(MERGED)))
def test_merge(old, new, merged):
    assert merge(Kind(old), Kind(new)) is (None if merged == "-" else Kind(merged))


def test_only_a_job_that_asks_for_more_begins_again():
    again = {(old.value, new.value) for old in Kind for new in Kind if merge(old, new) and begins_anew(old, new)}
    assert again == {("start", "restart"), ("reload", "restart"), ("reload", "reload")}


# What a job finds in each state.
READY = """
state           start      stop     restart  reload
dead            begin      already  already  refuse
failed          begin      already  already  refuse
condition       under_way  begin    begin    wait
start-pre       under_way  begin    begin    wait
start           under_way  begin    begin    wait
start-post      under_way  begin    begin    wait
running         already    begin    begin    begin
exited          already    begin    begin    begin
reload          already    begin    begin    wait
stop            wait       begin    begin    refuse
stop-watchdog   wait       begin    begin    refuse
stop-sigterm    wait       begin    begin    refuse
stop-sigkill    wait       begin    begin    refuse
stop-post       wait       begin    begin    refuse
final-watchdog  wait       begin    begin    refuse
final-sigterm   wait       begin    begin    refuse
final-sigkill   wait       begin    begin    refuse
auto-restart    wait       begin    begin    refuse
"""


@pytest.mark.parametrize(("state", "kind", "answer"), list(cells(READY)))
def test_ready(state, kind, answer):
    assert ready(Kind(kind), Service("a"), State(state)) is Ready[answer.upper()]


def test_the_table_of_states_is_whole():
    assert {state for state, _, _ in cells(READY)} == {state.value for state in State}


# What a new state makes of a job that was begun; "-": it goes on.
JUDGED = """
state         start   stop    restart  reload
active        done    failed  failed   done
reloading     done    failed  failed   -
activating    -       failed  failed   -
deactivating  -       -       -        -
inactive      done    done    done     done
failed        failed  done    done     failed
"""


@pytest.mark.parametrize(("active", "kind", "outcome"), list(cells(JUDGED)))
def test_judge(active, kind, outcome):
    judged = judge(Kind(kind), begun=True, active=Active(active), reload_result=Result.SUCCESS)
    assert judged is (None if outcome == "-" else Outcome(outcome))


def test_a_job_that_waits_is_settled_only_by_what_it_wants():
    assert judge(Kind.START, begun=False, active=Active.FAILED, reload_result=Result.SUCCESS) is None
    assert judge(Kind.START, begun=False, active=Active.ACTIVE, reload_result=Result.SUCCESS) is Outcome.DONE


def test_a_reload_that_failed_is_a_failed_job():
    assert judge(Kind.RELOAD, begun=True, active=Active.ACTIVE, reload_result=Result.EXIT_CODE) is Outcome.FAILED


RELOADS = Service("a", exec_reload=(Command(("/bin/r",)),))


@pytest.mark.parametrize(
    ("verb", "service", "state", "kind"),
    [
        ("start", RELOADS, State.RUNNING, Kind.START),
        ("try-restart", RELOADS, State.RUNNING, Kind.RESTART),
        ("try-restart", RELOADS, State.AUTO_RESTART, Kind.RESTART),
        ("try-restart", RELOADS, State.DEAD, None),
        ("reload-or-restart", RELOADS, State.RUNNING, Kind.RELOAD),
        ("reload-or-restart", RELOADS, State.DEAD, Kind.START),
        ("reload-or-restart", Service("a"), State.RUNNING, Kind.RESTART),
    ],
)
def test_wanted(verb, service, state, kind):
    assert wanted(verb, service, state) is kind
