"""What operators' programs ask of many workers, with terms; who comes second; what is taken back."""

import pytest
from agents import enrol, service, sign_on
from callers import awake, register
from polling import until

from farmhand.manager.clock import timestamp
from farmhand.manager.due import mind

ACTIONS = "/api/farmhand/workers/actions"
WITHDRAW = "/api/farmhand/workers/withdraw"
KIM, SAM = ({"REMOTE_ADDR": f"10.0.0.{n}"} for n in (1, 2))


def act(caller, worker, action, who=KIM, **terms):
    body = {"workers": [worker.id], "action": action, **terms}
    return caller.post(ACTIONS, body, environ_base=who)


def shown(caller, worker):
    return caller.get(f"/api/v3/worker-mgt/workers/{worker.id}").json


def test_a_request_is_shown_with_its_terms(caller, store):
    worker = awake(caller)
    morning = timestamp(store.clock() + 3_600_000)
    answer = act(caller, worker, "sleep", lazy=True, deadline=1200, until=morning, reason="  fan noise ").json
    found = shown(caller, worker)["request"]
    at, deadline = found.pop("at"), found.pop("deadline")
    assert found == {
        "id": answer["workers"][0]["request"],
        "status": "asleep",
        "is_lazy": True,
        "by": "10.0.0.1",
        "reason": "fan noise",
        "until": morning,
    }
    assert at < deadline < morning
    assert "in 20 min at the latest" in answer["workers"][0]["text"]


def test_who_wanted_it_and_why_stays_when_it_is_done(caller):
    worker = awake(caller)
    act(caller, worker, "sleep", reason="fan noise")
    worker.post("state-changed", {"status": "asleep"})
    found = shown(caller, worker)
    assert "request" not in found
    assert (found["last_wish"]["by"], found["last_wish"]["reason"]) == ("10.0.0.1", "fan noise")


@pytest.mark.parametrize(
    ("action", "terms", "said"),
    [
        ("restart", {"lazy": True, "deadline": "18:00"}, "deadline: "),
        ("restart", {"lazy": True, "deadline": "2001-01-01T00:00:00Z"}, "deadline: it is over already"),
        ("restart", {"deadline": 20}, "deadline: only what waits"),
        ("restart", {"lazy": True, "deadline": 1e9}, "deadline: it is more than a year away"),
        ("restart", {"lazy": True, "deadline": True}, "deadline"),
        ("restart", {"lazy": True, "deadline": -5}, "deadline"),
        ("restart", {"until": 60}, "until: Restart cannot end by itself"),
        ("sleep", {"until": "tomorrow"}, 'until: "tomorrow" is not a time'),
        ("sleep", {"reason": "x" * 501}, "reason"),
    ],
)
def test_terms_that_make_no_sense_are_refused(caller, action, terms, said):
    worker = awake(caller)
    answer = act(caller, worker, action, **terms)
    assert answer.status_code == 400
    assert said in answer.json["message"]
    assert "request" not in shown(caller, worker)


def test_an_expectation_that_does_not_hold_asks_nobody(caller):
    one, two = awake(caller), awake(caller)
    mine = act(caller, one, "sleep", lazy=True).json["workers"][0]["request"]
    body = {"workers": [one.id, two.id], "action": "restart", "replaces": None}
    answer = caller.post(ACTIONS, body, environ_base=SAM)
    assert answer.status_code == 409
    [pending] = answer.json["pending"]
    assert (pending["id"], pending["request"]["id"], pending["request"]["by"]) == (one.id, mine, "10.0.0.1")
    assert "as 10.0.0.1 asked" in answer.json["message"]
    assert "request" not in shown(caller, two)
    answer = act(caller, one, "restart", SAM, replaces=mine.upper())
    assert answer.json["workers"][0]["text"].endswith("instead of Send to Sleep, which 10.0.0.1 asked for")


def test_a_request_is_taken_back_by_its_id_and_no_newer_one(caller):
    worker = awake(caller)
    old = act(caller, worker, "sleep", lazy=True).json["workers"][0]["request"]
    new = act(caller, worker, "restart", SAM, lazy=True).json["workers"][0]["request"]
    late = caller.post(WITHDRAW, {"requests": [old]}).json
    assert (late["refused"], late["workers"][0]["text"]) == (1, "is not pending")
    assert shown(caller, worker)["request"]["id"] == new
    assert caller.post(WITHDRAW, {"requests": [new]}).json["accepted"] == 1
    assert "request" not in shown(caller, worker)


def test_nobody_named_is_refused(caller):
    assert caller.post(WITHDRAW, {}).status_code == 400


def test_the_second_of_two_operators_is_told_whose_it_is(caller):
    worker = awake(caller)
    act(caller, worker, "restart")
    [refused] = act(caller, worker, "restart", SAM, lazy=True).json["workers"]
    assert not refused["accepted"]
    assert refused["text"] == "is to restart immediately, as 10.0.0.1 asked: take that back first"
    [same] = act(caller, worker, "restart", SAM).json["workers"]
    assert (same["accepted"], same["changed"]) == (True, False)
    assert shown(caller, worker)["request"]["by"] == "10.0.0.1"


def test_flamencos_call_does_not_undo_a_hurry_either(caller):
    worker = awake(caller)
    act(caller, worker, "restart")
    path = f"/api/v3/worker-mgt/workers/{worker.id}/setstatus"
    answer = caller.post(path, {"status": "restart", "is_lazy": True}, environ_base=SAM)
    assert (answer.status_code, "as 10.0.0.1 asked" in answer.json["message"]) == (409, True)
    assert caller.post(path, {"status": "asleep", "is_lazy": True}, environ_base=SAM).status_code == 204


def test_who_is_shut_down_until_a_time_is_started_then_by_its_agent(caller, store):
    worker, agent = register(caller), enrol(caller)
    agent.report(service())
    sign_on(worker)
    [answer] = act(caller, worker, "shutdown", until=0.3, reason="quiet").json["workers"]
    assert "and is started again in" in answer["text"]
    worker.post("sign-off")
    agent.report(service(active="inactive", sub="dead", exit="exit code 0"))
    assert agent.take() == []
    until(lambda: mind(store) is None, "the time to come")
    [ticket] = agent.take()
    assert (ticket.verb, ticket.service) == ("start", "worker@1")
    assert shown(caller, worker)["last_wish"]["reason"] == "quiet"
