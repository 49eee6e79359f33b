"""A farm's rows from one database to another of any kind, through the tables as they are there.

The portable form of a farm is an SQLite file: a backup is one whatever the farm is kept in, and a farm goes back from
it into either.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from sqlalchemy import JSON, Column, Connection, MetaData, Table, delete, func, insert, select

from ..clock import wall_clock
from . import schema
from .database import Database

# The table of Alembic's, which every migration writes itself.
VERSION = "alembic_version"

# Rows that are read and written at a time.
BATCH = 1000


def copy_file(source: Path, target: Path) -> None:
    """Copy a database that is a file as it is at one moment, whoever writes to it meanwhile."""
    where = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(where, uri=True)) as origin, closing(sqlite3.connect(target)) as copy:
        origin.backup(copy)  # at once, so that a writer does not make it start over
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, and none beside it


def copy_rows(source: Database, target: Path) -> None:
    """Make a file of another database, as that is at one moment."""
    made = Database(f"sqlite:///{target}", wall_clock)
    try:
        with source.read() as origin, made.write() as change:
            pour(origin, change.connection, schema.standing(origin).current or "")
        with made.look() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = DELETE")
    finally:
        made.close()


def pour(source: Connection, target: Connection, revision: str) -> None:
    """Make the tables of a schema in an empty database, and fill them with what another one of that schema holds."""
    schema.upgrade(target, revision)
    origin, made = tables(source), tables(target)
    for table in reversed(made.values()):  # what the migrations have written
        if target.execute(select(1).select_from(table).limit(1)).first():
            target.execute(delete(table))
    for name, table in made.items():
        columns = [column.name for column in table.columns if column.computed is None]
        query = select(*(origin[name].c[column] for column in columns)).execution_options(yield_per=BATCH)
        for rows in source.execute(query).mappings().partitions():
            target.execute(insert(table), [dict(row) for row in rows])
    if target.dialect.name == "postgresql":
        _count_on(target, made)


def _count_on(connection: Connection, made: Mapping[str, Table]) -> None:
    """Have what counts by itself go on after the rows that brought their numbers."""
    for table in made.values():
        for column in table.primary_key:
            query = select(func.pg_get_serial_sequence(table.name, column.name))
            sequence = connection.execute(query).scalar()
            newest = sequence and connection.execute(select(func.max(column))).scalar()
            if newest:
                connection.execute(select(func.setval(sequence, newest)))


def tables(connection: Connection) -> dict[str, Table]:
    """Return our tables as they are there, those first that others refer to."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name != VERSION)
    for table in found.tables.values():
        for column in table.columns:
            _keep_nulls(column)
    return {table.name: table for table in found.sorted_tables}


def _keep_nulls(column: Column[object]) -> None:
    """Write no value as NULL, not as the JSON that says null."""
    if isinstance(column.type, JSON):
        column.type = JSON(none_as_null=True)


def counts(connection: Connection) -> dict[str, int]:
    """Count the rows of each table."""
    return {
        name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in tables(connection).items()
    }
