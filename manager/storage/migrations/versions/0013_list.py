"""What the list of workers is filtered by."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    signed_on = sa.text("kind = 'worker.signed-on'")
    op.create_index(
        "ix_event_signed_on", "event", ["worker_id", "at"], sqlite_where=signed_on, postgresql_where=signed_on
    )
