"""Services of systemd, by systemctl: show, start, restart and reset-failed of the units that are named, and no more.

systemctl does not wait for a change of state, so it is asked at a calm pace.
"""

import shutil
import subprocess
import threading
from collections.abc import Mapping

from ...units.unit_names import full_name, short_name
from ..rules.attested import PROPERTIES
from .node import Unseen

_PATIENCE = 30.0  # seconds that systemd may take to say how things are
_LONGEST = 600.0  # and to start or restart a service: longer than any TimeoutStopSec= of a worker


class Systemd:
    """The units that are named; see node.Node. pace: seconds between two looks."""

    kind = "systemd"

    def __init__(self, names: tuple[str, ...], pace: float) -> None:
        self._names = tuple(dict.fromkeys(short_name(name) for name in names))
        self._pace = pace
        self._acted = threading.Event()
        self._systemctl = shutil.which("systemctl") or "/usr/bin/systemctl"

    def look(self) -> Mapping[str, Mapping[str, str]]:
        shown = self._run("show", *self._names, options=(f"--property={','.join(PROPERTIES)}",), patience=_PATIENCE)
        if shown.returncode:
            raise Unseen(f"systemctl show: {shown.stderr.strip() or shown.returncode}")
        units = [_properties(block) for block in shown.stdout.strip().split("\n\n")]
        return dict(zip(self._names, units, strict=True))

    def wait(self) -> None:
        self._acted.wait(self._pace)
        self._acted.clear()

    def act(self, verb: str, name: str) -> str | None:
        try:
            # Or a start limit could keep it down; systemd has forgotten most units that do not run, and says so.
            self._run("reset-failed", name, patience=_PATIENCE)
            done = self._run(verb, name, patience=_LONGEST)
        except Unseen as problem:
            return str(problem)
        finally:
            self._acted.set()
        return None if done.returncode == 0 else " ".join(done.stderr.split()) or f"systemctl {verb} failed"

    def _run(
        self, verb: str, *names: str, options: tuple[str, ...] = (), patience: float
    ) -> subprocess.CompletedProcess[str]:
        words = [self._systemctl, "--no-pager", "--no-ask-password", verb, *options, "--", *map(full_name, names)]
        try:
            return subprocess.run(
                words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=patience, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise Unseen(f"systemctl {verb}: {problem}") from None


def _properties(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
