"""Stores on databases of every kind that is on hand, with a clock that the test moves."""

from pathlib import Path

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
    return Store(folder, settings or Settings(shared_storage_path="/farm"), clock)
