"""What an agent does on a ticket's word, and what it does not."""

from dataclasses import replace

import pytest

from farmhand.supervisor.rules.warrants import Post, allows, is_name, refuse, remembered
from farmhand.units.tickets import Claims

CLAIMS = Claims("t1", "me", "worker@1", "start", "fresh", 1_000, 61_000)
POST = Post("me", ("worker@*", "other"), frozenset({"worker@1", "worker@2", "manager"}))


def refusal(waited: int = 0, **changes: object) -> str | None:
    return refuse(replace(CLAIMS, **changes), POST, challenge="fresh", waited=waited)


def test_a_ticket_in_order_is_obeyed() -> None:
    assert refusal() is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"agent": "another"}, "it is for another agent"),
        ({"challenge": "stale"}, "it is no answer to what was asked just now"),
        ({"verb": "stop"}, "'stop' is nothing that an agent does"),
        ({"verb": "start --force"}, "nothing that an agent does"),
        ({"service": "manager"}, "not among the services that this agent may touch"),
        ({"service": "worker@3"}, "there is no service worker@3 on this node"),
        ({"service": "worker@1 --root=/"}, "not among the services"),
        ({"service": "--force"}, "not among the services"),
        ({"service": "../../etc/worker@1"}, "not among the services"),
        ({"service": "worker@/../x"}, "not among the services"),
        ({"service": "worker@1\nworker@2"}, "not among the services"),
        ({"service": "worker@*"}, "not among the services"),
        ({"service": ""}, "not among the services"),
        ({"service": "worker@" + "1" * 300}, "not among the services"),
        ({"expires": 1_000}, "it has expired"),
        ({"now": 70_000}, "it has expired"),
    ],
)
def test_what_is_not_in_order_is_refused(changes: dict[str, object], why: str) -> None:
    assert why in (refusal(**changes) or "obeyed")


def test_a_ticket_grows_old_while_it_waits_here() -> None:
    assert refusal(59_999) is None
    assert refusal(60_000) == "it has expired"


def test_no_clock_of_this_machine_has_a_say() -> None:
    years = 10**12
    assert refusal(59_999, now=years, expires=years + 60_000) is None


@pytest.mark.parametrize("name", ["worker@1", "farmhand-worker", "a.b:c_d", r"worker@srv\x2dfarm", "worker@"])
def test_names_of_services(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["-x", ".hidden", "a/b", "a b", "a*", "a;b", "a$b", "a\0", "é", "@1", "a@b@c", ""])
def test_what_is_no_name(name: str) -> None:
    assert not is_name(name)
    assert not allows(("*",), name)


def test_spent_tickets_are_remembered_for_longer_than_they_could_be_used() -> None:
    hour = 3_600_000
    assert remembered({"old": 0, "new": hour}, hour) == {"new": hour}
    assert remembered({"old": 0}, hour - 1) == {"old": 0}
