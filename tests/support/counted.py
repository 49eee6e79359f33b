"""How many statements a database is sent: what must not grow with the farm, however quick the machine is."""

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import event

from farmhand.manager.storage.store import Store


@contextlib.contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """Yield what is sent while the block runs; many rows that go with one statement count once."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(store.database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(store.database.engine, "before_cursor_execute", note)
