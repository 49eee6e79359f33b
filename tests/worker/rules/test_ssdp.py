"""What a worker asks its network, and which answers it takes for a manager's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.worker.rules.ssdp import LARGEST, manager_in, search

# As a Flamenco Manager answers.
ANSWER = (
    "HTTP/1.1 200 OK\r\n"
    "CACHE-CONTROL: max-age=3600\r\n"
    "EXT: \r\n"
    "LOCATION: http://10.0.0.1:8080/upnp/description.xml\r\n"
    "SERVER: Flamenco\r\n"
    "ST: urn:flamenco:manager:0\r\n"
    "USN: uuid:aa80bc5f-d0af-46b8-8630-23bd7e80ec4d::urn:flamenco:manager:0\r\n"
    "\r\n"
)


def test_the_question_is_as_flamencos_worker_asks_it():
    assert search() == (
        b"M-SEARCH * HTTP/1.1\r\n"
        b"HOST: 239.255.255.250:1900\r\n"
        b'MAN: "ssdp:discover"\r\n'
        b"MX: 3\r\n"
        b"ST: urn:flamenco:manager:0\r\n"
        b"\r\n"
    )


def test_a_managers_answer_names_it():
    assert manager_in(ANSWER.encode()) == "http://10.0.0.1:8080/"


@pytest.mark.parametrize(
    ("location", "manager"),
    [
        ("http://farm.example.org:8080/x/y?z#w", "http://farm.example.org:8080/"),
        ("https://farm/", "https://farm/"),
        ("http://[fe80::1]:8080/", "http://[fe80::1]:8080/"),
        ("HTTP://10.0.0.1/", "http://10.0.0.1/"),
    ],
)
def test_only_scheme_and_host_matter(location, manager):
    said = ANSWER.replace("http://10.0.0.1:8080/upnp/description.xml", location)
    assert manager_in(said.encode()) == manager


@pytest.mark.parametrize(
    "datagram",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(search(), id="somebody else's question"),
        pytest.param(ANSWER.replace("200 OK", "404 Not Found").encode(), id="no"),
        pytest.param(ANSWER.replace("flamenco", "schemas-upnp-org").encode(), id="a television"),
        pytest.param(ANSWER.replace("LOCATION", "X").encode(), id="nowhere"),
        pytest.param(ANSWER.replace("http://", "file://").encode(), id="no web address"),
        pytest.param(ANSWER.replace("http://", "http://user:word@").encode(), id="somebody's password"),
        pytest.param(ANSWER.replace(":8080", ":99999").encode(), id="no port"),
        pytest.param(ANSWER.replace(":8080", ":0").encode(), id="port 0"),
        pytest.param(ANSWER.replace("10.0.0.1:8080", "").encode(), id="no host"),
        pytest.param(ANSWER.replace("10.0.0.1", "10.0.0.1 x").encode(), id="a space"),
        pytest.param(ANSWER.replace("10.0.0.1", "[10.0.0.1").encode(), id="half a bracket"),
        pytest.param(ANSWER.replace("10.0.0.1", "\x1b[2J").encode(), id="an escape"),
        pytest.param(ANSWER.replace("10.0.0.1", "fa\u0308rm").encode(), id="no ASCII"),
        pytest.param(ANSWER.replace("Flamenco", "x" * LARGEST).encode(), id="too long"),
    ],
)
def test_what_is_no_managers_answer(datagram):
    assert manager_in(datagram) is None


@given(st.binary(max_size=500))
def test_no_datagram_is_too_strange(datagram):
    assert manager_in(datagram) is None
    found = manager_in(ANSWER.encode().replace(b"10.0.0.1:8080", datagram))
    assert found is None or found.startswith("http://")
