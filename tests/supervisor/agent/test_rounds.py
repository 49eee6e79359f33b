"""An agent and a manager that means no good: what it is handed, and what it does all the same; or does not.

The manager here is a server that answers what the test says; it knows the agent's key only where that says so.
"""

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from polling import until

from farmhand.supervisor.agent.kept import Credentials, Folder
from farmhand.supervisor.agent.manager import Away, Manager, Refused, Unknown
from farmhand.supervisor.agent.node import Unseen
from farmhand.supervisor.agent.rounds import Agent
from farmhand.units.tickets import Claims, seal

KNOWN = Credentials("5" * 64, "0123456789abcdef" * 4, "me")
RUNNING = {"LoadState": "loaded", "ActiveState": "active", "NRestarts": "0"}
FAR = 10**15


class Node:
    """Services that only take note; `hold` keeps what is asked from being done."""

    kind = "farmhand"

    def __init__(self) -> None:
        self.services: dict[str, Mapping[str, str]] = {"worker@1": RUNNING, "worker@2": RUNNING, "manager": RUNNING}
        self.done: list[tuple[str, str]] = []
        self.hold = threading.Event()
        self.hold.set()
        self.trouble = ""
        self.before: Callable[[], None] = lambda: None

    def look(self) -> Mapping[str, Mapping[str, str]]:
        if self.trouble:
            raise Unseen(self.trouble)
        return self.services

    def wait(self) -> None:
        threading.Event().wait()

    def act(self, verb: str, name: str) -> str | None:
        self.before()
        self.done.append((verb, name))
        self.hold.wait(10)
        return None


class Evil:
    """A manager: `say` makes its answer to a call, status and body, of the path and what was sent."""

    def __init__(self, say: Callable[[str, Any], tuple[int, bytes]]) -> None:
        self.say = say
        self.heard: list[tuple[str, Any]] = []
        evil = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                evil.heard.append((self.path, sent))
                status, body = evil.say(self.path.rpartition("/")[2], sent)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"

    def told(self) -> list[tuple[str, str]]:
        """Return the outcomes that were told, and why."""
        return [(said["outcome"], said["text"]) for path, said in self.heard if path.endswith("/outcomes")]


Handing = Callable[[Callable[[str], list[str]]], Evil]


@pytest.fixture
def handing() -> Iterator[Handing]:
    """Make a manager that hands out what `tickets` makes of the agent's challenge."""
    made: list[Evil] = []

    def make(tickets: Callable[[str], list[str]]) -> Evil:
        def say(call: str, sent: Any) -> tuple[int, bytes]:
            if call == "tickets":
                return 200, json.dumps({"tickets": tickets(sent["challenge"]), "codes": {}}).encode()
            return (200, b'{"codes": {}}') if call == "report" else (204, b"")

        made.append(Evil(say))
        return made[-1]

    yield make
    for each in made:
        each.server.shutdown()
        each.server.server_close()


@pytest.fixture
def node() -> Node:
    return Node()


def agent(manager: Evil, node: Node, folder: Path) -> Agent:
    kept = Folder(folder, lambda path: None)
    found = Agent(KNOWN, Manager(manager.url, "test"), node, kept, ("worker@*",))
    found.spent = kept.spent()
    found.report()
    return found


def ticket(challenge: str, key: bytes = KNOWN.key_bytes, **changes: Any) -> str:
    return seal(key, replace(Claims("t1", "me", "worker@1", "restart", challenge, 1_000, 61_000), **changes))


def test_a_ticket_in_order_is_done_and_its_outcome_told(handing: Handing, node: Node, tmp_path: Path) -> None:
    manager = handing(lambda challenge: [ticket(challenge)])
    agent(manager, node, tmp_path).take_tickets()
    until(manager.told, "the outcome")
    assert node.done == [("restart", "worker@1")]
    assert manager.told() == [("done", "")]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"agent": "another"}, "it is for another agent"),
        ({"service": "manager"}, "'manager' is not among the services that this agent may touch (--service)"),
        ({"service": "worker@9"}, "there is no service worker@9 on this node"),
        ({"service": "worker@1;reboot"}, "'worker@1;reboot' is not among the services that this agent may touch"),
        ({"service": "--now"}, "'--now' is not among the services"),
        ({"service": "../worker@1"}, "'../worker@1' is not among the services"),
        ({"verb": "stop"}, "'stop' is nothing that an agent does"),
        ({"expires": 1_000}, "it has expired"),
    ],
)
def test_a_ticket_out_of_order_is_refused_with_its_reason(
    changes: dict[str, Any], why: str, handing: Handing, node: Node, tmp_path: Path
) -> None:
    manager = handing(lambda challenge: [ticket(challenge, **changes)])
    agent(manager, node, tmp_path).take_tickets()
    [(outcome, text)] = manager.told()
    assert (outcome, text[: len(why)]) == ("refused", why)
    assert node.done == []


def test_a_ticket_that_was_overheard_is_of_no_use_later(handing: Handing, node: Node, tmp_path: Path) -> None:
    overheard: list[str] = []

    def replay(challenge: str) -> list[str]:
        overheard.append(ticket(challenge, id=f"t{len(overheard)}", expires=FAR))
        return overheard[:1]

    manager = handing(replay)
    at_work = agent(manager, node, tmp_path)
    at_work.take_tickets()
    until(manager.told, "the outcome")
    at_work.spent = {}  # as if what it remembers were lost
    at_work.take_tickets()
    assert node.done == [("restart", "worker@1")]
    assert manager.told()[1:] == [
        ("refused", "it is no answer to what was asked just now: somebody sent an old one again")
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-2] + ("AA" if text[-2:] != "AA" else "BB"),
        lambda text: text.replace("v1.", "v1.e30", 1),
        lambda text: text.rpartition(".")[0] + ".",
        lambda text: "",
        lambda text: text * 100,
    ],
)
def test_an_altered_ticket_is_not_even_answered(
    spoil: Callable[[str], str], handing: Handing, node: Node, tmp_path: Path
) -> None:
    manager = handing(lambda challenge: [spoil(ticket(challenge))])
    agent(manager, node, tmp_path).take_tickets()
    assert (node.done, manager.told()) == ([], [])


def test_who_does_not_have_the_key_makes_no_tickets(handing: Handing, node: Node, tmp_path: Path) -> None:
    manager = handing(lambda challenge: [ticket(challenge, key=bytes(32))])
    agent(manager, node, tmp_path).take_tickets()
    assert (node.done, manager.told()) == ([], [])


def test_a_ticket_that_is_being_done_is_not_begun_again(handing: Handing, node: Node, tmp_path: Path) -> None:
    manager = handing(lambda challenge: [ticket(challenge), ticket(challenge)])
    at_work = agent(manager, node, tmp_path)
    node.hold.clear()
    at_work.take_tickets()
    at_work.take_tickets()
    node.hold.set()
    until(manager.told, "the outcome")
    assert node.done == [("restart", "worker@1")]
    assert manager.told() == [("done", "")]


def test_a_ticket_is_noted_as_used_before_anything_is_done(handing: Handing, node: Node, tmp_path: Path) -> None:
    noted: list[Any] = []
    node.before = lambda: noted.append(json.loads((tmp_path / "agent-spent.json").read_text()))
    manager = handing(lambda challenge: [ticket(challenge)])
    agent(manager, node, tmp_path).take_tickets()
    until(manager.told, "the outcome")
    assert noted == [{"t1": 61_000}]


def test_the_next_agent_does_not_do_again_what_one_before_it_began(
    handing: Handing, node: Node, tmp_path: Path
) -> None:
    manager = handing(lambda challenge: [ticket(challenge)])
    agent(manager, node, tmp_path / "before").take_tickets()
    until(manager.told, "the outcome")
    shutil.copytree(tmp_path / "before", tmp_path / "next")
    agent(manager, node, tmp_path / "next").take_tickets()
    assert node.done == [("restart", "worker@1")]
    assert manager.told()[1][0] == "failed"


def test_what_cannot_be_seen_is_told_as_trouble(handing: Handing, node: Node, tmp_path: Path) -> None:
    node.trouble = "no supervisor answers"
    manager = handing(lambda challenge: [])
    agent(manager, node, tmp_path)
    assert manager.heard[-1][1] == {"supervisor": "farmhand", "trouble": "no supervisor answers", "services": []}


def test_what_is_no_news_is_not_told(handing: Handing, node: Node, tmp_path: Path) -> None:
    manager = handing(lambda challenge: [])
    at_work = agent(manager, node, tmp_path)
    at_work.report()
    assert len(manager.heard) == 1
    node.services["worker@1"] = {**RUNNING, "NRestarts": "1"}
    at_work.report()
    assert [each["restarts"] for each in manager.heard[1][1]["services"]] == [0, 1, 0]


@pytest.mark.parametrize(
    ("status", "body", "wrong"),
    [
        (500, b"", Away),
        (200, b"\xff\xfe", None),
        (200, b"[" * 100_000, None),
        (200, b'"text"', None),
        (200, b'{"tickets": [1, null, {}], "codes": {"a": "b"}}', None),
        (502, b"<html>", Away),
        (403, b"<html>no</html>", Away),
        (403, b'{"message": "unknown agent"}', Unknown),
        (400, b'{"message": "bad"}', Refused),
        (302, b"", Away),
    ],
)
def test_whatever_a_manager_or_proxy_answers_makes_no_tickets(
    status: int, body: bytes, wrong: type[Exception] | None
) -> None:
    manager = Evil(lambda call, sent: (status, body))
    try:
        client = Manager(manager.url, "test")
        if wrong is None:
            answer = client.tickets(KNOWN, "c")
            assert (answer.tickets, dict(answer.codes)) == ((), {})
        else:
            with pytest.raises(wrong):
                client.tickets(KNOWN, "c")
    finally:
        manager.server.shutdown()
        manager.server.server_close()


def test_nobody_at_the_address_is_told_by_it() -> None:
    with pytest.raises(Away, match="no answer from http://127"):
        Manager("http://127.0.0.1:1/", "test").tickets(KNOWN, "c")
