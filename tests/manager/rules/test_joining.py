from dataclasses import replace

import pytest

from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.joining import (
    FROM_ONE,
    IN_ALL,
    SILENT,
    UNHEARD,
    Enrolment,
    Full,
    Joining,
    Waiting,
    give_way,
    judge,
    let_in,
    neighbourhood,
    read_code,
    refuse_code,
    write_code,
)
from farmhand.manager.rules.workers import Situation, Worker, situation
from farmhand.worker.wire import Status

# in: at once; in+code: at once, and the code is used; waits; no: refused.
DOORS = """
           no_code  good_code  bad_code
open       in       in         in
approval   waits    in+code    waits
code       no       in+code    no
"""


def doors():
    header, *rows = (line.split() for line in DOORS.strip().splitlines())
    for way, *marks in rows:
        yield from ((Joining(way), shown, mark) for shown, mark in zip(header, marks, strict=True))


@pytest.mark.parametrize(("how", "shown", "mark"), list(doors()))
def test_who_gets_in(how, shown, mark):
    entry = judge(how, code=shown != "no_code", doubt="it has expired" if shown == "bad_code" else None)
    found = "no" if entry.refusal else "waits" if entry.waiting else "in+code" if entry.uses_code else "in"
    assert found == mark


def test_the_table_above_is_whole():
    assert {how for how, _, _ in doors()} == set(Joining)


def test_a_code_is_read_as_people_write_it():
    assert write_code("0123456789AB") == "0123-4567-89AB"
    assert read_code(" o1l3-i567 89ab\n") == "0113156789AB"


CODE = Enrolment("e", "ABCD", made_at=0, made_by="kim", expires_at=1000, uses=2, used=1)


@pytest.mark.parametrize(
    ("code", "now", "words"),
    [
        (CODE, 999, None),
        (CODE, 1000, "this enrolment code has expired"),
        (replace(CODE, used=2), 0, "this enrolment code was used already"),
        (replace(CODE, revoked_at=5), 9, "this enrolment code was revoked"),
        (None, 0, "there is no such enrolment code"),
    ],
)
def test_what_a_code_is_good_for(code, now, words):
    assert refuse_code(code, now) == words


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_an_address_counts_as_its_neighbourhood(address, counts_as):
    assert neighbourhood(address) == counts_as


def crowd(count, *, address="10.0.0.1", since=0, spoke=False):
    return [Waiting(f"{address}-{number}", address, since + number, None, spoke) for number in range(count)]


def test_while_few_wait_nobody_gives_way():
    assert give_way(crowd(FROM_ONE - 1), "10.0.0.1", UNHEARD) == []
    assert give_way(crowd(FROM_ONE), "10.0.0.2", UNHEARD) == []


def test_the_oldest_from_near_gives_way_that_never_signed_on():
    talker = Waiting("talker", "10.0.0.1", -1, None, spoke=True)
    assert give_way([talker, *crowd(FROM_ONE)], "10.0.0.1", UNHEARD) == ["10.0.0.1-0"]


def test_one_that_signed_on_gives_way_when_it_is_silent_for_long():
    there = crowd(FROM_ONE, spoke=True)
    with pytest.raises(Full):
        give_way(there, "10.0.0.1", SILENT - 1)
    assert give_way(there, "10.0.0.1", SILENT) == ["10.0.0.1-0"]


def test_a_flood_is_stopped_and_not_let_push_out_those_who_come_at_the_same_time():
    with pytest.raises(Full):
        give_way(crowd(FROM_ONE), "10.0.0.1", UNHEARD - 1)


def test_all_together_have_a_limit_too():
    everywhere = [
        Waiting(f"w{number}", f"10.1.{number // 200}.{number % 200}", 0, None, False) for number in range(IN_ALL)
    ]
    assert give_way(everywhere, "10.9.9.9", UNHEARD) == ["w0"]


GUEST = Worker("w", "node-1", Status.ASLEEP, True, resume=Status.ASLEEP, waiting=True)


@pytest.mark.parametrize(
    ("guest", "start", "wish", "place"),
    [
        (GUEST, Status.AWAKE, Status.AWAKE, Situation.ASLEEP),
        (GUEST, Status.ASLEEP, None, Situation.ASLEEP),
        (replace(GUEST, status=Status.OFFLINE), Status.AWAKE, None, Situation.OFFLINE),
        (replace(GUEST, status=Status.STARTING), Status.AWAKE, Status.AWAKE, Situation.STARTING),
    ],
)
def test_letting_in_asks_a_worker_that_is_there_to_wake_up(guest, start, wish, place):
    moved = let_in(guest, start, id="r", by="kim", now=7)
    assert not moved.worker.waiting
    assert situation(moved.worker) is place
    assert moved.worker.resume is None
    assert (moved.worker.request and moved.worker.request.wish.status) == wish
    assert moved.facts[0].kind is Kind.WORKER_ADMITTED
