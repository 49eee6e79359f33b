"""Every call with what the document allows and with what it does not, made up by chance, against a real server.

Whatever comes, whoever sends it: the answer is one that the document speaks of, and never a failure of the manager; and
who may not do it is refused. What is allowed is asked of a worker, a job and a task that are there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from manager_server import serving
from pretended import SECRET, awake, job
from requests import PreparedRequest
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from stores import fresh
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.rules.access import EVERYWHERE, Grant, Need, Role, may
from farmhand.manager.rules.joining import Joining
from farmhand.manager.rules.tokens import DAY_MS, Scope
from farmhand.manager.storage import people, tags, tokens
from farmhand.manager.web.access.needs import NEEDS
from farmhand.manager.web.api import agent_push
from farmhand.manager.web.api.contract import document

# What waits, and what is answered 503 on purpose.
LEFT_OUT = r"^(push|shaman\w*)$"

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]


def without_security(node: Any) -> Any:
    """Return the document with nothing said of credentials, which the test sends with each request."""
    if isinstance(node, dict):
        return {key: without_security(value) for key, value in node.items() if key != "security"}
    return [without_security(each) for each in node] if isinstance(node, list) else node


schema = schemathesis.openapi.from_dict(without_security(document())).exclude(operation_id_regex=LEFT_OUT)
schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])


# Who calls, the ones who may least first: what they are refused must not have happened when the next one calls.
ROLES = {"viewer": Role.VIEWER, "limited": Role.OPERATOR, "operator": Role.OPERATOR, "admin": Role.ADMIN}


@dataclass(frozen=True)
class Farm:
    """A farm that is served. ids: of what is there, by the names that paths have. waiting: paths of Starlette's."""

    url: str
    ids: Mapping[str, str]
    worker: tuple[str, str]
    tokens: Mapping[str, str]
    routes: MapAdapter
    waiting: Mapping[str, Need]

    def need(self, sent: PreparedRequest) -> Need | None:
        """Return what the route asks of who calls it; None where a request leads nowhere."""
        path = urlsplit(str(sent.url)).path
        if path in self.waiting:
            return self.waiting[path] if sent.method == "GET" else None
        try:
            endpoint, _ = self.routes.match(path, sent.method)
        except HTTPException:
            return None
        return NEEDS[endpoint]


# With a parameter, whatever it is, each call has an id of its own. Without one, pytest from 9.2 on gives all of them
# the same, and of those that have the same id xdist runs one.
@pytest.fixture(scope="module", params=["sqlite"])
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """Serve a farm to which one has to sign in, with a worker at a task."""
    store = fresh(tmp_path_factory.mktemp("farm"), Settings(shared_storage_path="/farm", registration=Joining.OPEN))
    worker, job_id = awake(store, "render-1"), job(store)
    work = worker.asks_for_work()
    assert work is not None
    tag = tags.add(store, "gpu", "", "kim")
    admin = people.add(store, "kim", EVERYWHERE, "kim")
    scopes = {name: Scope(role, (tag.id,) if name == "limited" else ()) for name, role in ROLES.items()}
    made = {name: tokens.make(store, admin.id, name, scope, DAY_MS, "kim").text for name, scope in scopes.items()}
    ids = {"worker_id": worker.id, "job_id": job_id, "task_id": work.task.id, "tag_id": tag.id}
    routes = create_app(store).url_map.bind("farm")
    waiting = {agent_push.PATH: Need.AGENT}
    with serving(store) as url:
        yield Farm(url, ids, (worker.id, SECRET), made, routes, waiting)
    store.close()


@schema.parametrize()
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_request_is_too_strange(case: schemathesis.Case, farm: Farm) -> None:
    """What is allowed is sent as everybody; what is not as nobody and as one who may do everything."""
    proper = case.meta.generation.mode is GenerationMode.POSITIVE
    if proper and case.method != "DELETE":
        case.path_parameters.update({name: farm.ids[name] for name in case.path_parameters if name in farm.ids})
    unknown = case.call(base_url=farm.url)
    need = farm.need(unknown.request)
    (answer if need in (None, Need.OPEN) else refused)(case, unknown)
    if need is Need.WORKER:
        answer(case, case.call(base_url=farm.url, auth=farm.worker))
        return
    for name in farm.tokens if proper else ["admin"]:
        response = case.call(base_url=farm.url, headers={"Authorization": f"Bearer {farm.tokens[name]}"})
        may_it = may([Grant(ROLES[name])], need or Need.OPEN).granted
        if may_it and not (name == "limited" and response.status_code == 403):
            answer(case, response)
        elif not may_it:
            refused(case, response)


def answer(case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Check that the document speaks of an answer."""
    case.validate_response(response, checks=CHECKS)


def refused(case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Check that who may not do it has not."""
    case.validate_response(response, checks=[not_a_server_error])
    assert response.status_code in (401, 403), response.text
