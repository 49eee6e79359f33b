"""An agent as the manager's API knows it: what it says, without a node behind it."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from callers import Caller, WorkerCaller
from werkzeug.test import TestResponse

from farmhand.units.tickets import Claims, unseal

AGENTS = "/api/farmhand/agents"
RUN = "0123456789abcdef" * 2


@dataclass(frozen=True)
class AgentCaller:
    """An enrolled agent."""

    caller: Caller
    id: str
    secret: str
    key: str = field(repr=False)

    def call(self, method: str, path: str, body: object = None, **more: Any) -> TestResponse:
        return self.caller.call(method, f"{AGENTS}/{path}", body, auth=(self.id, self.secret), **more)

    def report(self, *services: dict[str, Any], trouble: str = "") -> dict[str, int]:
        said = {"supervisor": "farmhand", "trouble": trouble, "services": services}
        answer = self.call("POST", "report", said)
        assert answer.status_code == 200, answer.text
        codes: dict[str, int] = answer.json["codes"]
        return codes

    def take(self, challenge: str | None = None) -> list[Claims]:
        """Take the tickets that wait, and read them."""
        answer = self.call("POST", "tickets", {"challenge": challenge or secrets.token_hex(32)})
        assert answer.status_code == 200, answer.text
        return [unseal(bytes.fromhex(self.key), text) for text in answer.json["tickets"]]

    def tell(self, ticket: str, outcome: str, text: str = "") -> TestResponse:
        return self.call("POST", "outcomes", {"ticket": ticket, "outcome": outcome, "text": text})


def enrol(caller: Caller, name: str = "node-7") -> AgentCaller:
    secret, key = secrets.token_hex(32), secrets.token_hex(32)
    said = {"name": name, "platform": "linux", "version": "1", "secret": secret, "ticket_key": key}
    answer = caller.post(f"{AGENTS}/enrol", said)
    assert answer.status_code == 200, answer.text
    return AgentCaller(caller, answer.json["id"], secret, key)


def service(name: str = "worker@1", run: str = RUN, **changes: Any) -> dict[str, Any]:
    """A service as an agent reports it."""
    attested = {"code": 47, "holds": True, "why": "exit code 47 is in RestartForceExitStatus="}
    usual = {"active": "active", "sub": "running", "result": "success", "restarts": 0, "exit": "", "restart": attested}
    return {"name": name, "invocation": run, **usual, **changes}


def sign_on(worker: WorkerCaller, run: str = RUN, code: int = 47) -> None:
    """Have a worker say of which run its process is, and become awake."""
    said = {
        "name": "cap-1",
        "software_version": "1",
        "supported_task_types": ["misc"],
        "can_restart": True,
        "invocation": run,
        "restart_code": code,
    }
    assert worker.post("sign-on", said).status_code == 200
    assert worker.post("state-changed", {"status": "awake"}).status_code == 204
