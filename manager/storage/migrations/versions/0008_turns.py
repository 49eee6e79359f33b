"""Whose turn it is, shared fairly; what all managers of a farm have in common."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "queue",
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("task_type", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("ready", sa.Integer(), server_default="0", nullable=False),
        sa.Column("job_number", sa.BigInteger(), nullable=False),
        sa.Column("job_priority", sa.Integer(), nullable=False),
        sa.Column("active", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_queue_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "task_type", "priority", name="pk_queue"),
    )
    op.execute(
        """
        INSERT INTO queue (job_id, task_type, priority, position, ready, job_number, job_priority, active)
        SELECT task.job_id, task.type, task.priority, min(task.index_in_job),
               sum(CASE WHEN task.ready THEN 1 ELSE 0 END), job.number, job.priority, job.tasks_active
        FROM task JOIN job ON job.id = task.job_id
        GROUP BY task.job_id, task.type, task.priority, job.number, job.priority, job.tasks_active
        """
    )
    op.create_index(
        "ix_queue_turn",
        "queue",
        [
            sa.literal_column("job_priority DESC"),
            sa.literal_column("priority DESC"),
            "active",
            "job_number",
            "position",
        ],
        unique=False,
        sqlite_where=sa.text("ready > 0"),
        postgresql_where=sa.text("ready > 0"),
    )
    op.drop_index("ix_task_turn", table_name="task")
    op.drop_column("task", "job_priority")
    op.drop_column("task", "job_number")
    op.create_index("ix_task_next", "task", ["job_id", "ready", "type", "priority", "index_in_job"], unique=False)
    op.create_index("ix_worker_bell", "worker", ["bell"], unique=False)
    op.create_table(
        "secret",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secret"),
    )
