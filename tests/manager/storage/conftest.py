from collections.abc import Iterator
from pathlib import Path

import pytest
from stores import DIALECTS, Clock, open_store

from farmhand.manager.storage.store import Store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=DIALECTS)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    store = open_store(request.param, tmp_path, clock)
    yield store
    store.close()
