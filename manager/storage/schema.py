"""Bring a database to the schema that this program speaks; refuse one that a newer program has moved on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from . import migrations
from .database import Database
from .newer import TooNew


@dataclass(frozen=True)
class Standing:
    """Where a database is, and where this program would bring it.

    current: None for one without tables. pending: what each missing migration is about, by its revision, in order.
    """

    current: str | None
    head: str
    known: bool
    pending: Sequence[tuple[str, str]]

    def refuse_newer(self) -> None:
        """Raise TooNew where a newer program has moved it on."""
        if not self.known:
            raise TooNew(
                f"the database has schema {self.current}, and this Farmhand knows none newer than {self.head}; "
                "run the newer Farmhand that made it, or another --data folder"
            )


def migrate(database: Database, to: str = "head") -> str:
    """Make or upgrade the tables, all or nothing, and return the revision they have then. Raises TooNew.

    to: the newest revision, or an earlier one.
    """
    with database.write() as change:
        return upgrade(change.connection, to)


def upgrade(connection: Connection, to: str = "head") -> str:
    """Do it as a part of a transaction."""
    found = standing(connection)
    found.refuse_newer()
    if found.pending:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    return found.head


def standing(connection: Connection) -> Standing:
    """Say which schema a database has, and what is missing."""
    known = revisions()
    current = MigrationContext.configure(connection).get_current_revision()
    done = list(known).index(current) + 1 if current is not None and current in known else 0
    return Standing(current, list(known)[-1], current is None or current in known, list(known.items())[done:])


def revisions() -> Mapping[str, str]:
    """Return the schemas that this program knows, oldest first, and what each is about."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return {script.revision: str(script.doc) for script in reversed(list(scripts))}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files(migrations)).replace("%", "%%"))
    return config
