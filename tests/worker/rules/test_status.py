import pytest

from farmhand.worker.rules.status import Become, CarryOn, Leave, NotRequestable, next_step
from farmhand.worker.wire import REQUESTABLE, Request, Status

# What is asked, how, of a worker that is busy or not: what follows. 47 is its restart code.
OUTCOMES = """
offline  now   idle  leave 0
offline  now   busy  leave 0 abandon
offline  lazy  idle  leave 0
offline  lazy  busy  carry-on
restart  now   idle  leave 47
restart  now   busy  leave 47 abandon
restart  lazy  idle  leave 47
restart  lazy  busy  carry-on
asleep   now   idle  become asleep
asleep   now   busy  become asleep abandon
asleep   lazy  idle  become asleep
asleep   lazy  busy  carry-on
awake    now   idle  become awake
awake    now   busy  become awake
awake    lazy  idle  become awake
awake    lazy  busy  carry-on
"""

ROWS = [line.split(maxsplit=3) for line in OUTCOMES.strip().splitlines()]


def words(step):
    match step:
        case CarryOn():
            return "carry-on"
        case Leave(code, abandon):
            return f"leave {code}" + " abandon" * abandon
        case Become(status, abandon):
            return f"become {status.value}" + " abandon" * abandon


@pytest.mark.parametrize(("status", "flavour", "state", "outcome"), ROWS)
def test_next_step(status, flavour, state, outcome):
    step = next_step(Request(Status(status), lazy=flavour == "lazy"), busy=state == "busy", restart_code=47)
    assert words(step) == outcome


def test_the_table_above_is_whole():
    assert {tuple(row[:3]) for row in ROWS} == {
        (status.value, flavour, state)
        for status in REQUESTABLE
        for flavour in ("now", "lazy")
        for state in ("idle", "busy")
    }


def test_without_a_request_it_carries_on():
    assert next_step(None, busy=False, restart_code=47) == CarryOn()


def test_a_worker_without_a_restart_code_shuts_down_instead():
    assert next_step(Request(Status.RESTART), busy=False, restart_code=None) == Leave(0, abandon_task=False)


@pytest.mark.parametrize("status", [status for status in Status if status not in REQUESTABLE])
def test_what_cannot_be_asked_is_named(status):
    with pytest.raises(NotRequestable, match=status.value):
        next_step(Request(status), busy=False, restart_code=47)
