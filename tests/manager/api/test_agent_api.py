"""Agents: how they become known, which service is put together with which worker, and what becomes of tickets."""

from typing import Any

import pytest
from agents import AGENTS, AgentCaller, enrol, service, sign_on
from callers import Caller, WorkerCaller, register

from farmhand.manager.storage import agents as storage
from farmhand.manager.storage.store import Store

OTHER_RUN = "f" * 32


@pytest.fixture
def agent(caller: Caller) -> AgentCaller:
    return enrol(caller)


@pytest.fixture
def worker(caller: Caller) -> WorkerCaller:
    return register(caller)


def shown(worker: WorkerCaller) -> dict[str, Any]:
    answer: dict[str, Any] = worker.caller.get(f"/api/v3/worker-mgt/workers/{worker.id}").json
    return answer


def ask(worker: WorkerCaller, verb: str) -> Any:
    return worker.caller.post(f"/api/farmhand/workers/{worker.id}/{verb}")


def shut_down(agent: AgentCaller, worker: WorkerCaller) -> None:
    agent.report(service())
    sign_on(worker)
    worker.post("sign-off")
    agent.report(service(active="inactive", sub="dead", exit="exit code 0"))


# -- who they are


def test_an_agent_is_known_once_it_has_enrolled(caller: Caller, agent: AgentCaller) -> None:
    [known] = caller.get(AGENTS).json["agents"]
    assert (known["id"], known["name"], known["away"]) == (agent.id, "node-7", False)


@pytest.mark.parametrize("path", ["report", "tickets", "outcomes"])
def test_nobody_speaks_for_an_agent_without_its_secret(agent: AgentCaller, path: str) -> None:
    stranger = AgentCaller(agent.caller, agent.id, "0" * 64, agent.key)
    assert stranger.call("POST", path, {}).status_code == 403
    assert agent.caller.post(f"{AGENTS}/{path}", {}).status_code == 403


def test_a_workers_credentials_are_none_of_an_agent(agent: AgentCaller, worker: WorkerCaller) -> None:
    crossed = AgentCaller(agent.caller, worker.id, worker.secret, agent.key)
    assert crossed.call("POST", "report", {}).status_code == 403
    assert WorkerCaller(agent.caller, agent.id, agent.secret).get("state").status_code == 403


@pytest.mark.parametrize("change", [{"secret": "short"}, {"ticket_key": "x" * 64}, {"name": ""}, {"ticket_key": ""}])
def test_a_weak_enrolment_is_refused(caller: Caller, change: dict[str, str]) -> None:
    good = {"name": "n", "platform": "linux", "version": "1", "secret": "s" * 64, "ticket_key": "0" * 64}
    assert caller.post(f"{AGENTS}/enrol", good).status_code == 200
    assert caller.post(f"{AGENTS}/enrol", {**good, **change}).status_code == 400


def test_a_removed_agent_is_known_no_more(agent: AgentCaller, worker: WorkerCaller) -> None:
    agent.report(service())
    sign_on(worker)
    assert agent.caller.call("DELETE", f"{AGENTS}/{agent.id}").status_code == 204
    assert agent.call("POST", "tickets", {"challenge": "0" * 64}).status_code == 403
    assert shown(worker)["agent"] is None
    assert agent.caller.get(AGENTS).json["agents"] == []


# -- which service runs which worker


@pytest.mark.parametrize("first", ["agent", "worker"])
def test_service_and_worker_of_the_same_run_belong_together(
    agent: AgentCaller, worker: WorkerCaller, first: str
) -> None:
    calls = [lambda: agent.report(service()), lambda: sign_on(worker)]
    for call in calls if first == "agent" else calls[::-1]:
        call()
    assert shown(worker)["agent"]["service"] == "worker@1"
    assert shown(worker)["restart"]["state"] == "verified"


@pytest.mark.parametrize("run", [OTHER_RUN, "", "what"])
def test_a_worker_of_another_run_does_not_belong_to_it(agent: AgentCaller, worker: WorkerCaller, run: str) -> None:
    agent.report(service())
    sign_on(worker, run)
    assert shown(worker)["agent"] is None
    assert shown(worker)["restart"]["state"] == "claimed"


def test_an_agent_cannot_claim_the_worker_of_another_node(caller: Caller, agent: AgentCaller) -> None:
    worker = register(caller)
    agent.report(service())
    sign_on(worker)
    rogue = enrol(caller, "rogue")
    rogue.report(service("worker@1", OTHER_RUN))
    assert shown(worker)["agent"]["id"] == agent.id


def test_a_worker_that_copies_the_run_of_another_gains_nothing(
    caller: Caller, agent: AgentCaller, worker: WorkerCaller
) -> None:
    agent.report(service())
    sign_on(worker)
    copier = register(caller)
    sign_on(copier)
    assert shown(worker)["agent"]["id"] == agent.id
    assert shown(copier)["agent"] is None


def test_of_two_workers_that_claim_a_run_neither_gets_it(
    caller: Caller, agent: AgentCaller, worker: WorkerCaller
) -> None:
    sign_on(worker)
    other = register(caller)
    sign_on(other)
    agent.report(service())
    assert (shown(worker)["agent"], shown(other)["agent"]) == (None, None)


def test_of_two_agents_that_see_a_service_the_newer_one_speaks(
    caller: Caller, agent: AgentCaller, worker: WorkerCaller
) -> None:
    agent.report(service())
    sign_on(worker)
    newer = enrol(caller, "enrolled anew")
    newer.report(service())
    assert shown(worker)["agent"]["id"] == newer.id


def test_a_worker_keeps_its_service_while_it_is_offline(agent: AgentCaller, worker: WorkerCaller) -> None:
    shut_down(agent, worker)
    found = shown(worker)["agent"]
    assert (found["active"], found["exit"], found["offers"]) == ("inactive", "exit code 0", "start")
    agent.report(service(run="", active="inactive"))
    assert shown(worker)["agent"]["service"] == "worker@1"


def test_a_service_that_the_agent_may_touch_no_more_is_forgotten(agent: AgentCaller, worker: WorkerCaller) -> None:
    shut_down(agent, worker)
    agent.report(service("worker@2", OTHER_RUN))
    assert shown(worker)["agent"] is None


def test_what_an_agent_cannot_see_it_does_not_take_back(agent: AgentCaller, worker: WorkerCaller) -> None:
    agent.report(service())
    sign_on(worker)
    agent.report(trouble="the supervisor does not answer")
    assert shown(worker)["agent"]["trouble"] == "the supervisor does not answer"
    assert shown(worker)["restart"]["state"] == "claimed"


def test_a_report_that_names_a_service_twice_is_taken_by_its_last_word(
    agent: AgentCaller, worker: WorkerCaller
) -> None:
    agent.report(service(active="failed"), service())
    sign_on(worker)
    assert shown(worker)["agent"]["active"] == "active"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../worker"},
        {"name": "-x"},
        {"name": ""},
        {"name": "a" * 256},
        {"active": "<b>"},
        {"exit": "\0"},
        {"restarts": -1},
        {"restart": {"code": -1, "holds": True, "why": ""}},
        {"restart": {}},
    ],
)
def test_a_report_that_makes_no_sense_is_refused(agent: AgentCaller, changes: dict[str, Any]) -> None:
    said = {"supervisor": "farmhand", "trouble": "", "services": [{**service(), **changes}]}
    assert agent.call("POST", "report", said).status_code == 400


# -- the restart


def test_a_broken_unit_is_told_with_its_reason(agent: AgentCaller, worker: WorkerCaller) -> None:
    why = "47 is not in RestartForceExitStatus= and Restart=no"
    agent.report(service(restart={"code": 47, "holds": False, "why": why}))
    sign_on(worker)
    found = shown(worker)["restart"]
    assert (found["state"], found["why"]) == ("broken", f"worker@1: {why}")


def test_an_agent_is_asked_about_the_workers_own_code(agent: AgentCaller, worker: WorkerCaller) -> None:
    assert agent.report(service()) == {}
    sign_on(worker, code=48)
    assert shown(worker)["restart"]["why"] == "its agent node-7 has not yet looked what exit code 48 does"
    assert agent.call("POST", "tickets", {"challenge": "0" * 64}).json["codes"] == {"worker@1": 48}
    agent.report(service(restart={"code": 48, "holds": True, "why": "it does"}))
    assert shown(worker)["restart"]["state"] == "verified"


def test_the_agents_bell_rings_for_another_code(store: Store, agent: AgentCaller, worker: WorkerCaller) -> None:
    agent.report(service())
    before = storage.Bells(store).bell(agent.id)
    sign_on(worker, code=48)
    assert storage.Bells(store).bell(agent.id) > before


def test_an_attestation_makes_an_event_only_when_it_changes(
    store: Store, agent: AgentCaller, worker: WorkerCaller
) -> None:
    agent.report(service())
    sign_on(worker)
    seq = store.newest()
    agent.report(service(restarts=1, sub="auto-restart", active="activating"))
    agent.report(service(restarts=1))
    assert store.newest() == seq
    agent.report(service(active="failed"))
    assert store.newest() == seq + 1


# -- tickets


def test_a_worker_that_was_shut_down_is_started(store: Store, agent: AgentCaller, worker: WorkerCaller) -> None:
    shut_down(agent, worker)
    bell = storage.Bells(store).bell(agent.id)
    asked = ask(worker, "start")
    assert (asked.status_code, asked.json["state"]) == (202, "waiting")
    assert asked.json["text"] == "cap-1 is to be started by its agent node-7"
    assert storage.Bells(store).bell(agent.id) > bell
    [claims] = agent.take("c" * 64)
    assert (claims.id, claims.agent, claims.service) == (asked.json["id"], agent.id, "worker@1")
    assert (claims.verb, claims.challenge, claims.expires - claims.now > 50_000) == ("start", "c" * 64, True)
    assert state(agent, claims.id) == "taken"
    assert agent.tell(claims.id, "done").status_code == 204
    assert state(agent, claims.id) == "done"
    assert agent.take() == []


def test_a_worker_whose_restarts_were_given_up_is_started_though_it_never_said_good_bye(
    agent: AgentCaller, worker: WorkerCaller
) -> None:
    agent.report(service())
    sign_on(worker)
    agent.report(service(run=OTHER_RUN, active="failed", result="start-limit-hit"))
    assert shown(worker)["agent"]["offers"] == "start"
    assert ask(worker, "start").status_code == 202


def test_a_worker_that_somebody_started_by_hand_meanwhile_is_left_alone(
    agent: AgentCaller, worker: WorkerCaller
) -> None:
    shut_down(agent, worker)
    sign_on(worker, OTHER_RUN)
    assert shown(worker)["agent"]["offers"] is None
    assert ask(worker, "start").status_code == 409


def state(agent: AgentCaller, ticket: str) -> str:
    found: str = agent.caller.get(f"/api/farmhand/tickets/{ticket}").json["state"]
    return found


def test_a_ticket_without_an_outcome_is_given_again_with_the_new_challenge(
    agent: AgentCaller, worker: WorkerCaller
) -> None:
    shut_down(agent, worker)
    ask(worker, "start")
    [first], [again] = agent.take("a" * 64), agent.take("b" * 64)
    assert (first.id, again.challenge) == (again.id, "b" * 64)


def test_asking_twice_makes_one_ticket(agent: AgentCaller, worker: WorkerCaller) -> None:
    shut_down(agent, worker)
    first, second = ask(worker, "start").json, ask(worker, "start").json
    assert first["id"] == second["id"]
    assert len(agent.take()) == 1


def test_no_agent_gets_or_ends_the_ticket_of_another(caller: Caller, agent: AgentCaller, worker: WorkerCaller) -> None:
    shut_down(agent, worker)
    ticket = ask(worker, "start").json["id"]
    other = enrol(caller, "other")
    assert other.take() == []
    assert other.tell(ticket, "done").status_code == 404
    assert state(agent, ticket) == "waiting"


def test_the_first_word_about_a_ticket_counts(agent: AgentCaller, worker: WorkerCaller) -> None:
    shut_down(agent, worker)
    ticket = ask(worker, "start").json["id"]
    agent.tell(ticket, "failed", "job failed")
    agent.tell(ticket, "done")
    found = agent.caller.get(f"/api/farmhand/tickets/{ticket}").json
    assert (found["state"], found["reason"]) == ("failed", "job failed")


@pytest.mark.parametrize(
    ("verb", "text"),
    [
        ("start", "cap-1 is running already: it is awake, between tasks"),
        ("force-restart", "cap-1 answers: ask it to restart by itself"),
    ],
)
def test_who_is_well_is_left_alone(agent: AgentCaller, worker: WorkerCaller, verb: str, text: str) -> None:
    agent.report(service())
    sign_on(worker)
    refused = ask(worker, verb)
    assert (refused.status_code, refused.json["message"]) == (409, text)


def test_without_an_agent_the_refusal_says_what_to_do(worker: WorkerCaller) -> None:
    refused = ask(worker, "start")
    assert refused.status_code == 409
    assert "start it there by hand, or run 'farmhand agent' there" in refused.json["message"]


def test_a_worker_that_is_not_there_has_no_agent(caller: Caller) -> None:
    for verb in ("start", "force-restart", "drill"):
        path = f"/api/farmhand/workers/8c1a2f8e-3c09-4c5d-9d2e-000000000000/{verb}"
        assert caller.post(path).status_code == 404


# -- the drill


def test_a_drill_restarts_an_idle_worker_and_tells_the_gap(agent: AgentCaller, worker: WorkerCaller) -> None:
    agent.report(service())
    sign_on(worker)
    begun = ask(worker, "drill")
    assert begun.status_code == 202
    assert shown(worker)["drill"]["state"] == "under way"
    worker.post("sign-off")
    sign_on(worker, OTHER_RUN)
    found = shown(worker)["drill"]
    assert (found["state"], found["request"]) == ("done", begun.json["request"])
    assert 0 <= found["gap_ms"] < 5_000


def test_no_drill_for_a_busy_worker(worker: WorkerCaller) -> None:
    sign_on(worker)
    worker.caller.submit()
    assert worker.post("task").status_code == 200
    refused = ask(worker, "drill")
    assert refused.status_code == 409
    assert "a drill is for a worker that is idle or asleep" in refused.json["message"]
