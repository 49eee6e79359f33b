from collections.abc import Iterator
from pathlib import Path

import pytest
from callers import Caller

from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path, Settings(shared_storage_path="/farm"))
    yield store
    store.close()


@pytest.fixture
def caller(store: Store) -> Caller:
    return Caller(create_app(store).test_client())
