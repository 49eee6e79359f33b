"""What a worker says of the definition that it runs under."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("worker", sa.Column("unit", sa.Text(), nullable=True))
