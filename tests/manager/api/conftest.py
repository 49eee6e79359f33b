from collections.abc import Iterator
from pathlib import Path

import pytest
from callers import Caller
from stores import DIALECTS, opened

from farmhand.manager.app import create_app
from farmhand.manager.storage.store import Store


@pytest.fixture(params=DIALECTS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request.param, tmp_path) as store:
        yield store


@pytest.fixture
def caller(store: Store) -> Caller:
    return Caller(create_app(store).test_client())
