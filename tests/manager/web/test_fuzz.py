"""Every call with what the document allows and with what it does not, made up by chance, against a real server.

Whatever comes, the answer is one that the document speaks of, and never a failure of the manager. What is allowed is
asked of a worker, a job and a task that are there.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from manager_server import serving
from pretended import SECRET, awake, job
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from stores import fresh

from farmhand.manager.web.contract import document

# What waits, and what is answered 503 on purpose.
LEFT_OUT = r"^(push|agentPush|shaman\w*)$"

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


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Serve a farm with a worker at a task; tell where, and by which ids and credentials they are known."""
    store = fresh(tmp_path_factory.mktemp("farm"))
    worker, job_id = awake(store, "render-1"), job(store)
    work = worker.asks_for_work()
    assert work is not None
    ids = {"worker_id": worker.id, "job_id": job_id, "task_id": work.task.id}
    with serving(store) as url:
        yield {"url": url, "ids": ids, "auth": (worker.id, SECRET)}
    store.close()


@schema.parametrize()
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_request_is_too_strange(case: schemathesis.Case, farm: dict[str, Any]) -> None:
    if case.meta.generation.mode is GenerationMode.POSITIVE and case.method != "DELETE":
        case.path_parameters.update({name: farm["ids"][name] for name in case.path_parameters if name in farm["ids"]})
    response = case.call(base_url=farm["url"], auth=farm["auth"])
    case.validate_response(response, checks=CHECKS)
