"""A farm with an enemy, and what may never happen in it.

A supervisor, a manager and workers, all real, do short tasks while a nemesis kills, stops and restarts any of them and
an operator asks workers for this and that. Tasks write down when they start and stop, and hold a lock meanwhile; the
manager writes down the rest. `judge` reads both. The same seed makes the same choices, though not at the same moments.
"""

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from door import Door, Mode
from farm import BIN, ask, environment, free_port, run
from polling import until
from processes import marked

WORKERS = 3
SETTLES = 60.0  # seconds
LEASE = 15.0  # seconds that a worker may be silent; no task takes as long

CONFIG = """
supervisor:
  LogDirectory: ${FARMHAND_DATA}/log
services:
  manager:
    Type: notify
    ExecStart: farmhand-manager run --listen 127.0.0.1:${FARMHAND_PORT} --data ${FARMHAND_DATA}
    Restart: on-failure
    RestartSec: 100ms
    StartLimitIntervalSec: 0
  worker@:
    instances: [1, 2, 3]
    ExecStart: >-
      farmhand-worker --manager http://127.0.0.1:${FARMHAND_DOOR}/ --name node-%i --data ${FARMHAND_DATA}/node-%i
      --restart-exit-code 47
    Restart: on-failure
    RestartForceExitStatus: 47
    SuccessExitStatus: 47
    StartLimitIntervalSec: 0
    KillMode: mixed
    TimeoutStopSec: 10s
"""

# A task. Whoever gets no lock runs beside another that does the same; the lock goes with the last process of the tree.
TASK = """
import fcntl, os, random, subprocess, sys, time
frame, folder = sys.argv[2], sys.argv[4]
def mark(word):
    record = os.open(f"{folder}/marks", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(record, f"{word} {frame} {time.time():.6f}\\n".encode())
    os.close(record)
lock = os.open(f"{folder}/lock-{frame}", os.O_RDWR | os.O_CREAT)
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    mark("beside")
mark("start")
# Some take longer than a worker needs to be started again.
seconds = random.uniform(0.05, 0.6) if random.random() < 0.7 else random.uniform(1.0, 3.0)
subprocess.run(["sh", "-c", f"sleep {seconds}; true"], pass_fds=[lock])
mark("stop")
"""


@dataclass
class Field:
    """Where it all happens. deeds: what was done, when."""

    folder: Path
    seed: int
    port: int = field(default_factory=free_port)
    supervisor: "subprocess.Popen[bytes] | None" = None
    deeds: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.data = self.folder / "data"
        self.work = self.folder / "work"
        for made in (self.data, self.work):
            made.mkdir(parents=True)
        (self.folder / "farm.yaml").write_text(CONFIG)
        (self.folder / "task.py").write_text(TASK)
        self.door = Door(self.port)
        self.environment = {**environment(self.port, self.data), "FARMHAND_DOOR": str(self.door.port)}

    def start(self) -> None:
        """Start the supervisor, and with it all services; those of one that was killed are taken over."""
        with (self.folder / "output").open("ab") as out:
            self.supervisor = subprocess.Popen(
                [str(BIN / "farmhand"), "run", str(self.folder / "farm.yaml")],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def end(self) -> None:
        """End everything, whatever state it is in."""
        if self.supervisor is not None and self.supervisor.poll() is None:
            self.supervisor.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.supervisor.wait(20)
            self.supervisor.kill()
            self.supervisor.wait()
        self.door.close()
        while left := marked(str(self.folder)):
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def api(self, path: str, body: object = None) -> Any:
        return ask(f"http://127.0.0.1:{self.port}/api/v3/{path}", body)

    def workers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api("worker-mgt/workers")["workers"]
        return found

    def command(self, *words: str) -> None:
        run(self.environment, "farmhand", *words)

    def pids(self, program: str) -> list[int]:
        found = marked(str(self.data))
        return [pid for pid, command in found.items() if f"/{program} " in command and "task.py" not in command]

    def submit(self, tasks: int) -> str:
        settings = {"script": str(self.folder / "task.py"), "frames": f"1-{tasks}", "folder": str(self.work)}
        job = {"name": "history", "type": "script-frames", "priority": 50, "submitter_platform": "manager"}
        identity: str = self.api("jobs", {**job, "settings": settings})["id"]
        return identity


# -- the nemesis


def _signalled(number: signal.Signals, program: str) -> Callable[[Field], str]:
    def strike(farm: Field) -> str:
        pids = farm.pids(program)
        if not pids:
            return f"{program}: nobody to hit"
        pid = farm.chance.choice(sorted(pids))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            if number is signal.SIGSTOP:
                time.sleep(farm.chance.uniform(0.1, 1.5))
                os.kill(pid, signal.SIGCONT)
        return f"{program} {pid}: {number.name}"

    return strike


def _supervisor_killed(farm: Field) -> str:
    assert farm.supervisor is not None
    farm.supervisor.kill()
    farm.supervisor.wait()
    if farm.chance.random() < 0.5 and (pids := farm.pids("farmhand-worker")):
        with contextlib.suppress(ProcessLookupError):
            os.kill(farm.chance.choice(sorted(pids)), signal.SIGKILL)
    time.sleep(farm.chance.uniform(0.0, 0.3))
    farm.start()
    return f"supervisor {farm.supervisor.pid}: SIGKILL, and another"


def _network(mode: Mode) -> Callable[[Field], str]:
    def disturb(farm: Field) -> str:
        farm.door.let(mode)
        time.sleep(farm.chance.uniform(0.05, 1.5))
        farm.door.let(Mode.OPEN)
        return f"network: {mode.value}"

    return disturb


def _frozen(farm: Field) -> str:
    """Stop a worker for longer than it may be silent, while the others go on."""
    pids = sorted(farm.pids("farmhand-worker"))
    if not pids:
        return "nobody to freeze"
    pid = farm.chance.choice(pids)

    def thaw() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(LEASE + farm.chance.uniform(0.0, 5.0), thaw)
    timer.daemon = True
    timer.start()
    return f"farmhand-worker {pid}: frozen"


def _asked(farm: Field, chance: random.Random) -> str:
    """Have an operator ask a worker for something."""
    name = f"node-{chance.randint(1, WORKERS)}"
    wish = chance.choice(["asleep", "restart", "restart", "awake", "awake", "offline"])
    lazy = chance.random() < 0.6
    try:
        worker = next(one for one in farm.workers() if one["name"] == name)
        farm.api(f"worker-mgt/workers/{worker['id']}/setstatus", {"status": wish, "is_lazy": lazy})
    except (OSError, StopIteration) as problem:
        return f"{name}: {wish} could not be asked for: {problem}"
    return f"{name}: asked to become {wish}{', lazily' if lazy else ''}"


def _command(verb: str, unit: str) -> Callable[[Field], str]:
    def give(farm: Field) -> str:
        name = unit.format(farm.chance.randint(1, WORKERS))
        farm.command(verb, name)
        return f"farmhand {verb} {name}"

    return give


# How often, among all.
STRIKES: dict[Callable[[Field], str], int] = {
    _signalled(signal.SIGKILL, "farmhand-worker"): 4,
    _signalled(signal.SIGSTOP, "farmhand-worker"): 2,
    _signalled(signal.SIGTERM, "farmhand-worker"): 1,
    _signalled(signal.SIGKILL, "farmhand-manager"): 1,
    _signalled(signal.SIGSTOP, "farmhand-manager"): 1,
    _command("restart", "manager"): 1,
    _command("restart", "worker@{}"): 1,
    _command("start", "worker@{}"): 2,
    _network(Mode.DEAF): 1,
    _network(Mode.MUTE): 2,
    _supervisor_killed: 1,
}
LONG = {**STRIKES, _frozen: 1}


def rage(farm: Field, seconds: float) -> None:
    """Be the nemesis for a time, and the operator beside it."""
    strikes = LONG if seconds > 3 * LEASE else STRIKES
    end = time.monotonic() + seconds
    operator = threading.Thread(target=_operate, args=(farm, end))
    operator.start()
    while time.monotonic() < end:
        (strike,) = farm.chance.choices(list(strikes), list(strikes.values()))
        farm.deeds.append(f"{time.time():.3f} {strike(farm)}")
        time.sleep(farm.chance.uniform(0.0, 0.8))
    operator.join()


def _operate(farm: Field, end: float) -> None:
    chance = random.Random(-farm.seed)
    while time.monotonic() < end:
        farm.deeds.append(f"{time.time():.3f} {_asked(farm, chance)}")
        time.sleep(chance.uniform(0.0, 0.3))


def settle(farm: Field, job: str, tasks: int) -> None:
    """Have everybody up and awake, and wait for the job to be done."""

    def all_awake() -> bool:
        try:
            for worker in farm.workers():
                if worker["status"] in ("offline", "error"):  # the latter ended while there was no manager to tell
                    farm.command("start", f"worker@{worker['name'][-1]}")
                elif worker["status"] == "asleep":
                    farm.api(f"worker-mgt/workers/{worker['id']}/setstatus", {"status": "awake", "is_lazy": False})
            found = farm.workers()
            return all(one["status"] == "awake" and "status_change" not in one for one in found)
        except OSError:
            return False

    def completed() -> bool:
        with contextlib.suppress(OSError):
            return bool(farm.api(f"jobs/{job}")["status"] == "completed")
        return False

    until(all_awake, "all workers to be awake", seconds=SETTLES, pause=0.2)
    until(completed, "the job to be completed", seconds=SETTLES + tasks, pause=0.2)


# -- the judge


@dataclass(frozen=True)
class Event:
    seq: int
    at: float  # seconds since the epoch
    kind: str
    worker: str
    task: str
    detail: dict[str, Any]


def events(farm: Field) -> list[Event]:
    with contextlib.closing(sqlite3.connect(farm.data / "farmhand.sqlite")) as db:
        rows = db.execute("SELECT seq, at, kind, worker_id, task_id, detail FROM event ORDER BY seq").fetchall()
    return [
        Event(seq, at / 1000, kind, worker, task, json.loads(detail)) for seq, at, kind, worker, task, detail in rows
    ]


def judge(farm: Field, tasks: int) -> list[str]:
    """Return what should never have happened, in words."""
    record = events(farm)
    return [
        *_tasks_were_done_and_by_one_at_a_time(farm, tasks, record),
        *_hand_outs(record),
        *_requests_end_once(record),
        *_nobody_who_was_asked_to_go_got_a_task(record),
        *_failures(farm, record),
        *_everybody_is_who_they_were(record),
    ]


def marks(farm: Field) -> list[tuple[str, str, float]]:
    lines = (farm.work / "marks").read_text().split("\n")[:-1]
    return [(word, frame, float(at)) for word, frame, at in map(str.split, lines)]


def _tasks_were_done_and_by_one_at_a_time(farm: Field, tasks: int, record: list[Event]) -> Iterator[str]:
    found = marks(farm)
    yield from (f"frame {frame} ran twice at once, {at}" for word, frame, at in found if word == "beside")
    stopped = {frame for word, frame, _ in found if word == "stop"}
    yield from (f"frame {frame} was never done" for frame in map(str, range(1, tasks + 1)) if frame not in stopped)
    completed = {
        event.detail["name"].rpartition("-")[2]: event.at
        for event in record
        if event.kind == "task.status" and event.detail["to"] == "completed"
    }
    for word, frame, at in found:
        if word == "start" and at > completed.get(frame, at):
            yield f"frame {frame} was begun again {at - completed[frame]:.3f} s after it was completed"


def _hand_outs(record: list[Event]) -> Iterator[str]:
    """Each has a number of its own, and comes after the one before has ended, or to the same worker started anew."""
    attempts: dict[str, int] = defaultdict(int)
    holder: dict[str, str] = {}
    for event in record:
        if event.kind == "task.started":
            if event.detail["attempt"] <= attempts[event.task]:
                yield f"task {event.task}: attempt {event.detail['attempt']} after {attempts[event.task]}"
            if holder.get(event.task, event.worker) != event.worker:
                yield f"task {event.task} was handed to {event.worker} while {holder[event.task]} had it"
            attempts[event.task] = event.detail["attempt"]
            holder[event.task] = event.worker
        elif event.kind == "task.status" and event.detail["to"] != "active":
            holder.pop(event.task, None)


def _requests_end_once(record: list[Event]) -> Iterator[str]:
    ends: dict[str, list[Event]] = defaultdict(list)
    made: dict[str, Event] = {}
    for event in record:
        if event.kind == "request.made":
            made[event.detail["request"]] = event
            if event.detail.get("replaces"):
                ends[event.detail["replaces"]].append(event)
        elif event.kind in ("request.done", "request.withdrawn"):
            ends[event.detail["request"]].append(event)
    for request, event in made.items():
        if len(ends[request]) != 1:
            yield f"request {request} for {event.detail['status']} ended {len(ends[request])} times"
        elif ends[request][0].kind == "request.done" and event.detail["status"] == "restart":
            between = range(event.seq, ends[request][0].seq + 1)
            if not any(one.kind == "worker.signed-on" and one.seq in between for one in _of(record, event.worker)):
                yield f"request {request}: a restart is done, and there was no new process"


def _nobody_who_was_asked_to_go_got_a_task(record: list[Event]) -> Iterator[str]:
    pending: dict[str, str] = {}
    for event in record:
        if event.kind == "request.made" and event.detail["status"] != "awake":
            pending[event.worker] = event.detail["request"]
        elif event.kind in ("request.made", "request.done", "request.withdrawn"):
            pending.pop(event.worker, None)
        elif event.kind == "task.started" and event.worker in pending:
            yield f"task {event.task} was handed to {event.worker}, of whom {pending[event.worker]} was asked"


def _failures(farm: Field, record: list[Event]) -> Iterator[str]:
    with contextlib.closing(sqlite3.connect(farm.data / "farmhand.sqlite")) as db:
        for task, worker in db.execute("SELECT task_id, worker_id FROM failure"):
            yield f"task {task} counts as failed by {worker}"
    for event in record:
        if event.kind == "task.status" and event.detail["to"] in ("failed", "soft-failed", "canceled"):
            yield f"task {event.task} is {event.detail['to']}: {event.detail.get('reason')}"


def _everybody_is_who_they_were(record: list[Event]) -> Iterator[str]:
    registered = [event.worker for event in record if event.kind == "worker.registered"]
    if len(registered) != WORKERS:
        yield f"{len(registered)} workers have registered, of {WORKERS}"


def _of(record: list[Event], worker: str) -> Iterator[Event]:
    return (event for event in record if event.worker == worker)
