"""A row of the audit log as a sentence: what somebody did, with the ways to whom it was done to. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from ....worker.wire import Request, Status
from ...rules import deeds
from ...rules.facts import Kind
from ..actions.termwords import quoted
from ..workers.listing import Part

Detail = Mapping[str, Any]

# Where the subject of an action is told; what stands around it is told as it is.
WHOM = "{whom}"

_TO = {
    Status.OFFLINE: "to shut down",
    Status.RESTART: "to restart",
    Status.ASLEEP: "to go to sleep",
    Status.AWAKE: "to wake up",
}


def _wish(detail: Detail) -> str:
    """Say what was asked for as it completes "asked NAME ..."."""
    try:
        wish = Request(Status(detail["status"]), lazy=bool(detail.get("lazy")))
    except (KeyError, ValueError):  # several were asked for different things
        return "for a change"
    if wish.status is Status.AWAKE:
        return _TO[wish.status]
    tasks = "their tasks" if len(detail.get("workers", ())) > 1 else "its task"
    return f"{_TO[wish.status]} {f'after {tasks}' if wish.lazy else 'at once'}"


def _job_changed(detail: Detail) -> str:
    if "priority" in detail:
        return f"set the priority of {WHOM} from {detail.get('was', '?')} to {detail['priority']}"
    if "unblocked" in detail:
        return f"let workers try {WHOM} again that were blocked from it"
    if "tag" in detail:
        return (
            f"had {WHOM} done by workers with the tag {detail['tag']}" if detail["tag"] else f"took the tag off {WHOM}"
        )
    return f"changed {WHOM}"


def _tags(detail: Detail) -> str:
    tags = detail.get("tags")
    if not isinstance(tags, list):
        return f"changed the tags of {WHOM}"
    return (
        f"gave {WHOM} the {'tag' if len(tags) == 1 else 'tags'} {', '.join(tags)}"
        if tags
        else f"took all tags off {WHOM}"
    )


def _put_out(detail: Detail) -> str:
    return f"turned {WHOM} away" if detail.get("waiting") else f"revoked the credentials of {WHOM}"


def _schedule(verb: str) -> Callable[[Detail], str]:
    return lambda detail: f"{verb} the sleep schedule of {'tag ' + str(detail['tag']) if detail.get('tag') else WHOM}"


def _rollout(detail: Detail) -> str:
    what = _wish({**detail, "workers": "all"})
    return f"began to ask {detail.get('workers', 'several')} workers, a few at a time, {what}"


def _person(detail: Detail) -> str:
    if "password" in detail:
        return f"gave {WHOM} another password"
    return f"let {WHOM} be {detail['is']}" if "is" in detail else f"changed {WHOM}"


def _why(detail: Detail) -> str:
    return f": {detail['why']}" if detail.get("why") else ""


# What somebody did, by the name it has in the log; or what makes that of the detail.
SAYS: Mapping[str, str | Callable[[Detail], str]] = {
    Kind.REQUEST_MADE.value: lambda detail: f"asked {WHOM} {_wish(detail)}",
    Kind.REQUEST_CONFIRMED.value: lambda detail: f"asked {WHOM} {_wish(detail)}, as somebody had before",
    Kind.REQUEST_REFUSED.value: lambda detail: f"asked {WHOM} {_wish(detail)}, but what was pending held",
    Kind.REQUEST_WITHDRAWN.value: lambda detail: f"took it back that {WHOM} was asked {_wish(detail)}",
    deeds.REFUSED_ACTION: lambda detail: f"asked something of {WHOM} that was refused{_why(detail)}",
    Kind.ROLLOUT_MADE.value: _rollout,
    Kind.ROLLOUT_STATUS.value: lambda detail: (
        f"had a rolling action go from {detail.get('from', '?')} to {detail.get('to', '?')}"
    ),
    Kind.ROLLOUT_WORKER.value: lambda detail: f"had {WHOM} be {detail.get('to', 'another')} in a rolling action",
    Kind.TASK_STATUS.value: lambda detail: f"set {WHOM} to {detail.get('to', 'another status')}",
    Kind.JOB_SUBMITTED.value: f"submitted {WHOM}",
    Kind.JOB_STATUS.value: lambda detail: f"set {WHOM} to {detail.get('to', 'another status')}",
    Kind.JOB_CHANGED.value: _job_changed,
    Kind.JOB_DELETED.value: f"deleted {WHOM}",
    Kind.WORKER_REGISTERED.value: f"registered {WHOM}",
    Kind.WORKER_ADMITTED.value: f"let {WHOM} in",
    Kind.WORKER_REVOKED.value: _put_out,
    Kind.WORKER_DELETED.value: f"forgot {WHOM}",
    Kind.WORKER_TAGS.value: _tags,
    Kind.WORKER_DRILLED.value: f"drilled {WHOM}, to see that it comes back",
    Kind.AGENT_ENROLLED.value: f"enrolled {WHOM}",
    Kind.AGENT_ADMITTED.value: f"let {WHOM} in",
    Kind.AGENT_REVOKED.value: _put_out,
    Kind.AGENT_DELETED.value: f"removed {WHOM}",
    Kind.TICKET_MADE.value: lambda detail: f"had the agent of {WHOM} {detail.get('verb', 'do something')} it",
    Kind.TAG_MADE.value: f"made {WHOM}",
    Kind.TAG_CHANGED.value: lambda detail: (
        f"renamed tag {detail['was']} to {detail.get('name')}" if detail.get("was") else f"changed {WHOM}"
    ),
    Kind.TAG_DELETED.value: f"deleted {WHOM}",
    Kind.SCHEDULE_CHANGED.value: _schedule("changed"),
    Kind.SCHEDULE_DELETED.value: _schedule("removed"),
    Kind.ENROLMENT_MADE.value: lambda detail: f"made the enrolment code {detail.get('hint', '')}-…",
    Kind.ENROLMENT_USED.value: lambda detail: f"came in with the enrolment code {detail.get('hint', '')}-…",
    Kind.ENROLMENT_REVOKED.value: lambda detail: f"revoked the enrolment code {detail.get('hint', '')}-…",
    Kind.FARM_RESTORED.value: "had the farm be as in a backup",
    Kind.FARM_WORKS.value: "had tasks be handed out again",
    deeds.SIGNED_IN: "signed in",
    deeds.SIGN_IN_FAILED: lambda detail: f"tried in vain to sign in as {WHOM}{_why(detail)}",
    deeds.SIGN_IN_THROTTLED: f"has to wait before trying again to sign in as {WHOM}",
    deeds.SIGNED_OUT: f"signed {WHOM} out of a browser",
    deeds.SESSIONS_ENDED: f"signed {WHOM} out everywhere",
    deeds.ACCESS_REFUSED: f"may not do this, and tried: {WHOM}",
    deeds.NETWORK_USED: "came in without signing in, from an open network",
    deeds.PERSON_MADE: lambda detail: f"added {WHOM}, {detail['is']}" if "is" in detail else f"added {WHOM}",
    deeds.PERSON_CHANGED: _person,
    deeds.PERSON_DELETED: f"let {WHOM} in no more",
    deeds.TOKEN_MADE: f"made {WHOM}",
    deeds.TOKEN_REVOKED: f"revoked {WHOM}",
    deeds.SETTINGS: f"started {WHOM}",
    deeds.EXPORTED: f"took a copy of {WHOM}",
    deeds.BACKED_UP: f"made the backup {WHOM}",
    deeds.RESTORED: lambda detail: f"restored the backup of {detail.get('made_at', 'another time')}",
    deeds.NOTICE_TESTED: f"sent a test to {WHOM}",
    deeds.NOTICE_RETRIED: f"had {WHOM} be sent again",
}


def sentence(who: str, what: str, whom: str, detail: Detail) -> list[Part]:
    """Say what was done, after the name of who did it."""
    say = SAYS.get(what, f"{what} {WHOM}")
    if what == deeds.SIGNED_OUT and whom == f"person {who}":
        say = "signed out"
    text = say(detail) if callable(say) else say
    before, found, after = text.partition(WHOM)
    subject = _subject(what, whom, detail) if found else []
    reason = quoted(str(detail.get("reason") or ""))
    return [Part(before), *subject, Part(f"{after}{f' {reason}' if reason else ''}")]


# How many are named.
_NAMED = 3


def _subject(what: str, whom: str, detail: Detail) -> list[Part]:
    """Name to whom it was done, with ways to workers and jobs that may be there still."""
    if what.startswith("task."):
        jobs = list(detail.get("jobs", ()))
        return [Part(whom, href=f"/jobs/{jobs[0]}" if len(jobs) == 1 else "")]
    for key, path in (("workers", "/workers"), ("jobs", "/jobs")):
        named = detail.get(key)
        if isinstance(named, dict) and named:
            return _ways([(f"{path}/{id}", str(name) or id) for id, name in named.items()])
    return [Part(whom.removeprefix("person ") or "nobody in particular", strong=True)]


def _ways(named: list[tuple[str, str]]) -> list[Part]:
    parts: list[Part] = []
    for number, (href, name) in enumerate(named[:_NAMED]):
        parts += [Part(", " if number else ""), Part(name, href=href)]
    return [*parts, Part(f" and {len(named) - _NAMED:,} more")] if len(named) > _NAMED else parts
