"""What counts as a crash loop: restarts that nobody asked for, within a time."""

import pytest

from farmhand.manager.rules.crashloop import Limit, Past, looping
from farmhand.manager.rules.facts import Fact, Kind

LIMIT = Limit(restarts=3, within=600_000)
ON, DONE, TICKET, LOOPS = Kind.WORKER_SIGNED_ON, Kind.REQUEST_DONE, Kind.TICKET_MADE, Kind.WORKER_LOOPS


def past(text):
    """Read a worker's life, an event each minute: on, first, restarted, shut-down, ticket, told."""
    words = {
        "first": [(ON, {"incarnation": 1})],
        "on": [(ON, {"incarnation": 2})],
        "restarted": [(ON, {"incarnation": 2}), (DONE, {"status": "restart"})],
        "shut-down": [(DONE, {"status": "offline"})],
        "asleep": [(DONE, {"status": "asleep"})],
        "ticket": [(TICKET, {"verb": "start"})],
        "told": [(LOOPS, {})],
        "-": [],
    }
    return [Past(minute * 60_000, *event) for minute, word in enumerate(text.split()) for event in words[word]]


@pytest.mark.parametrize(
    ("life", "loops"),
    [
        pytest.param("on on on", True, id="three restarts within the time"),
        pytest.param("first on on", False, id="the first start is no restart"),
        pytest.param("restarted restarted restarted on on", False, id="somebody asked for a restart"),
        pytest.param("on on shut-down on", False, id="somebody shut it down and started it"),
        pytest.param("on on ticket on", False, id="its agent was asked to start it"),
        pytest.param("shut-down on on on on", True, id="what was asked for explains one restart"),
        pytest.param("asleep on on on", True, id="another request explains none"),
        pytest.param("on - - - - - - - - - - on on", False, id="too slow"),
        pytest.param("on on on told on", False, id="it was told a moment ago"),
        pytest.param("told - - - - - - - - - - on on on", True, id="it goes on"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_a_crash_loop_is_restarts_that_nobody_asked_for(life, loops):
    events = past(life)
    found = looping(events, len(life.split()) * 60_000, LIMIT)
    assert (found is not None) is loops


def test_it_says_how_many_within_which_time():
    assert looping(past("on on on on"), 240_000, LIMIT) == Fact(LOOPS, {"restarts": 4, "within": 600_000})
