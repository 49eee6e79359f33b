"""Workers find a manager by real multicast, on machines of a network of their own."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import network
import pytest
from network import BIN, Machine
from polling import until

from farmhand.worker.rules import ssdp

pytestmark = network.needed

PORT = 8123
WORKERS = "api/v3/worker-mgt/workers"
SEARCH = (BIN / "farmhand-worker", "--find-manager")


@contextlib.contextmanager
def manager(machine: Machine, data: Path, *options: str, listen: str = "0.0.0.0") -> Iterator[Path]:
    """Run a manager on a machine; yield what it writes."""
    data.mkdir(parents=True)
    output = data / "output"
    words = (BIN / "farmhand-manager", "run", "--listen", f"{listen}:{PORT}", "--data", data, *options)
    with output.open("wb") as out, machine.running(*words, stdout=out, stderr=out) as process:
        until(lambda: b"Workers page" in output.read_bytes() or process.poll() is not None, "the manager", seconds=30)
        assert process.poll() is None, output.read_text()
        yield output


@dataclass(frozen=True)
class Lan:
    """Two machines. url: of the manager on the first one, where there is one; output: what that writes."""

    here: Machine
    there: Machine
    url: str
    output: Path = Path()


@pytest.fixture(scope="module")
def lan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lan]:
    """A manager that may be found, and a machine beside it."""
    folder = tmp_path_factory.mktemp("farm")
    with network.lan() as (here, there), contextlib.ExitStack() as running:
        config = folder / "manager.yaml"
        config.write_text(f"registration: open\nopen_networks: [{here.address}]\n")
        output = running.enter_context(manager(here, folder / "data", "--autodiscoverable", "--config", str(config)))
        yield Lan(here, there, f"http://{here.address}:{PORT}/", output)


@pytest.fixture
def empty() -> Iterator[Lan]:
    """Two machines with nothing on them."""
    with network.lan() as (here, there):
        yield Lan(here, there, f"http://{here.address}:{PORT}/")


def test_a_worker_on_another_machine_finds_the_manager(lan: Lan) -> None:
    found = lan.there.run(*SEARCH)
    assert (found.returncode, found.stdout) == (0, f"{lan.url}\n"), found.stderr


def test_a_worker_without_a_manager_searches_and_goes_to_work(lan: Lan, tmp_path: Path) -> None:
    worker = (BIN / "farmhand-worker", "--data", tmp_path / "worker", "--name", "found-1")
    fetch = (sys.executable, "-c", f"import urllib.request as u; print(u.urlopen('{lan.url}{WORKERS}').read())")
    with (tmp_path / "log").open("wb") as log, lan.there.running(*worker, stderr=log, cwd=tmp_path):
        until(lambda: '"awake"' in lan.here.run(*fetch).stdout, "the worker to be awake", seconds=20)


def test_a_manager_that_is_not_to_be_found_is_not(empty: Lan, tmp_path: Path) -> None:
    with manager(empty.here, tmp_path / "data"), pytest.raises(subprocess.TimeoutExpired):
        empty.there.run(*SEARCH, seconds=2)


def test_a_manager_on_the_loopback_is_found_there_alone(empty: Lan, tmp_path: Path) -> None:
    with manager(empty.here, tmp_path / "data", "--autodiscoverable", listen="127.0.0.1"):
        assert empty.here.run(*SEARCH).stdout == f"http://127.0.0.1:{PORT}/\n"
        with pytest.raises(subprocess.TimeoutExpired):
            empty.there.run(*SEARCH, seconds=2)


def test_a_manager_that_was_there_before_the_network_is_found(empty: Lan, tmp_path: Path) -> None:
    cable = (f"{empty.here.address}/24", "dev", "cable")
    empty.here.run("ip", "addr", "del", *cable)
    with manager(empty.here, tmp_path / "data", "--autodiscoverable"):
        empty.here.run("ip", "addr", "add", *cable)
        assert empty.there.run(*SEARCH).stdout == f"{empty.url}\n"


# What is sent to the group and to the manager's own port, and what a liar answers.
HOSTILE = """
import os, socket, sys, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
good = open(sys.argv[2], "rb").read()
until = time.monotonic() + 1
while time.monotonic() < until:
    for datagram in (b"", b"\\0" * 9000, os.urandom(900), good[:40], good.replace(b"3", b"9" * 3000), good):
        sock.sendto(datagram, ("239.255.255.250", 1900))
        sock.sendto(datagram, (sys.argv[3], 1900))
"""


def test_hostile_datagrams_keep_nobody_from_being_found(lan: Lan, tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(ssdp.search())
    storm = (sys.executable, "-c", HOSTILE, lan.there.address, tmp_path / "good", lan.here.address)
    assert lan.there.run(*storm).returncode == 0
    found = lan.there.run(*SEARCH)
    assert found.stdout == f"{lan.url}\n", found.stderr
    assert "Traceback" not in lan.output.read_text()


LIAR = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
sock.bind(("", 1900))
mine = socket.inet_aton(sys.argv[1])
sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.255.255.250") + mine)
print("ready", flush=True)
answer = "HTTP/1.1 200 OK\\r\\nST: urn:flamenco:manager:0\\r\\nLOCATION: {}\\r\\n\\r\\n"
lies = ["file:///etc/passwd", "x" * 9000, "http://nobody.invalid/", *map("http://127.0.0.1:{}/".format, range(1, 40))]
while True:
    _, asker = sock.recvfrom(9000)
    for lie in lies:
        sock.sendto(answer.format(lie).encode(), asker)
    sock.sendto(bytes(range(256)), asker)
"""


def test_a_liar_does_not_keep_a_worker_from_the_manager(lan: Lan) -> None:
    with lan.there.running(sys.executable, "-c", LIAR, lan.there.address, stdout=subprocess.PIPE) as liar:
        assert liar.stdout is not None
        assert liar.stdout.readline() == b"ready\n"
        found = lan.there.run(*SEARCH)
        assert found.stdout == f"{lan.url}\n", found.stderr
        assert "Traceback" not in found.stderr


LISTEN = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("", 1900))
mine = socket.inet_aton(sys.argv[1])
sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.255.255.250") + mine)
print("ready", flush=True)
while True:
    print(repr(sock.recv(9000)), flush=True)
"""


def test_a_manager_tells_that_it_comes_and_goes(empty: Lan, tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    listen = (sys.executable, "-c", LISTEN, empty.there.address)
    with heard.open("wb") as out, empty.there.running(*listen, stdout=out):
        until(lambda: "ready" in heard.read_text(), "somebody to listen")
        with manager(empty.here, tmp_path / "data", "--autodiscoverable"):
            until(lambda: "ssdp:alive" in heard.read_text(), "the manager to say that it is there")
        until(lambda: "ssdp:byebye" in heard.read_text(), "the manager to say that it goes")
        assert f"{empty.url}upnp/description.xml" in heard.read_text()


def test_a_manager_whose_port_is_taken_serves_all_the_same(empty: Lan, tmp_path: Path) -> None:
    with empty.here.running(sys.executable, "-c", LISTEN, empty.here.address, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"ready\n"
        with manager(empty.here, tmp_path / "data", "--autodiscoverable") as output:
            assert "workers cannot find this manager: UDP port 1900" in output.read_text()


GIVE_UP = """
from farmhand.worker.discovery import NoManager, find
signs = []
try:
    find(signs.append, give_up_after=1.5)
except NoManager as problem:
    print(len(signs), problem)
"""


def test_a_search_ends_and_says_so_and_its_watchdog_hears_of_it(empty: Lan) -> None:
    said = empty.here.run(sys.executable, "-c", GIVE_UP)
    assert said.stdout == (
        "2 no manager has answered in this network for 0.025 min; name one with --manager http://HOST:8080/\n"
    ), said.stderr
