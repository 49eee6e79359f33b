"""Which datagrams a manager answers, with what, and to whom."""

from ipaddress import IPv4Interface

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.manager.rules import ssdp
from farmhand.worker.rules.ssdp import manager_in, search

DEVICE = ssdp.device_id("farm-1", "Farmhand")
PLACE = ssdp.location("10.0.0.1", 8080)


def test_a_workers_question_is_one():
    assert ssdp.searches(search())


@pytest.mark.parametrize(
    ("old", "new", "asks"),
    [
        ("ST: urn:flamenco:manager:0", "st:urn:flamenco:manager:0", True),
        ("urn:flamenco:manager:0", "ssdp:all", True),
        ("urn:flamenco:manager:0", "upnp:rootdevice", False),
        ("M-SEARCH *", "NOTIFY *", False),
        ("M-SEARCH * HTTP/1.1", "", False),
        ('"ssdp:discover"', "x", False),
        ('"ssdp:discover"', "ssdp:discover", True),
        ("\r\n", "\n", True),
        ("MX: 3", "MX: " + "3" * ssdp.LARGEST, False),
        ("MX: 3", "MX: \u0663", False),
    ],
)
def test_what_is_a_question(old, new, asks):
    assert ssdp.searches(search().decode().replace(old, new).encode()) is asks


@given(st.binary(max_size=500))
def test_no_datagram_is_too_strange(datagram):
    assert not ssdp.searches(datagram)
    assert ssdp.searches(search() + datagram) in (True, False)


def test_the_answer_leads_a_worker_to_the_manager():
    answer = ssdp.answer(DEVICE, PLACE, "Farmhand")
    assert manager_in(answer) == "http://10.0.0.1:8080/"
    lines = answer.decode().split("\r\n")
    assert f"USN: {DEVICE}::urn:flamenco:manager:0" in lines
    assert "CACHE-CONTROL: max-age=3600" in lines


def test_coming_and_going_are_told():
    assert b"NTS: ssdp:alive" in ssdp.alive(DEVICE, PLACE, "Farmhand")
    assert b"NTS: ssdp:byebye" in ssdp.byebye(DEVICE)
    assert PLACE.encode() in ssdp.alive(DEVICE, PLACE, "Farmhand")


def test_a_manager_is_the_same_after_a_restart_and_no_other():
    assert ssdp.device_id("farm-1", "Farmhand") == DEVICE
    assert ssdp.device_id("farm-2", "Farmhand") != DEVICE


@pytest.mark.parametrize(
    ("asker", "may"),
    [("10.9.8.7", True), ("127.0.0.1", True), ("169.254.3.4", True), ("198.18.0.7", True), ("8.8.8.8", False)],
)
def test_who_is_far_away_gets_no_answer(asker, may):
    assert ssdp.may_ask(asker, []) is may


def test_who_is_in_the_managers_own_network_is_near():
    assert ssdp.may_ask("8.8.8.8", [IPv4Interface("8.8.8.1/24")])


OWN = [IPv4Interface("127.0.0.1/8"), IPv4Interface("10.0.0.1/24"), IPv4Interface("192.168.7.1/24")]


@pytest.mark.parametrize(
    ("asker", "addresses"),
    [
        pytest.param("10.0.0.9", ["10.0.0.1", "192.168.7.1"], id="the loopback is named on its own machine alone"),
        pytest.param("192.168.7.9", ["192.168.7.1", "10.0.0.1"], id="the network of the asker comes first"),
        pytest.param("127.0.0.1", ["127.0.0.1", "10.0.0.1", "192.168.7.1"], id="who asks from the machine itself"),
    ],
)
def test_by_which_addresses_it_is_named(asker, addresses):
    assert ssdp.named_to(asker, OWN) == addresses


def test_a_manager_on_the_loopback_is_named_to_nobody_else():
    assert ssdp.named_to("10.0.0.9", OWN[:1]) == []
