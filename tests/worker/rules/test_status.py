import pytest

from farmhand.worker.rules.status import Become, Leave, NotRequestable, next_step
from farmhand.worker.wire import REQUESTABLE, Status

# What is asked of a worker whose restart code is 47, and what follows.
OUTCOMES = {
    Status.OFFLINE: Leave(0),
    Status.RESTART: Leave(47),
    Status.ASLEEP: Become(Status.ASLEEP),
    Status.AWAKE: Become(Status.AWAKE),
}


@pytest.mark.parametrize("status", OUTCOMES)
def test_next_step(status):
    assert next_step(status, restart_code=47) == OUTCOMES[status]


def test_the_table_above_is_whole():
    assert OUTCOMES.keys() == REQUESTABLE


def test_a_worker_without_a_restart_code_shuts_down_instead():
    assert next_step(Status.RESTART, restart_code=None) == Leave(0)


@pytest.mark.parametrize("status", [status for status in Status if status not in REQUESTABLE])
def test_what_cannot_be_asked_is_named(status):
    with pytest.raises(NotRequestable, match=status.value):
        next_step(status, restart_code=47)
