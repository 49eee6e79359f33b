"""The tables. Times are integer milliseconds since the epoch, UTC; ids are lower-case UUIDs.

`migrations/` makes them; a test compares what it makes with what stands here.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from ...worker.wire import TaskStatus

# Constraints have names, so that a later migration can change them on every database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# BIGINT on PostgreSQL; SQLite counts up only what is called INTEGER.
Serial = BigInteger().with_variant(Integer, "sqlite")


def tally_column(status: TaskStatus) -> str:
    """Name the column of `job` that counts its tasks of a status."""
    return f"tasks_{status.name.lower()}"


worker = Table(
    "worker",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("secret_hash", String(64), nullable=False),  # SHA-256, hexadecimal
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("version", Text, nullable=False, server_default=""),
    Column("can_restart", Boolean, nullable=False, server_default="0"),
    Column("status", String(20), nullable=False),
    Column("lost_from", String(20)),  # the status that a lost worker had
    Column("resume", String(20)),  # awake or asleep: how it starts next time
    Column("idle", Boolean, nullable=False, server_default="0"),  # it asked for work and there was none
    Column("pushes", Boolean, nullable=False, server_default="0"),  # it keeps a request open, as Farmhand workers do
    Column("incarnation", Integer, nullable=False, server_default="0"),  # counts its sign-ons
    Column("bell", BigInteger, nullable=False, server_default="0", index=True),  # the newest event that concerns it
    Column("registered_at", BigInteger, nullable=False),
    Column("last_seen", BigInteger),
    Column("deleted_at", BigInteger),
    Column("unit", Text),  # what it says of the definition that it runs under, as JSON
    Column("task_id", String(36)),  # the task it was handed last
    # The pending request, or nulls.
    Column("request_id", String(36)),
    Column("request_status", String(20)),
    Column("request_lazy", Boolean),
    Column("request_by", Text),
    Column("request_at", BigInteger),
    Column("request_seq", BigInteger),
    Column("request_seen_at", BigInteger),
    # What it says of its process: the run of a service that it is of, and its restart code.
    Column("invocation", String(64), index=True),
    Column("restart_code", BigInteger),
    Column("request_deadline", BigInteger),
    Column("request_until", BigInteger),
    Column("request_reason", Text),
    # What a person last had it become, or nulls.
    Column("wished_request", String(36)),
    Column("wished_status", String(20)),
    Column("wished_by", Text),
    Column("wished_at", BigInteger),
    Column("wished_reason", Text),
    Column("wished_until", BigInteger),
    Column("due_at", BigInteger, index=True),  # when the farm has to do something about these by itself
    Column("request_held", Boolean),  # it can be undone until its deadline
    Column("waiting", Boolean, nullable=False, server_default="0"),  # nobody has let it in yet
    Column("revoked", Text),  # why somebody took its credentials from it, "" where that was not said
)

# What a worker can do: its task types.
capability = Table(
    "capability",
    metadata,
    Column("worker_id", ForeignKey("worker.id", ondelete="CASCADE"), primary_key=True),
    Column("task_type", Text, primary_key=True),
)

# Which jobs a worker takes. A deleted tag stays, as jobs may still ask for it; no worker has it.
tag = Table(
    "tag",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("deleted_at", BigInteger),
)
Index(
    "ix_tag_name",
    tag.c.name,
    unique=True,
    sqlite_where=tag.c.deleted_at.is_(None),
    postgresql_where=tag.c.deleted_at.is_(None),
)

worker_tag = Table(
    "worker_tag",
    metadata,
    Column("worker_id", ForeignKey("worker.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tag.id"), primary_key=True, index=True),
)

job = Table(
    "job",
    metadata,
    Column("number", Serial, primary_key=True, autoincrement=True),  # order of submission
    Column("id", String(36), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("status", String(20), nullable=False),
    Column("activity", Text, nullable=False, server_default=""),
    Column("settings", JSON, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("submitted_by", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("steps_completed", Integer, nullable=False, server_default="0"),
    Column("steps_total", Integer, nullable=False, server_default="0"),
    *(Column(tally_column(status), Integer, nullable=False, server_default="0") for status in TaskStatus),
    Column("tag_id", String(36), index=True),  # of a deleted tag too: nobody has it, so nobody takes the job
    Column("storage", JSON(none_as_null=True)),  # Flamenco's: where Shaman put the job's files
    Column("picture_at", BigInteger, index=True),  # when the newest picture of it was made
)

task = Table(
    "task",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), nullable=False),
    Column("index_in_job", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("commands", JSON, nullable=False),
    Column("status", String(20), nullable=False),
    Column("activity", Text, nullable=False, server_default=""),
    Column("steps_completed", Integer, nullable=False, server_default="0"),
    Column("steps_total", Integer, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("last_touched", BigInteger),
    # Who has it, or had it last; the attempt counts its hand-outs, the incarnation is the worker's at the last one.
    Column("worker_id", ForeignKey("worker.id")),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("claimed_from", String(20)),  # its status before the last hand-out
    Column("incarnation", Integer, nullable=False, server_default="0"),
    Column("blockers", Integer, nullable=False, server_default="0"),  # how many tasks it still waits for
    Column(
        "ready",
        Boolean,
        Computed("status IN ('queued', 'soft-failed') AND blockers = 0", persisted=True),
        nullable=False,
    ),
    Column("picture_at", BigInteger),
    Index("ix_task_owner", "worker_id", "status"),
    Index("ix_task_job", "job_id", "status", "type"),
    Index("ix_task_next", "job_id", "ready", "type", "priority", "index_in_job"),
)

# What of a job can be handed out: a row for its tasks of a type and priority, which is the same for all of them.
queue = Table(
    "queue",
    metadata,
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("task_type", Text, primary_key=True),
    Column("priority", Integer, primary_key=True),
    Column("position", Integer, nullable=False),  # the lowest index of a task in it
    Column("ready", Integer, nullable=False, server_default="0"),  # how many can be handed out
    # Copies of what the job has: its number and priority, how many of its tasks are active.
    Column("job_number", BigInteger, nullable=False),
    Column("job_priority", Integer, nullable=False),
    Column("active", Integer, nullable=False, server_default="0"),
)

# Whose turn it is: walked from its beginning, so that nothing is looked at that cannot be handed out.
Index(
    "ix_queue_turn",
    queue.c.job_priority.desc(),
    queue.c.priority.desc(),
    queue.c.active,
    queue.c.job_number,
    queue.c.position,
    sqlite_where=text("ready > 0"),
    postgresql_where=text("ready > 0"),
)

dependency = Table(
    "dependency",
    metadata,
    Column("task_id", ForeignKey("task.id", ondelete="CASCADE"), primary_key=True),
    Column("needs_id", ForeignKey("task.id", ondelete="CASCADE"), primary_key=True, index=True),
)

# Who failed a task, since it was last queued by a person.
failure = Table(
    "failure",
    metadata,
    Column("task_id", ForeignKey("task.id", ondelete="CASCADE"), primary_key=True),
    Column("worker_id", ForeignKey("worker.id"), primary_key=True),
    Column("at", BigInteger, nullable=False),
)

blocklist = Table(
    "blocklist",
    metadata,
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("worker_id", ForeignKey("worker.id"), primary_key=True),
    Column("task_type", Text, primary_key=True),
)

# Append-only, and without foreign keys: it outlives what it tells of.
event = Table(
    "event",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("worker_id", String(36)),
    Column("task_id", String(36)),
    Column("job_id", String(36)),
    Column("who", Text, nullable=False, server_default=""),  # the operator, or empty: the farm itself
    Column("detail", JSON, nullable=False),
    Index("ix_event_worker", "worker_id", "seq"),
    Index("ix_event_job", "job_id", "seq"),
    sqlite_autoincrement=True,
)

# How often each worker started anew of late.
Index(
    "ix_event_signed_on",
    event.c.worker_id,
    event.c.at,
    sqlite_where=text("kind = 'worker.signed-on'"),
    postgresql_where=text("kind = 'worker.signed-on'"),
)

# What actions would do, until they are applied or too old.
plan = Table(
    "plan",
    metadata,
    Column("token", String(36), primary_key=True),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("wish", JSON, nullable=False),
    Column("steps", JSON, nullable=False),  # what was to become of each worker
    Column("answer", JSON),  # once it was applied, or could not be
)

# Rolling actions; spans are milliseconds.
rollout = Table(
    "rollout",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("made_at", BigInteger, nullable=False, index=True),
    Column("made_by", Text, nullable=False),
    Column("status", String(20), nullable=False),  # what workers are to become
    Column("lazy", Boolean, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("at_once", Integer, nullable=False),
    Column("canary", Boolean, nullable=False),
    Column("patience", BigInteger, nullable=False),
    Column("watch", BigInteger, nullable=False),
    Column("deadline", BigInteger),
    Column("state", String(20), nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("ended_at", BigInteger),
    Column("open", Boolean, nullable=False, index=True),  # somebody has still to look after it
)

# The workers of a rolling action, in their order.
turn = Table(
    "turn",
    metadata,
    Column("rollout_id", ForeignKey("rollout.id", ondelete="CASCADE"), primary_key=True),
    Column("worker_id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("stage", String(20), nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("request_id", String(36)),
    Column("version", Text, nullable=False, server_default=""),
    Column("incarnation", Integer, nullable=False, server_default="0"),
    Column("until", BigInteger),
    Column("asked_at", BigInteger),
    Column("down_at", BigInteger),
    Column("back_at", BigInteger),
    Column("ended_at", BigInteger),
    Index("ix_turn_stage", "rollout_id", "stage", "position"),
)

# When workers sleep by themselves: one worker, or those with a tag.
schedule = Table(
    "schedule",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("worker_id", ForeignKey("worker.id", ondelete="CASCADE"), unique=True),
    Column("tag_id", ForeignKey("tag.id"), unique=True),
    Column("active", Boolean, nullable=False),
    Column("lazy", Boolean, nullable=False),
    Column("zone", Text, nullable=False),
    Column("windows", JSON, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("due_at", BigInteger, index=True),  # when it next has something to say
)

# Agents on the nodes: they see the services that run workers, and start or restart them when asked.
agent = Table(
    "agent",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("secret_hash", String(64), nullable=False),  # SHA-256, hexadecimal
    Column("ticket_key", String(64), nullable=False),  # of the HMAC of its tickets, hexadecimal
    Column("name", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("supervisor", Text, nullable=False, server_default=""),
    Column("trouble", Text, nullable=False, server_default=""),  # why it does not see its services
    Column("bell", BigInteger, nullable=False, server_default="0"),
    Column("enrolled_at", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
    Column("waiting", Boolean, nullable=False, server_default="0"),
    Column("revoked", Text),
)

# What an agent sees; worker_id: whom the service ran last, worker_run: in which run.
agent_service = Table(
    "agent_service",
    metadata,
    Column("agent_id", ForeignKey("agent.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("worker_id", String(36), unique=True),
    Column("worker_run", String(64)),
    Column("invocation", String(64), nullable=False, index=True),
    Column("active", Text, nullable=False),
    Column("sub", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("restarts", BigInteger, nullable=False),
    Column("exit", Text, nullable=False),
    Column("code", BigInteger, nullable=False),  # an exit code, and whether it is a planned restart
    Column("holds", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    Column("attested_at", BigInteger, nullable=False),
    Column("ticket_id", String(36)),  # the last one
    Column("down", BigInteger),  # milliseconds between the end of the former run and the start of this one
    Column("ran_at", BigInteger),  # when a new run was last worth an event
    Column("policy", JSON),  # what its supervisor does otherwise, in words
)

ticket = Table(
    "ticket",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("agent_id", ForeignKey("agent.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("service", Text, nullable=False),
    Column("verb", String(20), nullable=False),
    Column("worker_id", String(36), nullable=False),
    Column("by", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("taken_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("outcome", String(20), nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
)

# What only the managers of this farm know, and all of them.
secret = Table(
    "secret",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

# Those that wait to be let in, by where they come from.
for table in (worker, agent):
    Index(
        f"ix_{table.name}_waiting",
        table.c.address,
        sqlite_where=text("waiting = 1"),
        postgresql_where=text("waiting"),
    )

# Codes that let workers and agents in; hint: how one begins, for people to tell it from others.
enrolment = Table(
    "enrolment",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("code_hash", String(64), nullable=False, unique=True),  # SHA-256, hexadecimal
    Column("hint", String(8), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("uses", Integer, nullable=False),  # how many it lets in
    Column("used", Integer, nullable=False, server_default="0"),
    Column("tags", JSON, nullable=False),  # ids; the workers that it lets in get these
    Column("revoked_at", BigInteger),
)

# Who did what, as a chain (rules/chain.py). Triggers refuse that a row is changed or deleted.
audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False, index=True),
    Column("who", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("whom", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),  # JSON, as it was hashed
    Column("before", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("seal", String(64), nullable=False),
)

# One row: where the chain ends.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("seal", String(64), nullable=False),
)

# Messages to those who are to be told of events, until a month later.
delivery = Table(
    "delivery",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("target", Text, nullable=False),  # its name in the settings
    Column("made_at", BigInteger, nullable=False, index=True),
    Column("summary", Text, nullable=False),
    Column("message", JSON, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("until", BigInteger, nullable=False),  # when it is given up
    Column("due_at", BigInteger),  # when it is tried next, or null: it is delivered, or given up
    Column("tried_at", BigInteger),
    Column("outcome", Text, nullable=False, server_default=""),  # of the last try
    Column("delivered_at", BigInteger),
    Index("ix_delivery_due", "target", "due_at"),
)

# One row: up to which event messages were made.
told = Table(
    "told",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
)

# Who may sign in. folded: the name as it is compared; password_hash: of argon2id, null for whom somebody else vouches.
person = Table(
    "person",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("folded", String(400), nullable=False, unique=True),
    Column("password_hash", Text),
    Column("made_at", BigInteger, nullable=False),
    Column("signed_in_at", BigInteger),
    Column("off_at", BigInteger),  # since when they are not let in
    Column("shortcuts", Boolean, nullable=False, server_default="1"),  # whether single keys do something on pages
)

# What they may do: a role, for what has a tag or, with none, everywhere.
person_grant = Table(
    "person_grant",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("role", String(20), nullable=False),
    Column("tag_id", ForeignKey("tag.id", ondelete="CASCADE")),
)

# Browsers that are signed in. idle: for how long without a request; ends_at: at the latest.
session = Table(
    "session",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),  # SHA-256 of what the cookie has, hexadecimal
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("made_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("idle", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
)

# Links to choose a password by, each once; person_id: null for who becomes the first admin.
one_time_link = Table(
    "one_time_link",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE")),
    Column("made_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
)

# Sign-ins that failed, counted. key: for whom, hashed, as a password may have been typed into the field of the name.
attempt = Table(
    "attempt",
    metadata,
    Column("key", String(80), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", BigInteger, nullable=False, index=True),
)

# From where a person has signed in before: what strangers do elsewhere does not delay them there.
known_place = Table(
    "known_place",
    metadata,
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("address", String(60), primary_key=True),
    Column("last_at", BigInteger, nullable=False),
)

# With these a program may do what its owner may, or less.
token = Table(
    "token",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),  # SHA-256, hexadecimal
    Column("hint", String(12), nullable=False),  # how it begins
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("role", String(20), nullable=False),
    Column("tags", JSON, nullable=False),  # ids; empty for no limit
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("used_from", Text, nullable=False, server_default=""),
    Column("revoked_at", BigInteger),
)

# Who people are to those that vouch for them. key: issuer and subject, hashed.
vouched = Table(
    "vouched",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("last_at", BigInteger, nullable=False),
)

# How the whole farm was, every few minutes.
farm_sample = Table(
    "farm_sample",
    metadata,
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),  # of the newest event then
    Column("states", JSON, nullable=False),
    Column("ends", JSON, nullable=False),
)

# What was good once, and for so long that nobody could use it again later: states of sign-ins.
spent = Table(
    "spent",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("ends_at", BigInteger, nullable=False),
)
