"""Many rows in one statement, as ten thousand statements take seconds; and many workers in several transactions."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from sqlalchemy import ARRAY, Connection, Insert, Table, Update, bindparam, column, func, insert, select, update
from sqlalchemy.sql.selectable import TableValuedAlias

Rows = Sequence[Mapping[str, object]]

# So many workers are changed in one transaction; others write between two.
PART = 500


def parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut what concerns many, so that nobody who writes meanwhile waits for all of it."""
    return (ids[start : start + PART] for start in range(0, len(ids), PART))


# Beside the columns that are set: the id of the row in which they are.
OF = "of"


def insert_all(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert rows that all name the same columns."""
    _execute(connection, _insert(table, tuple(rows[0]), connection.dialect.name), rows)


def update_all(connection: Connection, table: Table, rows: Rows) -> None:
    """Set what each row says, in the row of the table whose id is its `of`; all set the same columns."""
    _execute(connection, _update(table, tuple(rows[0]), connection.dialect.name), rows)


def _execute(connection: Connection, statement: Insert | Update, rows: Rows) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(statement, {name: [row[name] for row in rows] for name in rows[0]})
    else:
        connection.execute(statement, rows)  # compiled once, and run by SQLite without a way to go


@cache
def _insert(table: Table, names: tuple[str, ...], dialect: str) -> Insert:
    if dialect != "postgresql":
        return insert(table)
    return insert(table).from_select(list(names), select(*_given(table, names).c))


@cache
def _update(table: Table, names: tuple[str, ...], dialect: str) -> Update:
    if dialect != "postgresql":
        return update(table).where(table.c.id == bindparam(OF))
    given = _given(table, names)
    return update(table).where(table.c.id == given.c[OF]).values({name: given.c[name] for name in names if name != OF})


def _given(table: Table, names: tuple[str, ...]) -> TableValuedAlias:
    """Select from arrays, one for each column, as if from a table."""
    types = {name: table.c["id" if name == OF else name].type for name in names}
    arrays = (bindparam(name, type_=ARRAY(type)) for name, type in types.items())
    rows = func.unnest(*arrays).table_valued(*(column(name, type) for name, type in types.items()))
    return rows.render_derived("given")
