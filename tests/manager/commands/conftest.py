"""A real manager on a real port, and workers that exist in its store alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from manager_server import serving
from pretended import Pretended, awake
from stores import fresh

from farmhand.manager.storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = fresh(tmp_path / "data")
    yield store
    store.close()


@pytest.fixture
def url(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serving(store) as url:
        monkeypatch.setenv("FARMHAND_MANAGER", url)
        yield url


@pytest.fixture
def node(url: str, store: Store) -> Pretended:
    return awake(store, "node-1")


@pytest.fixture
def other(url: str, store: Store) -> Pretended:
    """A second worker, which cannot restart."""
    return awake(store, "node-2", can_restart=False)
