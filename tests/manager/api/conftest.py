from collections.abc import Iterator
from pathlib import Path

import pytest
from callers import Caller
from stores import fresh

from farmhand.manager.app import create_app
from farmhand.manager.storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = fresh(tmp_path)
    yield store
    store.close()


@pytest.fixture
def caller(store: Store) -> Caller:
    return Caller(create_app(store).test_client())
