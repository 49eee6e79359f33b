"""The agents' waiting request: whoever serves it, an operator's click reaches the agent."""

import secrets
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import pytest
import urllib3
from manager_server import serving
from pretended import awake
from stores import DIALECTS, beside, opened

from farmhand.manager.rules.attended import Verb
from farmhand.manager.rules.workers import Announcement
from farmhand.manager.storage import agents, calls, tickets
from farmhand.manager.storage.agents import Bells, Enrolment, Seen
from farmhand.manager.storage.store import Store
from farmhand.manager.web.api.agent_push import PATH

SECRET, RUN = "5" * 64, "0123456789abcdef" * 2
SOON = 10.0  # seconds: what another manager is not told of comes when the request has waited to its end


@pytest.fixture(params=DIALECTS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request.param, tmp_path) as store:
        yield store


@pytest.fixture
def agent(store: Store) -> str:
    return agents.enrol(store, Enrolment("node-7", "linux", "1", SECRET, secrets.token_hex(32), ""))


@pytest.fixture
def worker(store: Store, agent: str) -> str:
    """A worker that was shut down, and whose service the agent sees."""
    found = awake(store, "node-7-1").id
    calls.sign_on(store, found, Announcement("node-7-1", "1", ("misc",), True, "", invocation=RUN, restart_code=47))
    agents.report(store, agent, "farmhand", "", [seen("active")])
    calls.sign_off(store, found)
    agents.report(store, agent, "farmhand", "", [seen("inactive")])
    return found


def seen(active: str) -> Seen:
    return Seen("worker@1", RUN, active, "", "success", 0, "", 47, True, "it does")


def wait(url: str, agent: str, since: int | str, secret: str = SECRET) -> urllib3.BaseHTTPResponse:
    headers = urllib3.make_headers(basic_auth=f"{agent}:{secret}")
    return urllib3.request("GET", f"{url}{PATH}?since={since}", headers=headers, retries=False, timeout=40)


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)  # the database that tells one what another was told
def test_a_click_at_one_manager_reaches_the_agent_that_waits_at_another(store: Store, agent: str, worker: str) -> None:
    since = Bells(store).bell(agent)
    with beside(store) as other, serving(store) as url, ThreadPoolExecutor() as pool:
        rung: Future[urllib3.BaseHTTPResponse] = pool.submit(wait, url, agent, since)
        begun = monotonic()
        assert tickets.ask(other, worker, Verb.START, "kim").ticket is not None
        answer = rung.result()
        assert monotonic() - begun < SOON
        assert (answer.status, answer.json()) == (200, {"seq": Bells(other).bell(agent)})
        assert len(tickets.take(store, agent, "c" * 64)) == 1


def test_an_agent_that_is_removed_is_let_go(store: Store, agent: str) -> None:
    with serving(store) as url, ThreadPoolExecutor() as pool:
        rung = pool.submit(wait, url, agent, Bells(store).bell(agent))
        agents.remove(store, agent, "kim")
        assert rung.result(10).status in (200, 403)
        assert wait(url, agent, 0).status == 403


@pytest.mark.parametrize(("since", "secret", "status"), [("x", SECRET, 400), ("-1", SECRET, 400), ("0", "wrong", 403)])
def test_what_makes_no_sense_does_not_wait(store: Store, agent: str, since: str, secret: str, status: int) -> None:
    with serving(store) as url:
        assert wait(url, agent, since, secret).status == status
        assert urllib3.request("GET", f"{url}{PATH}", retries=False).status == 403
