"""A farm and the supervisors that have it one after the other: replaced in place, or killed and started again."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from polling import until

from farmhand.supervisor.control.protocol import NoSupervisor, Request, ask

FARMHAND = Path(sys.executable).with_name("farmhand")


class Succession:
    """The services of a YAML text, in a folder that they know as $FOLDER. Leaving it ends everything."""

    def __init__(self, folder: Path, text: str, *options: str) -> None:
        self.folder = folder
        self.file = folder / "farm.yaml"
        self.file.write_text(text)
        self.control = folder / "control.sock"
        self.state = folder / "control.sock.d"
        self.process: subprocess.Popen[bytes] | None = None
        self.start(*options)

    def __enter__(self) -> "Succession":
        return self

    def __exit__(self, *exception) -> None:
        if self.process.poll() is not None:
            self.start("--leftovers", "stop")
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)

    def start(self, *options: str, wait: bool = True) -> None:
        command = [FARMHAND, "run", self.file, "--control", self.control, "--log-dir", self.folder / "log", *options]
        with (self.folder / "output").open("ab") as out:
            environ = {**os.environ, "FOLDER": str(self.folder)}
            self.process = subprocess.Popen(command, cwd=self.folder, env=environ, stdout=out, stderr=out)
        if wait:
            until(lambda: self.answers() or self.process.poll() is not None, f"an answer; it says {self.output}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def kill_and_start(self, *options: str) -> None:
        self.kill()
        self.start(*options)

    def reexec(self) -> None:
        reply = self.ask("reexec")
        assert reply.exit_code == 0, (reply, self.output)

    def ask(self, verb: str, *names: str, **options):
        return ask(self.control, Request(verb, names, options), timeout=20)

    def answers(self) -> bool:
        try:
            return self.ask("ping").exit_code == 0
        except NoSupervisor:
            return False

    def show(self, name: str = "it") -> dict[str, str]:
        return self.ask("show", name).data[name]

    def until_state(self, state: str, name: str = "it") -> dict[str, str]:
        """Wait for a SubState= and return all properties."""
        return until(
            lambda: (shown := self.show(name))["SubState"] == state and shown,
            f"{name} to be {state}; it is {self.show(name)['SubState']}; the log is {self.output}",
        )

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text()

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def touch(self, name: str) -> None:
        (self.folder / name).touch()

    def record(self, name: str = "it") -> Path:
        return self.state / f"{name}.json"

    def edit_record(self, change, name: str = "it") -> None:
        """Change what is remembered of a service."""
        data = json.loads(self.record(name).read_text())
        change(data)
        self.record(name).write_text(json.dumps(data))
