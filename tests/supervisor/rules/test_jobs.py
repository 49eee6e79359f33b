"""Requests as jobs: merging, waiting, and what a state makes of them."""

import pytest

from farmhand.supervisor.rules.exitstatus import Result
from farmhand.supervisor.rules.jobs import Kind, Outcome, Ready, begins_anew, judge, merge, ready, redundant, wanted
from farmhand.supervisor.rules.states import Active, State
from farmhand.units.spec import Command, Service

# What an old and a new job come to; "-": they exclude each other. "s/r": a start while it is down, else a reload.
MERGED = """
old \\ new      start    stop  restart  reload  verify-active
start          start    -     restart  s/r     start
stop           -        stop  -        -       -
restart        restart  -     restart  restart restart
reload         s/r      -     restart  reload  reload
verify-active  start    -     restart  reload  verify-active
"""


def cells(table):
    header, *rows = (line.split() for line in table.strip().splitlines())
    for name, *values in rows:
        yield from ((name, column, value) for column, value in zip(header[-len(values) :], values, strict=True))


@pytest.mark.parametrize(("old", "new", "merged"), list(cells(MERGED)))
@pytest.mark.parametrize("active", Active)
def test_merge(old, new, merged, active):
    down = active not in (Active.ACTIVE, Active.RELOADING)
    wanted = ("start" if down else "reload") if merged == "s/r" else merged
    assert merge(Kind(old), Kind(new), active) is (None if wanted == "-" else Kind(wanted))


def test_only_a_job_that_asks_for_more_begins_again():
    pairs = [(old, new) for old in Kind for new in Kind if merge(old, new, Active.ACTIVE)]
    again = {(old.value, new.value) for old, new in pairs if begins_anew(old, new)}
    more = {("start", "restart"), ("reload", "restart"), ("reload", "start")}
    after_verify = {("verify-active", "start"), ("verify-active", "restart")}
    assert again == more | after_verify | {(old.value, "reload") for old, _ in pairs if old is not Kind.STOP}


# What a job that would change nothing finds.
REDUNDANT = """
active        start  stop  restart  reload  verify-active
active        yes    no    no       no      yes
reloading     yes    no    no       yes     yes
activating    no     no    no       no      no
deactivating  no     no    no       no      no
inactive      no     yes   no       no      no
failed        no     yes   no       no      no
"""


@pytest.mark.parametrize(("active", "kind", "answer"), list(cells(REDUNDANT)))
def test_redundant(active, kind, answer):
    assert redundant(Kind(kind), Active(active)) is (answer == "yes")


# What a job finds in each state.
READY = """
state           start      stop     restart  reload   verify-active
dead            begin      already  already  refuse  skip
failed          begin      already  already  refuse  skip
condition       under_way  begin    begin    wait  wait
start-pre       under_way  begin    begin    wait  wait
start           under_way  begin    begin    wait  wait
start-post      under_way  begin    begin    wait  wait
running         already    begin    begin    begin  already
exited          already    begin    begin    begin  already
reload-signal   already    begin    begin    wait      already
reload-notify   already    begin    begin    wait      already
reload          already    begin    begin    wait  already
stop            nudge      begin    begin    refuse  skip
stop-watchdog   nudge      begin    begin    refuse  skip
stop-sigterm    nudge      begin    begin    refuse  skip
stop-sigkill    nudge      begin    begin    refuse  skip
stop-post       nudge      begin    begin    refuse  skip
final-watchdog  nudge      begin    begin    refuse  skip
final-sigterm   nudge      begin    begin    refuse  skip
final-sigkill   nudge      begin    begin    refuse  skip
auto-restart    nudge      begin    begin    refuse  wait
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
        ("reload-or-restart", RELOADS, State.AUTO_RESTART, Kind.START),
        ("reload-or-restart", Service("a"), State.RUNNING, Kind.RESTART),
        ("reload-or-restart", Service("a"), State.STOP_POST, Kind.RESTART),
        ("try-reload-or-restart", RELOADS, State.RUNNING, Kind.RELOAD),
        ("try-reload-or-restart", RELOADS, State.AUTO_RESTART, None),
        ("try-reload-or-restart", Service("a"), State.AUTO_RESTART, Kind.RESTART),
        ("try-reload-or-restart", Service("a"), State.STOP_POST, None),
    ],
)
def test_wanted(verb, service, state, kind):
    assert wanted(verb, service, state) is kind
