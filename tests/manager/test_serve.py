"""The manager as a process: it says that it listens, and ends when it is asked to."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3
from farm import free_port
from polling import until

PROGRAM = """
import sys
from pathlib import Path
from farmhand.manager.config import Settings
from farmhand.manager.serve import serve
from farmhand.manager.storage.store import Store
data = Path(sys.argv[2])
sys.exit(serve(Store(data, Settings(without_login=True)), "127.0.0.1", int(sys.argv[1]), data))
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@contextmanager
def manager(port: int, data: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(port), str(data)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_it_prints_where_the_page_and_the_data_are(tmp_path: Path) -> None:
    port = free_port()
    with manager(port, tmp_path) as process:
        line = first_line(process)
        assert f"http://127.0.0.1:{port}/workers" in line
        assert str(tmp_path) in line
        assert "stop it with" in line


def test_it_notifies_its_supervisor_when_it_listens_and_when_it_stops(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(tmp_path / "notify"))
        notified.settimeout(20)
        with manager(port := free_port(), tmp_path / "data", NOTIFY_SOCKET=str(tmp_path / "notify")) as process:
            said = notified.recv(1000).decode().splitlines()
            assert "READY=1" in said
            assert any(line.startswith("STATUS=Workers page at http://") for line in said)
            assert urllib3.request("GET", f"http://127.0.0.1:{port}/workers").status == 200
            process.send_signal(signal.SIGTERM)
            assert notified.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_although_pages_are_live(tmp_path: Path, number: signal.Signals) -> None:
    http = urllib3.PoolManager()
    with manager(port := free_port(), tmp_path) as process:
        first_line(process)
        live = http.request("GET", f"http://127.0.0.1:{port}/live/workers", preload_content=False)
        live.readline()
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0
        assert said == ""  # the server tells of whom it had to cut off when its patience ended
        live.release_conn()


def test_a_port_in_use_is_said_and_may_be_tried_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, manager(taken.getsockname()[1], tmp_path) as process:
        _, error = process.communicate(timeout=20)
        assert process.returncode == 1
        assert error == f"farmhand-manager: --listen: 127.0.0.1:{taken.getsockname()[1]}: {PORT_IN_USE}\n"


PORT_IN_USE = "the port is in use; stop the program that has it, or choose another port"


def test_a_port_is_free_again_as_soon_as_it_has_ended(tmp_path: Path) -> None:
    port = free_port()
    for _ in range(2):
        with manager(port, tmp_path) as process:
            assert first_line(process)
            until(lambda: urllib3.request("GET", f"http://127.0.0.1:{port}/workers").status == 200, "an answer")
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
