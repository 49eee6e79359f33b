"""What is posted, and what is not: to a real server, and to none."""

import socket
import threading

import pytest
from receiver import receiving

from farmhand.manager import post as posting
from farmhand.manager.post import Unsent, post

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


def test_a_document_arrives_with_its_headers(receiver):
    url = f"{receiver.url}/hooks/farmhand?x=1"
    assert post(url, b"{}", {"webhook-id": "msg_1"}, LOOPBACK) == 204
    [got] = receiver.got
    assert (got.path, got.body, got.headers["webhook-id"]) == ("/hooks/farmhand?x=1", b"{}", "msg_1")
    assert got.headers["content-type"] == "application/json"
    assert got.headers["host"] == receiver.url.removeprefix("http://")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])
def test_this_machine_is_not_reached_unless_it_is_allowed(receiver, host):
    port = receiver.url.rpartition(":")[2]
    with pytest.raises(Unsent, match="it is not sent to"):
        post(f"http://{host}:{port}/", b"{}", {})
    assert receiver.got == []


def test_one_address_that_is_not_allowed_is_enough(receiver):
    port = receiver.url.rpartition(":")[2]
    with pytest.raises(Unsent, match=r"10\.0\.0\.1 is no public address"):
        post(f"http://hooks.example.org:{port}/", b"{}", {}, LOOPBACK, lambda host, port: ["127.0.0.1", "10.0.0.1"])
    assert receiver.got == []


def test_a_name_is_looked_up_once_so_that_nobody_can_answer_otherwise_later(receiver):
    port = receiver.url.rpartition(":")[2]
    asked = []

    def resolve(host, port):
        asked.append(host)
        return ["127.0.0.1"]

    assert post(f"http://hooks.example.invalid:{port}/", b"{}", {}, LOOPBACK, resolve) == 204
    assert asked == ["hooks.example.invalid"]
    assert receiver.got[0].headers["host"] == f"hooks.example.invalid:{port}"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nothing_is_followed(receiver, status):
    receiver.answers, receiver.headers = [status], {"Location": f"{receiver.url}/elsewhere"}
    with pytest.raises(Unsent, match=f"it answered {status}"):
        post(receiver.url, b"{}", {}, LOOPBACK)
    assert [got.path for got in receiver.got] == ["/"]


@pytest.mark.parametrize(("status", "gone"), [(500, False), (404, False), (410, True)])
def test_what_is_not_taken_says_whether_it_ever_will_be(receiver, status, gone):
    receiver.answers = [status]
    with pytest.raises(Unsent) as failed:
        post(receiver.url, b"{}", {}, LOOPBACK)
    assert failed.value.gone is gone


def answering(content, *, then=b""):
    """Listen for one connection, answer it, and repeat `then` for as long as somebody listens."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener, listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(content)
            end = threading.Event()
            while then and not end.wait(0.05):
                try:
                    connection.sendall(then)
                except OSError:
                    return

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_an_answer_that_never_ends_is_cut_off(monkeypatch):
    monkeypatch.setattr(posting, "ALL", 0.3)
    url = answering(b"HTTP/1.1 ", then=b"2")
    with pytest.raises(Unsent):
        post(url, b"{}", {}, LOOPBACK)


@pytest.mark.parametrize("content", [b"220 mail.example.org ESMTP\r\n", b"", b"HTTP/1.1 " + b"9" * 100_000])
def test_what_is_no_http_is_said_in_words_of_ours(content):
    with pytest.raises(Unsent, match=r"its answer is no HTTP|the connection failed"):
        post(answering(content), b"{}", {}, LOOPBACK)


def test_a_name_that_is_not_known_is_said():
    with pytest.raises(Unsent, match="its name is not known"):
        post("http://hooks.example.invalid/", b"{}", {})


def test_nobody_at_the_port_is_said():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unsent, match="the connection failed: Connection refused"):
        post(f"http://127.0.0.1:{port}/", b"{}", {}, LOOPBACK)
