"""What is asked of workers: deadlines, reasons, plans."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("worker", sa.Column("request_deadline", sa.BigInteger(), nullable=True))
    op.add_column("worker", sa.Column("request_until", sa.BigInteger(), nullable=True))
    op.add_column("worker", sa.Column("request_reason", sa.Text(), nullable=True))
    op.add_column("worker", sa.Column("wished_request", sa.String(length=36), nullable=True))
    op.add_column("worker", sa.Column("wished_status", sa.String(length=20), nullable=True))
    op.add_column("worker", sa.Column("wished_by", sa.Text(), nullable=True))
    op.add_column("worker", sa.Column("wished_at", sa.BigInteger(), nullable=True))
    op.add_column("worker", sa.Column("wished_reason", sa.Text(), nullable=True))
    op.add_column("worker", sa.Column("wished_until", sa.BigInteger(), nullable=True))
    op.add_column("worker", sa.Column("due_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_worker_due_at", "worker", ["due_at"], unique=False)
    op.create_table(
        "plan",
        sa.Column("token", sa.String(length=36), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("token", name="pk_plan"),
    )
