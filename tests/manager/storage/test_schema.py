"""The migrations make the tables that the statements are written for."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from stores import beside

from farmhand.manager.config import Settings
from farmhand.manager.storage import migrations
from farmhand.manager.storage.newer import TooNew
from farmhand.manager.storage.store import Store
from farmhand.manager.storage.tables import metadata

VERSIONS = Path(migrations.__file__).parent / "versions"


def test_migrating_makes_what_tables_says(store):
    with store.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_every_index_and_constraint_has_its_name(store):
    with store.database.read() as connection:
        found = inspect(connection)
        made = {index["name"] for table in metadata.tables for index in found.get_indexes(table)}
    assert {index.name for table in metadata.tables.values() for index in table.indexes} <= made


def test_a_second_start_finds_nothing_to_do(store):
    store.close()
    with beside(store) as again:
        assert again.revision == store.revision


def test_a_newer_schema_is_refused_with_what_to_do(store):
    with store.database.write() as change:
        change.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(TooNew, match=r"schema 9999.*none newer than \d{4}.*run the newer Farmhand"), beside(store):
        pass


def test_what_a_failed_migration_did_is_undone(tmp_path, clock):
    with pytest.raises(ZeroDivisionError):
        _start_and_fail(tmp_path, clock)
    store = Store(tmp_path, Settings(), clock)
    assert store.workers() == []
    store.close()


def _start_and_fail(tmp_path, clock):
    from farmhand.manager.storage.database import Database
    from farmhand.manager.storage.schema import upgrade

    database = Database(f"sqlite:///{tmp_path / 'farmhand.sqlite'}", clock)
    try:
        with database.write() as change:
            upgrade(change.connection)
            raise ZeroDivisionError
    finally:
        database.close()


def test_revisions_are_numbered_in_a_row():
    numbers = sorted(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
