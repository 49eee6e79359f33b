"""What people do, as the audit log tells it: one row for each kind of thing done in a transaction. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .facts import Fact, Kind

DONE, REFUSED, FAILED = "done", "refused", "failed"

# What is done to the manager itself, and to no worker, task or job: no events tell of these.
SIGNED_IN = "session.began"  # detail: by (password, OIDC, …)
SIGN_IN_FAILED = "session.refused"  # whom: the name that was tried; detail: why
SIGN_IN_THROTTLED = "session.throttled"  # whom: the name that was tried; detail: until
SIGNED_OUT = "session.ended"
SESSIONS_ENDED = "session.all-ended"  # whom: whose
ACCESS_REFUSED = "access.refused"  # whom: what was asked for; detail: needs, has
NETWORK_USED = "access.network"  # an exposed network was used: once a day for each address
PERSON_MADE = "person.made"  # detail: role, tags
PERSON_CHANGED = "person.changed"  # role, tags, password, name
PERSON_DELETED = "person.deleted"
TOKEN_MADE = "token.made"
TOKEN_REVOKED = "token.revoked"
SETTINGS = "manager.started"  # with these settings
EXPORTED = "audit.exported"
BACKED_UP = "manager.backed-up"
RESTORED = "manager.restored"
NOTICE_TESTED = "notice.tested"
NOTICE_RETRIED = "notice.retried"

REFUSED_ACTION = "action.refused"  # nothing was asked of a worker; detail: why

OUTCOMES: Mapping[str, str] = {
    Kind.REQUEST_REFUSED.value: REFUSED,
    REFUSED_ACTION: REFUSED,
    SIGN_IN_FAILED: FAILED,
    SIGN_IN_THROTTLED: REFUSED,
    ACCESS_REFUSED: REFUSED,
}


@dataclass(frozen=True)
class Deed:
    """One thing that somebody did. whom: to whom or what, in words, where the ids do not say it."""

    what: str
    who: str
    whom: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)
    worker_id: str | None = None
    job_id: str | None = None
    task_id: str | None = None


@dataclass(frozen=True)
class Row:
    """Deeds of one kind as one row. The detail is what they have in common, and whom it was done to, by id."""

    what: str
    who: str
    whom: str
    outcome: str
    detail: Mapping[str, object]


def deed_of(fact: Fact, who: str, worker_id: str | None, job_id: str | None, task_id: str | None) -> Deed:
    named = fact.detail.get("name") or fact.detail.get("hint") or fact.detail.get("tag") or fact.detail.get("agent")
    subject = fact.kind.value.partition(".")[0]
    whom = f"{subject} {named}" if named and worker_id is None else ""
    return Deed(fact.kind.value, who, whom, fact.detail, worker_id, job_id, task_id)


def rows(deeds: Iterable[Deed], names: Mapping[str, str]) -> list[Row]:
    """Gather what one did of one kind. names: of the workers and jobs, by id."""
    gathered: dict[tuple[str, str], list[Deed]] = {}
    for deed in deeds:
        gathered.setdefault((deed.what, deed.who), []).append(deed)
    return [_row(what, who, alike, names) for (what, who), alike in gathered.items()]


def _row(what: str, who: str, alike: Sequence[Deed], names: Mapping[str, str]) -> Row:
    detail: dict[str, object] = dict(_common([deed.detail for deed in alike]))
    for key, ids in (
        ("workers", [deed.worker_id for deed in alike]),
        ("jobs", [deed.job_id for deed in alike]),
        ("tasks", [deed.task_id for deed in alike]),
    ):
        known = [id for id in dict.fromkeys(ids) if id]
        if known:
            detail[key] = {id: names.get(id, "") for id in known} if key != "tasks" else known
    outcome = str(detail.pop("outcome", OUTCOMES.get(what, DONE)))
    return Row(what, who, _whom(alike, names), outcome, detail)


def _common(details: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    first, *others = details
    return {key: value for key, value in first.items() if all(other.get(key, _NONE) == value for other in others)}


_NONE = object()

# So many are named; the detail has them all.
_NAMED = 3


def _whom(alike: Sequence[Deed], names: Mapping[str, str]) -> str:
    """Say to whom it was done: the first by name, and how many more."""
    all_of_them = list(dict.fromkeys(_one(deed, names) for deed in alike))
    named, more = all_of_them[:_NAMED], len(all_of_them) - _NAMED
    return ", ".join(each for each in named if each) + (f" and {more:,} more" if more > 0 else "")


def _one(deed: Deed, names: Mapping[str, str]) -> str:
    if deed.whom:
        return deed.whom
    subject = deed.what.partition(".")[0]
    if subject in ("task", "job") and deed.job_id is not None:
        of_job = f"job {names.get(deed.job_id) or deed.job_id}"
        return f"task {deed.detail.get('name', deed.task_id)} of {of_job}" if deed.task_id else of_job
    return f"worker {names.get(deed.worker_id) or deed.worker_id}" if deed.worker_id else ""
