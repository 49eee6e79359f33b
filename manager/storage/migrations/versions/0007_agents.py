"""Agents on the nodes, and their tickets."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("worker", sa.Column("invocation", sa.String(length=64), nullable=True))
    op.add_column("worker", sa.Column("restart_code", sa.BigInteger(), nullable=True))
    op.create_index("ix_worker_invocation", "worker", ["invocation"], unique=False)
    op.create_table(
        "agent",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("ticket_key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("supervisor", sa.Text(), server_default="", nullable=False),
        sa.Column("trouble", sa.Text(), server_default="", nullable=False),
        sa.Column("bell", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_agent"),
    )
    op.create_table(
        "agent_service",
        sa.Column("agent_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("worker_id", sa.String(length=36), nullable=True),
        sa.Column("worker_run", sa.String(length=64), nullable=True),
        sa.Column("invocation", sa.String(length=64), nullable=False),
        sa.Column("active", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("restarts", sa.BigInteger(), nullable=False),
        sa.Column("exit", sa.Text(), nullable=False),
        sa.Column("code", sa.BigInteger(), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("attested_at", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_agent_service_agent_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("agent_id", "name", name="pk_agent_service"),
        sa.UniqueConstraint("worker_id", name="uq_agent_service_worker_id"),
    )
    op.create_index("ix_agent_service_invocation", "agent_service", ["invocation"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agent_id", sa.String(length=36), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("verb", sa.String(length=20), nullable=False),
        sa.Column("worker_id", sa.String(length=36), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=20), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_ticket_agent_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket"),
    )
    op.create_index("ix_ticket_agent_id", "ticket", ["agent_id"], unique=False)
