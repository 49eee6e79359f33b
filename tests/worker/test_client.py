"""What the client makes of a manager's answers, sensible or not."""

from dataclasses import replace

import pytest
from flamenco_manager import CUT, HALF, NO_HTTP, manager

from farmhand.worker.client import Client, Credentials, Introduction
from farmhand.worker.rules.answers import Command, Denied, NotAwake, Noted, Task, Trouble, Work
from farmhand.worker.wire import Status

ME = Introduction("n", "linux", "farmhand 1", ("misc",), can_restart=True)
CALLS = {
    "register": lambda client: client.register(ME, "s"),
    "sign_on": lambda client: client.sign_on(ME),
    "sign_off": lambda client: client.sign_off(),
    "tell": lambda client: client.tell(Status.ASLEEP),
    "state": lambda client: client.state(),
    "fetch": lambda client: client.fetch(),
    "may_i_run": lambda client: client.may_i_run("t"),
}


@pytest.fixture
def farm():
    with manager() as served:
        yield served


@pytest.fixture
def client(farm):
    return Client(farm.url, Credentials("id", "secret"))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((500, None), "answered 500"),
        ((502, {"message": "bad gateway"}), "answered 502: bad gateway"),
        ((301, None), "answered 301"),
        ((404, None), "answered 404 without a word of what is wrong: is it a manager's address?"),
        ((403, None), "answered 403"),
        ((200, []), "answered 200"),
        ((200, {"uuid": 5, "status_requested": "dancing", "mayKeepRunning": "yes"}), ""),
    ],
)
def test_nonsense_is_trouble(farm, client, call, answer, message):
    farm.answer = lambda *_: answer
    heard = CALLS[call](client)
    if call in ("sign_off", "tell") and answer[0] == 200:
        assert heard == Noted(), "these need no body"
        return
    assert isinstance(heard, Trouble)
    assert message in heard.message


@pytest.mark.parametrize("call", CALLS)
def test_a_manager_that_is_not_there_is_trouble(farm, client, call):
    farm.down()
    heard = CALLS[call](client)
    assert isinstance(heard, Trouble)
    assert heard.message.startswith(f"no answer from {farm.url.rstrip('/')}: [")
    assert heard.message.endswith("] Connection refused")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (CUT, "Remote end closed connection without response"),
        (HALF, "IncompleteRead(13 bytes read, 987 more expected)"),
        (NO_HTTP, r"'\x16\x03\x01 220 mail ready\r\n'"),
    ],
    ids=["cut", "half", "no HTTP"],
)
def test_a_connection_that_breaks_is_said_plainly(farm, client, answer, words):
    farm.fail["/api"] = answer
    heard = client.sign_on(ME)
    assert isinstance(heard, Trouble)
    assert heard.message.startswith(f"no answer from {farm.url.rstrip('/')}: ")
    assert heard.message.endswith(words)
    assert "Error(" not in heard.message


@pytest.mark.parametrize("call", [call for call in CALLS if call != "register"])
def test_unknown_credentials_are_denied(client, call):
    assert CALLS[call](client) == Denied("security requirements failed: authorization failed: no such worker known")


def test_a_task(farm, client):
    farm.answer = lambda *_: (
        200,
        {"uuid": "t1", "name": "n", "job": "j", "task_type": "misc", "attempt": 2}
        | {"commands": [{"name": "echo", "parameters": {"a": 1}, "total_step_count": 3}, {"name": "x"}]},
    )
    commands = (Command("echo", {"a": 1}, 3), Command("x", {}, 0))
    assert client.fetch() == Work(Task("t1", "n", "j", "misc", commands, 2))


@pytest.mark.parametrize(
    "task",
    [{}, {"uuid": "t"}, {"uuid": "t", "commands": [1]}, {"uuid": "t", "commands": [{}]}, {"uuid": "t", "commands": 5}],
)
def test_a_task_that_makes_no_sense(farm, client, task):
    farm.answer = lambda *_: (200, task)
    assert isinstance(client.fetch(), Trouble)


def test_no_work_for_one_who_is_not_awake(farm, client):
    farm.answer = lambda *_: (409, {"message": "worker is in state asleep"})
    assert client.fetch() == NotAwake("worker is in state asleep")


@pytest.mark.parametrize("unit", [None, {"recipe": "x", "files": {"/x": None}, "drop_ins": []}])
def test_a_definition_is_told_at_sign_on_where_there_is_one(farm, unit):
    said = []
    farm.answer = lambda method, path, headers, body: said.append(body) or (200, {"status_requested": "awake"})
    Client(farm.url).sign_on(replace(ME, unit=unit))
    assert said[0].get("unit") == unit
    assert ("unit" in said[0]) is (unit is not None)


def test_a_manager_behind_a_path(farm):
    heard = []
    farm.answer = lambda method, path, *_: heard.append(path) or (204, None)
    assert Client(f"{farm.url}flamenco/").sign_off() == Noted()
    assert heard == ["/flamenco/api/v3/worker/sign-off"]
