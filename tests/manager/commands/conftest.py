"""Workers that exist in the store of a real manager alone."""

import pytest
from pretended import Pretended, awake

from farmhand.manager.storage.store import Store


@pytest.fixture
def node(url: str, store: Store) -> Pretended:
    return awake(store, "node-1")


@pytest.fixture
def other(url: str, store: Store) -> Pretended:
    """A second worker, which cannot restart."""
    return awake(store, "node-2", can_restart=False)
