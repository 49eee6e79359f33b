"""Stores on databases of every kind that is on hand, with a clock that the test moves."""

import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from farmhand.manager.clock import wall_clock
from farmhand.manager.config import Settings
from farmhand.manager.storage.store import Store

DIALECTS = ("sqlite",)


class Clock:
    """Milliseconds since the epoch, which pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += round(seconds * 1000)


def open_store(dialect: str, folder: Path, clock: Clock, settings: Settings | None = None) -> Store:
    assert dialect == "sqlite", f"no way to open a store on {dialect}"
    return fresh(folder, settings, clock)


def fresh(folder: Path, settings: Settings | None = None, clock: Callable[[], int] = wall_clock) -> Store:
    """Open an empty store in a folder: a copy of one that has been migrated, which is quicker than migrating."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "farmhand.sqlite").write_bytes(_migrated())
    return Store(folder, settings or Settings(shared_storage_path="/farm"), clock)


@cache
def _migrated() -> bytes:
    folder = Path(tempfile.mkdtemp())
    Store(folder, Settings()).close()
    content = (folder / "farmhand.sqlite").read_bytes()
    shutil.rmtree(folder)
    return content
