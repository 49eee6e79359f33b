from collections.abc import Iterator
from pathlib import Path

import pytest
from stores import DIALECTS, Clock, opened

from farmhand.manager.storage.store import Store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=DIALECTS)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with opened(request.param, tmp_path, clock) as store:
        yield store
