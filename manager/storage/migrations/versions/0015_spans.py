"""What an agent attests of a worker's service: how long it was down before its run, and what is done about its ends."""

from alembic import op
from sqlalchemy import JSON, BigInteger, Column

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("agent_service", Column("down", BigInteger))
    op.add_column("agent_service", Column("ran_at", BigInteger))
    op.add_column("agent_service", Column("policy", JSON))
