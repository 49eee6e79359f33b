"""Runs of the services that run workers: how long one was down, and when that was last told."""

from alembic import op
from sqlalchemy import BigInteger, Column

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("agent_service", Column("down", BigInteger))
    op.add_column("agent_service", Column("ran_at", BigInteger))
