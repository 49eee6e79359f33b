import os
import socket
import time

import pytest
from flamenco_manager import manager
from worker_process import worker

from farmhand.worker.notify import watchdog_interval


@pytest.fixture
def service_manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(10)
        yield listening


def hears(listening, wanted):
    """Return the messages up to the first that begins with `wanted`."""
    heard, end = [], time.monotonic() + 10
    while not heard or not heard[-1].startswith(wanted):
        assert time.monotonic() < end, f"no {wanted} in {heard}"
        heard.append(listening.recv(4096).decode())
    return heard


def test_the_service_manager_is_told_everything(service_manager, tmp_path):
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
    with manager(push=True) as farm:
        farm.fail["/api/v3/worker/register-worker"] = 500
        with worker(farm.url, tmp_path, env=environment) as started:
            assert hears(service_manager, "READY=1") == ["READY=1"]
            hears(service_manager, "STATUS=registering (")
            farm.fail.clear()
            hears(service_manager, "STATUS=awake")
            for _ in range(3):
                hears(service_manager, "WATCHDOG=1")
            farm.add_task(("exec", {"exe": "sleep", "args": ["60"]}), name="Bild \u00fcber\nalles")
            assert hears(service_manager, "STATUS=running")[-1] == "STATUS=running task Bild \u00fcber alles"
            farm.ask("offline")
            hears(service_manager, "STOPPING=1")
            assert started.exit_code() == 0


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "20000000"}, 10.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}, 10.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_watchdog_interval(environment, seconds):
    assert watchdog_interval(environment) == seconds
