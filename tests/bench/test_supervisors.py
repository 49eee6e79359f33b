"""Farmhand beside systemd, supervisord and a loop in C: how soon they start again, what they need, and what they cost.

All are measured in turn, round by round, so that a machine that is busy for a while is so for all of them. The loop in
C does nothing but posix_spawn and waitpid: it is the floor that no supervisor gets below.

ROUNDS=1 is for a quick look, ONLY=floor,farmhand for these alone, and PATIENCE= says after how many seconds to give up.
"""

import itertools
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import needs
import pytest
import rivals
from polling import until

HERE = Path(__file__).parent
ROUNDS = int(os.environ.get("ROUNDS", "3"))
FOREVER = 0


@dataclass(frozen=True)
class Bench:
    """The supervisors, the child that they run, and a folder for each of their runs."""

    rivals: Mapping[str, rivals.Rival]
    child: Path
    folder: Path

    @contextmanager
    def run(self, name: str, count: int, milliseconds: int) -> Iterator["Run"]:
        folder = self.folder / f"{name.replace(' ', '-')}-{time.monotonic_ns()}"
        folder.mkdir()
        log, fifo = folder / "child.log", folder / "fifo"
        os.mkfifo(fifo)
        holding = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        began = time.monotonic()
        command = (str(self.child), str(log), str(fifo), str(milliseconds), "47")
        try:
            with self.rivals[name](folder, command, count) as running:
                yield Run(running, log, holding, began)
        finally:
            os.close(holding)


@dataclass(frozen=True)
class Run:
    """One supervisor at work. began: when it was started, monotonic seconds."""

    supervisor: rivals.Running
    log: Path
    fifo: int
    began: float

    def events(self) -> list[tuple[str, int, float]]:
        """Return (what, process, seconds): S for a start, E for an exit."""
        if not self.log.exists():
            return []
        lines = [line.split() for line in self.log.read_text().splitlines()]
        return [(what, int(pid), int(nanoseconds) / 1e9) for what, pid, nanoseconds in lines]

    def starts(self, count: int) -> float:
        """Wait for so many starts; return the seconds until the last of them."""
        return (
            until(
                lambda: sorted(at for what, _, at in self.events() if what == "S")[count - 1 : count] or None,
                f"{count} starts",
                seconds=float(os.environ.get("PATIENCE", "120")),
            )[0]
            - self.began
        )

    def stops(self) -> float:
        """Have all services stopped; return the seconds until the last one was gone."""
        began = time.monotonic()
        self.supervisor.stop()
        poll = select.poll()
        poll.register(self.fifo, 0)  # a hang-up, when nobody has it open any more
        assert poll.poll(120_000), "waited 120 s in vain for the services to end"
        return time.monotonic() - began

    def gaps(self) -> list[float]:
        """Return the milliseconds from each exit to the next start; of one service."""
        pairs = itertools.pairwise(self.events())
        return [(after - at) * 1000 for (what, _, at), (_, _, after) in pairs if what == "E"]

    def memory(self) -> dict[str, float]:
        """Return MiB by name."""
        sizes = {"Rss": 0.0, "Pss": 0.0, "Private_Clean": 0.0, "Private_Dirty": 0.0}
        for line in Path(f"/proc/{self.supervisor.pid}/smaps_rollup").read_text().splitlines():
            name = line.partition(":")[0]
            if name in sizes:
                sizes[name] = int(line.split()[1]) / 1024
        private = sizes["Private_Clean"] + sizes["Private_Dirty"]
        return {"RSS": sizes["Rss"], "PSS": sizes["Pss"], "private": private}

    def switches(self) -> int:
        status = Path(f"/proc/{self.supervisor.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt_switches"))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("bench")
    for name in ("child", "floor"):
        subprocess.run(["cc", "-O2", "-static", "-D_GNU_SOURCE", "-o", folder / name, HERE / f"{name}.c"], check=True)
    found: dict[str, rivals.Rival] = {"floor": rivals.floor(folder / "floor"), "farmhand": rivals.farmhand}
    if rivals.can_boot_systemd():
        found["systemd"] = rivals.systemd
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = subprocess.run([folder / "venv/bin/pip", "install", "-q", "supervisor"], check=False)
    if pip.returncode == 0:
        found["supervisord"] = rivals.supervisord(folder / "venv/bin/supervisord")
    only = os.environ.get("ONLY", ",".join(found)).split(",")
    return Bench({name: found[name] for name in found if name in only}, folder / "child", folder)


def interleaved(bench: Bench, measure: Callable[[str], Mapping[str, float]], rounds: int = ROUNDS) -> None:
    """Measure each in turn, some rounds; print the medians."""
    found: dict[str, list[Mapping[str, float]]] = {name: [] for name in bench.rivals}
    for _ in range(rounds):
        for name in bench.rivals:
            found[name].append(measure(name))
    columns = list(next(iter(found.values()))[0])
    print(f"\n| supervisor | {' | '.join(columns)} |\n|{' --- |' * (len(columns) + 1)}")
    for name, rows in found.items():
        print(f"| {name} | {' | '.join(f'{median(row[column] for row in rows):.2f}' for column in columns)} |")


@needs.program("cc")
def test_from_an_exit_to_the_next_start(bench: Bench) -> None:
    def measure(name: str) -> Mapping[str, float]:
        with bench.run(name, 1, 10) as run:
            run.starts(2)
            time.sleep(3)
            quick = run.gaps()
        with bench.run(name, 1, 1100) as run:
            run.starts(6)
            slow = run.gaps()
        worst = sorted(quick)[len(quick) * 99 // 100]
        return {
            "crash loop ms": median(quick),
            "its 99th": worst,
            "restarts": len(quick),
            "lived 1.1 s, ms": median(slow),
        }

    interleaved(bench, measure)


@needs.program("cc")
def test_one_service(bench: Bench) -> None:
    def measure(name: str) -> Mapping[str, float]:
        with bench.run(name, 1, FOREVER) as run:
            started = run.starts(1)
            time.sleep(1)
            return {"first start ms": started * 1000, **{f"{kind} MiB": size for kind, size in run.memory().items()}}

    interleaved(bench, measure)


@needs.program("cc")
def test_a_hundred_idle_services(bench: Bench) -> None:
    def measure(name: str) -> Mapping[str, float]:
        with bench.run(name, 100, FOREVER) as run:
            run.starts(100)
            time.sleep(2)
            before = run.switches()
            time.sleep(10)
            return {"wake-ups in 10 s": run.switches() - before}

    interleaved(bench, measure, rounds=1)


@needs.program("cc")
def test_a_thousand_services(bench: Bench) -> None:
    def measure(name: str) -> Mapping[str, float]:
        with bench.run(name, 1000, FOREVER) as run:
            started = run.starts(1000)
            time.sleep(1)
            memory = run.memory()
            stopped = run.stops()
            return {
                "all started s": started,
                "all stopped s": stopped,
                **{f"{kind} MiB": memory[kind] for kind in memory},
            }

    interleaved(bench, measure, rounds=1)
