"""Tags, and what jobs keep of their submission."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "tag",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tag"),
    )
    existing = sa.text("deleted_at IS NULL")
    op.create_index("ix_tag_name", "tag", ["name"], unique=True, sqlite_where=existing, postgresql_where=existing)
    op.create_table(
        "worker_tag",
        sa.Column("worker_id", sa.String(length=36), nullable=False),
        sa.Column("tag_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.id"], name="fk_worker_tag_worker_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name="fk_worker_tag_tag_id"),
        sa.PrimaryKeyConstraint("worker_id", "tag_id", name="pk_worker_tag"),
    )
    op.create_index("ix_worker_tag_tag_id", "worker_tag", ["tag_id"], unique=False)
    op.add_column("job", sa.Column("tag_id", sa.String(length=36), nullable=True))
    op.add_column("job", sa.Column("storage", sa.JSON(), nullable=True))
    op.add_column("job", sa.Column("picture_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_job_tag_id", "job", ["tag_id"], unique=False)
    op.create_index("ix_job_picture_at", "job", ["picture_at"], unique=False)
