"""What it costs to check a request against the OpenAPI document: processor time for each call of a worker."""

import json
import time

from farmhand.manager.web.api.contract import JSON, operations

ROUNDS = 5_000
TASK = "0c5cae9f-8a51-4d1e-a1b2-0123456789ab"
TYPES = ["blender", "ffmpeg", "file-management", "misc"]
SIGN_ON = {"can_restart": True, "name": "cap-1", "software_version": "3.9", "supported_task_types": TYPES}

# Microseconds; a worker's whole call takes some hundreds.
AT_MOST = 50

# What a worker sends: the call, and its body.
SENT = {
    "sign on": (("POST", "/api/v3/worker/sign-on"), SIGN_ON),
    "status": (("POST", "/api/v3/worker/state-changed"), {"status": "awake"}),
    "fetch": (("POST", "/api/v3/worker/task"), None),
    "progress": (("POST", "/api/v3/worker/task/{task_id}"), {"activity": "Progress", "steps_completed": 1}),
    "10 KiB of log": (("POST", "/api/v3/worker/task/{task_id}"), {"log": "pid=19506 > line\n" * 600}),
    "may I run": (("GET", "/api/v3/worker/task/{task_id}/may-i-run"), None),
}


def microseconds(name: str) -> float:
    call, body = SENT[name]
    operation, content = operations()[call], json.dumps(body).encode()
    begun = time.process_time()
    for _ in range(ROUNDS):
        operation.read_path({"task_id": TASK})
        if body is not None:
            operation.read_body(JSON, content)
    return (time.process_time() - begun) / ROUNDS * 1e6


def test_a_request_is_checked_in_microseconds() -> None:
    took = {name: min(microseconds(name) for _ in range(3)) for name in SENT}
    print("\n" + "\n".join(f"{name:15} {cost:6.1f} us" for name, cost in took.items()))
    assert max(took.values()) < AT_MOST
