"""Bring a database to the schema that this program speaks; refuse one that a newer program has moved on."""

from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from . import migrations
from .database import Database
from .newer import TooNew


def migrate(database: Database) -> str:
    """Make or upgrade the tables, all or nothing, and return the revision they have then. Raises TooNew."""
    with database.write() as change:
        return _upgrade(change.connection)


def _upgrade(connection: Connection) -> str:
    config = Config()
    config.set_main_option("script_location", str(resources.files(migrations)).replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    current = MigrationContext.configure(connection).get_current_revision()
    head = scripts.get_current_head()
    assert head is not None, "the migrations are part of the package"
    if current is not None and current not in known:
        raise TooNew(
            f"the database has schema {current}, and this Farmhand knows none newer than {head}; "
            "run the newer Farmhand that made it, or another --data folder"
        )
    if current != head:
        command.upgrade(config, "head")
    return head
