"""The control socket: requests in, replies out, and a loop that nobody can hold up."""

import json
import os
import select
import socket
import subprocess
import sys
import threading
import time

import pytest
from polling import until

from farmhand.supervisor.control.protocol import (
    MOST_BYTES,
    BadRequest,
    NoSupervisor,
    Reply,
    Request,
    ask,
    decode_request,
    default_path,
    encode,
)
from farmhand.supervisor.control.server import ControlServer
from farmhand.supervisor.platforms import MOST_CLIENTS, CannotListen, native
from farmhand.supervisor.platforms.door import take


class Served:
    """A channel with a server, and what the supervisor's loop does with it: wait for descriptors, then serve."""

    def __init__(self, path, handle):
        self.channel = native().channel(path, native().take(path), MOST_BYTES)
        self.path = self.channel.path
        self.watched = {}
        server = ControlServer(self.channel, handle)
        self.channel.attach(self.watched.__setitem__, self.watched.pop, server.hear)

    def serve(self, timeout=0.0, others=()):
        for descriptor in select.select([*self.watched, *others], [], [], timeout)[0]:
            self.watched.get(descriptor, lambda: None)()

    def close(self):
        self.channel.close()


class Loop:
    """The supervisor's loop in a thread."""

    def __init__(self, path, handle):
        self.server = Served(path, handle)
        self.ended = threading.Event()
        self.wake, self.waker = os.pipe()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ended.is_set():
            self.server.serve(None, [self.wake])

    def close(self):
        self.ended.set()
        os.write(self.waker, b"x")
        self.thread.join()
        self.server.close()


@pytest.fixture
def serve(tmp_path):
    loops = []

    def start(handle):
        loops.append(Loop(tmp_path / "control.sock", handle))
        return loops[-1].server.path

    yield start
    for loop in loops:
        loop.close()


def echo(request, answer):
    answer(Reply(7, (request.verb, *request.names), dict(request.options)))


def test_a_request_is_answered(serve):
    path = serve(echo)
    reply = ask(path, Request("kill", ("a", "b"), {"signal": "SIGHUP"}))
    assert reply == Reply(7, ("kill", "a", "b"), {"signal": "SIGHUP"})


def test_a_defect_is_answered_and_ends_nothing(serve, capfd):
    def handle(request, answer):
        if request.verb == "show":
            raise KeyError("nobody")
        echo(request, answer)

    path = serve(handle)
    assert ask(path, Request("show")) == Reply(1, ("show: a defect of farmhand: KeyError('nobody')",))
    assert "KeyError: 'nobody'" in capfd.readouterr().err
    assert ask(path, Request("ping")).exit_code == 7


def test_an_answer_may_come_later_and_others_are_served_meanwhile(serve):
    waiting = []

    def handle(request, answer):
        if request.verb == "start":
            waiting.append(answer)
        else:
            answer(Reply())
            waiting.pop()(Reply(0, ("started",)))

    path = serve(handle)
    replies = []
    patient = threading.Thread(target=lambda: replies.append(ask(path, Request("start"))))
    patient.start()
    until(lambda: waiting, "the first request")
    assert not replies
    ask(path, Request("ping"))
    patient.join(10)
    assert replies == [Reply(0, ("started",))]


def connect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(str(path))
    return connection


def test_a_slow_reader_holds_nobody_up(serve):
    big = Reply(0, ("x" * 5_000_000,))
    path = serve(lambda request, answer: answer(big if request.verb == "show" else Reply()))
    slow = connect(path)
    slow.sendall(encode(Request("show")))
    start = time.monotonic()
    assert ask(path, Request("ping")) == Reply()
    assert time.monotonic() - start < 5
    assert json.loads(slow.makefile("rb").readline())["lines"] == list(big.lines)


def test_a_slow_writer_holds_nobody_up(serve):
    path = serve(echo)
    slow = connect(path)
    line = encode(Request("status", ("a",)))
    for byte in line[:-1]:
        slow.send(bytes([byte]))
    assert ask(path, Request("ping")).lines == ("ping",)
    slow.send(line[-1:])
    assert json.loads(slow.makefile("rb").readline())["lines"] == ["status", "a"]


def test_who_leaves_before_the_answer_is_forgotten(serve):
    waiting = []

    def handle(request, answer):
        if request.verb == "start":
            waiting.append(answer)
        else:
            waiting.pop()(Reply(0, ("x" * 1_000_000,)))
            answer(Reply())

    path = serve(handle)
    gone = connect(path)
    gone.sendall(encode(Request("start")))
    until(lambda: waiting, "the request")
    gone.close()
    assert ask(path, Request("ping")) == Reply()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"hello", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", 'no "verb"'),
        (b'{"verb": 3}', 'no "verb"'),
        (b'{"verb": "start", "names": "a"}', "names"),
        (b'{"verb": "start", "names": [1]}', "names"),
        (b'{"verb": "start", "options": []}', "options"),
        (b'{"verb": "show", "options": {"property": 5}}', "options: property"),
        (b'{"verb": "show", "options": {"property": [[]]}}', "options: property"),
        pytest.param(b"[" * 500_000, "not JSON", id="nested without end"),
    ],
)
def test_what_is_no_request_is_refused_with_a_reason(serve, line, words):
    with pytest.raises(BadRequest, match=words):
        decode_request(line)
    connection = connect(serve(echo))
    connection.sendall(line + b"\n")
    reply = json.loads(connection.makefile("rb").readline())
    assert reply["exit_code"] == 2
    assert words in reply["lines"][0]


def test_a_request_without_end_is_cut_off(serve):
    connection = connect(serve(echo))
    with pytest.raises(ConnectionError):
        connection.sendall(b"x" * 10_000_000)


def those_who_start_wait():
    """Return the answers that are still owed, and what answers all requests but those to start."""
    waiting = []

    def handle(request, answer):
        if request.verb == "start":
            waiting.append(answer)
        else:
            answer(Reply())

    return waiting, handle


def test_a_crowd_waits_at_the_door(serve):
    waiting, handle = those_who_start_wait()
    path = serve(handle)
    crowd = [connect(path) for _ in range(MOST_CLIENTS)]
    for one in crowd:
        one.sendall(encode(Request("start")))
    until(lambda: len(waiting) == MOST_CLIENTS, "the crowd")
    with pytest.raises(NoSupervisor, match="timed out"):
        ask(path, Request("ping"), timeout=0.2)
    waiting.pop()(Reply())
    assert ask(path, Request("ping"), timeout=10) == Reply()
    for one in crowd:
        one.close()


def test_those_who_hang_up_while_they_wait_leave_their_place_to_others(serve):
    waiting, handle = those_who_start_wait()
    path = serve(handle)
    patient = connect(path)
    patient.sendall(encode(Request("start")))
    patient.shutdown(socket.SHUT_WR)  # it still listens
    until(lambda: len(waiting) == 1, "the patient one")
    for gone in range(3 * MOST_CLIENTS):
        with connect(path) as one:
            one.sendall(encode(Request("start")))
        until(lambda: len(waiting) == gone + 2, "the next one to be heard")  # noqa: B023
    assert ask(path, Request("ping"), timeout=10) == Reply()
    assert select.select([patient], [], [], 0) == ([], [], [])
    patient.close()


def test_a_link_in_the_place_of_the_lock_is_refused(tmp_path):
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "control.sock.lock").symlink_to("precious")
    with pytest.raises(CannotListen):
        take(tmp_path / "control.sock")
    assert (tmp_path / "precious").read_text() == "kept"


def test_a_second_supervisor_is_refused(serve):
    path = serve(echo)
    with pytest.raises(CannotListen, match=f"another supervisor, process {os.getpid()}, has this socket"):
        take(path)
    assert ask(path, Request("ping")).exit_code == 7


def test_the_socket_of_a_killed_supervisor_is_taken_over(tmp_path, serve):
    path = tmp_path / "control.sock"
    script = (
        "import sys, time; from pathlib import Path\n"
        "from farmhand.supervisor.platforms import native\n"
        "path = Path(sys.argv[1]); channel = native().channel(path, native().take(path), 1000)\n"
        "print('up', flush=True); time.sleep(1000)"
    )
    killed = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE)
    assert killed.stdout.readline() == b"up\n"
    killed.kill()
    killed.wait()
    assert path.exists()
    with pytest.raises(NoSupervisor, match="refused"):
        ask(path, Request("ping"))
    assert ask(serve(echo), Request("ping")).exit_code == 7


def test_the_socket_is_its_owners_alone_and_gone_after_close(tmp_path):
    path = tmp_path / "new" / "control.sock"
    server = Served(path, echo)
    assert server.path.stat().st_mode & 0o777 == 0o600
    assert server.path.parent.stat().st_mode & 0o777 == 0o700
    server.close()
    assert not server.path.exists()


def test_another_user_is_not_heard(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    folder = tmp_path / "open"
    folder.mkdir()
    path = folder / "control.sock"
    server = Served(path, echo)
    for path in (server.path, folder, *tmp_path.parents[:-2], tmp_path):
        path.chmod(0o777)
    script = "import socket,sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(1))"
    command = ["setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c", script, str(server.path)]
    other = subprocess.Popen(command, stdout=subprocess.PIPE)
    until(lambda: server.serve() or other.poll() is not None, "the other user to be turned away")
    assert other.stdout.read() == b"b''\n"
    server.close()


def test_nobody_at_the_socket_is_said_with_its_path(tmp_path):
    with pytest.raises(NoSupervisor, match=rf"{tmp_path}/none: no supervisor answers there .*farmhand run FILE"):
        ask(tmp_path / "none", Request("ping"))


def test_a_path_that_is_too_long_is_said(tmp_path):
    long = tmp_path / ("x" * 200)
    with pytest.raises(CannotListen, match="too long"):
        Served(long, echo)
    with pytest.raises(NoSupervisor, match="too long"):
        ask(long, Request("ping"))


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"FARMHAND_CONTROL": "/x/y.sock", "XDG_RUNTIME_DIR": "/run/user/1"}, "/x/y.sock"),
        ({"XDG_RUNTIME_DIR": "/run/user/1"}, "/run/user/1/farmhand/control.sock"),
        ({}, "/run/farmhand/control.sock" if os.geteuid() == 0 else f"/tmp/farmhand-{os.geteuid()}/control.sock"),
    ],
)
def test_where_the_socket_is(environ, path):
    assert str(default_path(environ)) == path
