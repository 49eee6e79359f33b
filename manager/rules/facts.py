"""The kinds of things that happen: every row of the event table is one of these. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """What an event tells. The part before the dot is its subject."""

    WORKER_REGISTERED = "worker.registered"  # detail: name, address; waiting, where it is to be let in; code (its id)
    WORKER_SIGNED_ON = "worker.signed-on"
    WORKER_STATUS = "worker.status"  # detail: from, to
    WORKER_IDLE = "worker.idle"  # it asked for work and there was none
    WORKER_SIGNED_OFF = "worker.signed-off"
    WORKER_LOST = "worker.lost"  # detail: from, silent (milliseconds)
    WORKER_BACK = "worker.back"  # a lost worker gave a sign of life; detail: to
    WORKER_DELETED = "worker.deleted"
    # detail: request, status, lazy, replaces (id or none); where there are such: of (who asked for what it replaces),
    # deadline, until (milliseconds since the epoch), reason, held (it can be undone until its deadline)
    REQUEST_MADE = "request.made"
    REQUEST_SEEN = "request.seen"  # the worker knows of it; detail: request, status
    REQUEST_DONE = "request.done"  # the worker confirmed it; detail: request, status, lazy, took (milliseconds)
    REQUEST_WITHDRAWN = "request.withdrawn"  # detail: request, status, of (who had asked), why
    REQUEST_CONFIRMED = "request.confirmed"  # another operator asked for the same; detail: request, status, lazy, of
    REQUEST_REFUSED = "request.refused"  # what is pending holds; detail: request, status, lazy (of the wish), of
    REQUEST_ESCALATED = "request.escalated"  # its deadline came: it is immediate now; detail: request, status, deadline
    ROLLOUT_MADE = "rollout.made"  # detail: rollout, status, lazy, workers, at_once, reason
    ROLLOUT_STATUS = "rollout.status"  # detail: rollout, from, to, why
    ROLLOUT_WORKER = "rollout.worker"  # where a worker stands in it; detail: rollout, from, to, why
    TASK_STARTED = "task.started"  # handed out; detail: attempt, name
    TASK_PROGRESS = "task.progress"  # detail: steps_completed, steps_total
    TASK_STATUS = "task.status"  # any other change; detail: from, to, reason, name
    TASK_PICTURE = "task.picture"  # a picture arrived
    JOB_SUBMITTED = "job.submitted"  # detail: name, tasks
    JOB_STATUS = "job.status"  # detail: from, to, reason
    JOB_CHANGED = "job.changed"  # priority and the like
    JOB_DELETED = "job.deleted"
    AGENT_ENROLLED = "agent.enrolled"  # detail: agent, name
    AGENT_DELETED = "agent.deleted"  # detail: agent, name
    # The service that runs a worker is up, down or failed now, or is now judged otherwise; detail: agent, service,
    # active, result, exit, and holds and why of its restart
    SERVICE_CHANGED = "service.changed"
    # A new run of the service that runs a worker; detail: agent, service, restarts, by_itself (its supervisor did it),
    # exit (how the former run ended, "" where nobody saw it), down (milliseconds between the two, or none)
    SERVICE_RESTARTED = "service.restarted"
    TICKET_MADE = "ticket.made"  # detail: ticket, verb, agent, service
    TICKET_TAKEN = "ticket.taken"  # the agent begins; detail: ticket, verb
    TICKET_ENDED = "ticket.ended"  # detail: ticket, verb, outcome (done, failed, refused), text
    WORKER_DRILLED = "worker.drilled"  # a restart to see that it works; detail: request
    JOB_PICTURE = "job.picture"  # the small pictures of its newest one were made
    TAG_MADE = "tag.made"  # detail: tag, name
    TAG_CHANGED = "tag.changed"  # detail: tag, name, was
    TAG_DELETED = "tag.deleted"  # detail: tag, name
    WORKER_TAGS = "worker.tags"  # it has other tags; detail: tags (names)
    # detail: schedule, worker or tag (its name), windows, zone, active, lazy
    SCHEDULE_CHANGED = "schedule.changed"  # it is new, or other than it was
    SCHEDULE_DELETED = "schedule.deleted"
    WORKER_ADMITTED = "worker.admitted"  # somebody let it in; detail: name
    WORKER_REVOKED = "worker.revoked"  # its credentials are refused from now on; detail: name, reason, waiting
    AGENT_ADMITTED = "agent.admitted"  # detail: agent, name
    AGENT_REVOKED = "agent.revoked"  # detail: agent, name, reason, waiting
    ENROLMENT_MADE = "enrolment.made"  # detail: enrolment, hint, uses, expires_at, tags (names)
    ENROLMENT_USED = "enrolment.used"  # detail: enrolment, hint, used
    ENROLMENT_REVOKED = "enrolment.revoked"  # detail: enrolment, hint
    WORKER_LOOPS = "worker.crash-loop"  # it restarts again and again; detail: restarts, within (milliseconds)
    FARM_RESTORED = "farm.restored"  # all is as in a backup; detail: made_at (RFC 3339)
    FARM_WORKS = "farm.works"  # tasks are handed out again


@dataclass(frozen=True)
class Fact:
    """Something that a rule found to have happened; the store makes an event of it."""

    kind: Kind
    detail: Mapping[str, object] = field(default_factory=dict)
