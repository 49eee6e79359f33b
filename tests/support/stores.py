"""Stores on databases of every kind, with a clock that the test moves."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import postgres

from farmhand.manager.config import Settings
from farmhand.manager.storage.store import Store

DIALECTS = ("sqlite", "postgresql")


class Clock:
    """Milliseconds since the epoch, which pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000
        self._passed = 0

    def __call__(self) -> int:
        return self.now

    def steady(self) -> int:
        return self._passed

    def passes(self, seconds: float) -> None:
        self.now += round(seconds * 1000)
        self._passed += round(seconds * 1000)

    def is_set(self, seconds: float) -> None:
        """Somebody sets the clock so much later, in no time."""
        self.now += round(seconds * 1000)


@contextlib.contextmanager
def opened(dialect: str, folder: Path, clock: Clock | None = None, settings: Settings | None = None) -> Iterator[Store]:
    """Open an empty store on a database of a kind, for as long as the block runs."""
    with postgres.fresh_database() if dialect == "postgresql" else contextlib.nullcontext("") as url:
        store = _open(folder, settings, clock, url) if url else fresh(folder, settings, clock)
        try:
            yield store
        finally:
            store.close()


def fresh(folder: Path, settings: Settings | None = None, clock: Clock | None = None) -> Store:
    """Open an empty store in a folder: a copy of one that has been migrated, which is quicker than migrating."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "farmhand.sqlite").write_bytes(_migrated())
    return _open(folder, settings, clock)


def _open(folder: Path, settings: Settings | None, clock: Clock | None, url: str = "") -> Store:
    settings = settings or Settings(shared_storage_path="/farm", without_login=True)
    if clock is None:
        return Store(folder, settings, url=url)
    return Store(folder, settings, clock, url, clock.steady)


@contextlib.contextmanager
def beside(store: Store) -> Iterator[Store]:
    """Open what another manager has open, as one that shares its database and its folder does."""
    url = store.database.engine.url.render_as_string(hide_password=False)
    other = Store(store.files.root.parent, store.settings, store.clock, url, store.steady)
    try:
        yield other
    finally:
        other.close()


@cache
def _migrated() -> bytes:
    folder = Path(tempfile.mkdtemp())
    Store(folder, Settings()).close()
    content = (folder / "farmhand.sqlite").read_bytes()
    shutil.rmtree(folder)
    return content
