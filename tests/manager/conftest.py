"""A real manager on a real port, which the command line takes for its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from manager_server import serving
from stores import fresh
from templates import templates_compiled_once

from farmhand.manager.storage.store import Store

__all__ = ["templates_compiled_once"]  # it is of use without a test that names it


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
