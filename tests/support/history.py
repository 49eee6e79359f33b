"""A farm to be disturbed: a supervisor, a manager and workers, all real, that do short tasks.

Tasks write down when they start and stop, and hold a lock meanwhile; the manager writes down the rest. `nemesis.py`
does its worst to them, `judge.py` reads what was written.
"""

import contextlib
import os
import random
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from door import Door
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
    ExecStart: farmhand-manager run --without-login --listen 127.0.0.1:${FARMHAND_PORT} --data ${FARMHAND_DATA}
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
