"""What the pages say of a worker's supervisor, and the buttons for what its agent can do, without JavaScript."""

import pytest
from agents import AgentCaller, enrol, service, sign_on
from callers import Caller, WorkerCaller, register
from flask.testing import FlaskClient

from farmhand.manager.storage.store import Store


@pytest.fixture
def agent(client: FlaskClient) -> AgentCaller:
    return enrol(Caller(client))


@pytest.fixture
def worker(client: FlaskClient, agent: AgentCaller) -> WorkerCaller:
    found = register(Caller(client))
    agent.report(service())
    sign_on(found)
    return found


def leave(agent: AgentCaller, worker: WorkerCaller) -> None:
    worker.post("sign-off")
    agent.report(service(active="inactive", sub="dead", exit="exit code 0"))


def test_a_worker_that_is_well_has_no_button(client: FlaskClient, worker: WorkerCaller) -> None:
    for page in (client.get("/workers").text, client.get(f"/workers/{worker.id}").text):
        assert 'form="agent"' not in page


def test_an_offline_worker_is_started_by_a_button_in_its_row(
    client: FlaskClient, agent: AgentCaller, worker: WorkerCaller
) -> None:
    leave(agent, worker)
    button = (
        f'<button class="button" form="agent" name="start" value="{worker.id}" aria-label="Start: cap-1" '
        'title="Its service is inactive (dead), success, it ended last with exit code 0">Start</button>'
    )
    assert button in client.get("/workers").text
    assert button in client.get(f"/workers/{worker.id}").text
    done = client.post("/workers/agent", data={"start": worker.id, "back": "/workers?q=cap"})
    assert (done.status_code, done.location) == (303, "/workers?q=cap")
    page = client.get("/workers").text
    assert "cap-1 is to be started by its agent node-7." in page
    assert 'form="agent"' not in page
    assert 'Not yet taken by its agent: </span><span class="to">start</span>' in page
    [ticket] = agent.take()
    assert "Its agent is at it: " in client.get("/workers").text
    agent.tell(ticket.id, "failed", "job failed: exit code 203/EXEC")
    page = client.get("/workers").text
    assert "Not started: job failed: exit code 203/EXEC" in page
    assert button.split(" aria")[0] in page


def test_a_refusal_is_said_and_nothing_is_asked(client: FlaskClient, agent: AgentCaller, worker: WorkerCaller) -> None:
    client.post("/workers/agent", data={"restart": worker.id, "back": "/workers"})
    assert "cap-1 answers: ask it to restart by itself." in client.get("/workers").text
    assert agent.take() == []


@pytest.mark.parametrize("form", [{}, {"stop": "x"}, {"worker": "x"}])
def test_a_form_that_names_nobody_is_refused(client: FlaskClient, form: dict[str, str]) -> None:
    assert client.post("/workers/agent", data=form).status_code == 400


def test_a_form_of_another_site_is_refused(client: FlaskClient, agent: AgentCaller, worker: WorkerCaller) -> None:
    leave(agent, worker)
    headers = {"Origin": "https://evil.example"}
    for path, form in (("agent", {"start": worker.id}), ("drill", {"worker": worker.id})):
        assert client.post(f"/workers/{path}", data=form, headers=headers).status_code == 403
    assert agent.take() == []


def test_a_workers_page_says_who_keeps_it_running(client: FlaskClient, worker: WorkerCaller) -> None:
    page = client.get(f"/workers/{worker.id}").text
    assert '<span class="badge ok">Verified</span>' in page
    for fact in ("Farmhand, worker@1", "active (running), success", "exit code 47 is in RestartForceExitStatus="):
        assert f">{fact}" in page or fact in page


def test_a_broken_unit_is_seen_in_the_list(client: FlaskClient, agent: AgentCaller, worker: WorkerCaller) -> None:
    why = "47 is not in RestartForceExitStatus= and Restart=no"
    agent.report(service(restart={"code": 47, "holds": False, "why": why}))
    page = client.get("/workers").text
    assert f'<span title="worker@1: {why}"><span class="badge warn">Broken</span></span>' in page
    assert f"its restart is broken: {why}" in client.get(f"/workers/{worker.id}").text


def test_a_drill_is_begun_and_told(client: FlaskClient, store: Store, worker: WorkerCaller) -> None:
    done = client.post("/workers/drill", data={"worker": worker.id})
    assert (done.status_code, done.location) == (303, f"/workers/{worker.id}")
    page = client.get(done.location).text
    assert "under way; begun" in page
    assert "That restart is a drill" in page
    worker.post("sign-off")
    sign_on(worker)
    assert "done, away for 0." in client.get(done.location).text


# -- the agents' page


def test_the_agents_and_what_they_see_are_listed(client: FlaskClient, agent: AgentCaller, worker: WorkerCaller) -> None:
    page = client.get("/agents").text
    assert "sees 1 service." in page
    assert f'<a href="/workers/{worker.id}">cap-1</a>' in page
    leave(agent, worker)
    assert "<b>1 of them down</b>" in client.get("/agents").text


def test_without_one_the_page_says_how_to_get_one(client: FlaskClient) -> None:
    assert "farmhand agent --manager" in client.get("/agents").text.replace("<span>", "").replace("</span>", "")


def test_an_agent_is_removed_once_or_twice(client: FlaskClient, agent: AgentCaller) -> None:
    for _ in range(2):
        answer = client.post(f"/agents/{agent.id}/remove", follow_redirects=True)
        assert "is forgotten; its credentials are refused" in answer.text
    assert "No agent yet" in client.get("/agents").text


def test_a_silent_agent_says_what_that_means(client: FlaskClient, agent: AgentCaller, store: Store) -> None:
    now = store.clock()
    store.clock = lambda: now + 120_000
    page = client.get("/agents").text
    assert "It is silent: nothing is known of its services" in page
