"""Actions that can still be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("worker", sa.Column("request_held", sa.Boolean(), nullable=True))
