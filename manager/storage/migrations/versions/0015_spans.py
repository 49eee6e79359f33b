"""What an agent attests of a service: how long it was down, what is done about its ends; samples of the farm."""

from alembic import op
from sqlalchemy import JSON, BigInteger, Column

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("agent_service", Column("down", BigInteger))
    op.add_column("agent_service", Column("ran_at", BigInteger))
    op.add_column("agent_service", Column("policy", JSON))
    op.create_table(
        "farm_sample",
        Column("at", BigInteger, primary_key=True, autoincrement=False),
        Column("seq", BigInteger, nullable=False),
        Column("states", JSON, nullable=False),
        Column("ends", JSON, nullable=False),
    )
