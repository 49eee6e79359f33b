"""A real supervisor in a process of its own, spoken to over its standard streams.

Requests go in as JSON lines and come back as JSON lines; every other line it writes is its log.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

from polling import until

_RUNNER = """
import json, os, sys
from farmhand.supervisor.control.protocol import Request
from farmhand.supervisor.loop import Shell, run
from farmhand.units.dialects import farmhand

def attach(waiter, handle):
    def hear():
        line = sys.stdin.readline()
        if not line:
            return waiter.forget(0)
        verb, names, options = json.loads(line)
        say = lambda reply: print(json.dumps([reply.exit_code, reply.lines, reply.data]), flush=True)
        handle(Request(verb, tuple(names), options), say)
    waiter.watch(0, 9, hear)

services = farmhand.read(sys.argv[1], open(sys.argv[1]).read()).services
sys.exit(run(services, Shell(dict(os.environ), attach=attach)))
"""


class Supervised:
    """Runs the services of a YAML text; leaving it stops them."""

    def __init__(self, folder: Path, text: str):
        path = folder / "farm.yaml"
        path.write_text(text)
        self.lines = []
        self.replies = []
        self.process = subprocess.Popen(
            [sys.executable, "-c", _RUNNER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "FOLDER": str(folder)},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            (self.replies if line.startswith("[") else self.lines).append(line.rstrip("\n"))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdin.close()
        self.process.stdout.close()

    def send(self, verb, *names, **options):
        """Ask without waiting for the reply, which `reply` returns."""
        self.process.stdin.write(json.dumps([verb, names, options]) + "\n")
        self.process.stdin.flush()

    def reply(self):
        until(lambda: self.replies, f"a reply; the log is {self.lines}")
        return json.loads(self.replies.pop(0))

    def ask(self, verb, *names, **options):
        """Return exit code, lines and data."""
        self.send(verb, *names, **options)
        return self.reply()

    def show(self, name):
        return self.ask("show", name)[2][name]

    def sees(self, pattern, times=1):
        """Wait until so many log lines match, and return the last of them."""

        def matching():
            found = [line for line in self.lines if re.search(pattern, line)]
            return found[times - 1] if len(found) >= times else None

        try:
            return until(matching, f"{times} times {pattern!r}")
        except AssertionError as failed:
            raise AssertionError(f"{failed} in {self.lines}") from None
