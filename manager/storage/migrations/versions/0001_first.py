"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("worker_id", sa.String(length=36), nullable=True),
        sa.Column("task_id", sa.String(length=36), nullable=True),
        sa.Column("job_id", sa.String(length=36), nullable=True),
        sa.Column("who", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_job", "event", ["job_id", "seq"], unique=False)
    op.create_index("ix_event_worker", "event", ["worker_id", "seq"], unique=False)
    op.create_table(
        "job",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("activity", sa.Text(), server_default="", nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("steps_completed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("steps_total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tasks_active", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tasks_canceled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tasks_completed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tasks_failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tasks_queued", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tasks_soft_failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tasks_paused", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_job"),
        sa.UniqueConstraint("id", name="uq_job_id"),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("can_restart", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("lost_from", sa.String(length=20), nullable=True),
        sa.Column("resume", sa.String(length=20), nullable=True),
        sa.Column("idle", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("pushes", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("incarnation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("bell", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("task_id", sa.String(length=36), nullable=True),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("request_status", sa.String(length=20), nullable=True),
        sa.Column("request_lazy", sa.Boolean(), nullable=True),
        sa.Column("request_by", sa.Text(), nullable=True),
        sa.Column("request_at", sa.BigInteger(), nullable=True),
        sa.Column("request_seq", sa.BigInteger(), nullable=True),
        sa.Column("request_seen_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
    )
    op.create_table(
        "blocklist",
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("worker_id", sa.String(length=36), nullable=False),
        sa.Column("task_type", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_blocklist_job_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.id"], name="fk_blocklist_worker_id"),
        sa.PrimaryKeyConstraint("job_id", "worker_id", "task_type", name="pk_blocklist"),
    )
    op.create_table(
        "capability",
        sa.Column("worker_id", sa.String(length=36), nullable=False),
        sa.Column("task_type", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.id"], name="fk_capability_worker_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("worker_id", "task_type", name="pk_capability"),
    )
    op.create_table(
        "task",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("index_in_job", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("commands", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("activity", sa.Text(), server_default="", nullable=False),
        sa.Column("steps_completed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("steps_total", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("last_touched", sa.BigInteger(), nullable=True),
        sa.Column("worker_id", sa.String(length=36), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claimed_from", sa.String(length=20), nullable=True),
        sa.Column("incarnation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("job_priority", sa.Integer(), nullable=False),
        sa.Column("job_number", sa.BigInteger(), nullable=False),
        sa.Column("blockers", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "ready",
            sa.Boolean(),
            sa.Computed("status IN ('queued', 'soft-failed') AND blockers = 0", persisted=True),
            nullable=False,
        ),
        sa.Column("picture_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_task_job_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.id"], name="fk_task_worker_id"),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
    )
    op.create_index("ix_task_job", "task", ["job_id", "status", "type"], unique=False)
    op.create_index("ix_task_owner", "task", ["worker_id", "status"], unique=False)
    op.create_index(
        "ix_task_turn",
        "task",
        [
            sa.literal_column("ready DESC"),
            sa.literal_column("job_priority DESC"),
            sa.literal_column("priority DESC"),
            "job_number",
            "index_in_job",
        ],
        unique=False,
    )
    op.create_table(
        "dependency",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("needs_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["needs_id"], ["task.id"], name="fk_dependency_needs_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name="fk_dependency_task_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task_id", "needs_id", name="pk_dependency"),
    )
    op.create_index("ix_dependency_needs_id", "dependency", ["needs_id"], unique=False)
    op.create_table(
        "failure",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("worker_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name="fk_failure_task_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.id"], name="fk_failure_worker_id"),
        sa.PrimaryKeyConstraint("task_id", "worker_id", name="pk_failure"),
    )
