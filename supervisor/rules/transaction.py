"""What one request comes to, with all that it draws in: systemd's transactions. No clock, no I/O.

`plan` takes the jobs that a request and the relations of its service call for (pulls.py), throws out what is redundant
or nobody asks for any more, breaks cycles, merges the jobs of one service, and refuses what cannot be
(systemd, src/core/transaction.c, transaction_activate).
"""

from collections.abc import Iterable

from ...units.light import dataclass
from ...units.spec import JobMode
from . import ordering
from .jobs import RUNNING, Kind, merge, redundant
from .pulls import Draft, Job, Look, Pull, Refused
from .relations import Links
from .states import Active


@dataclass(frozen=True)
class Plan:
    """The jobs to put in the queue, and what was left out on the way and why, a sentence each."""

    jobs: tuple[tuple[str, Kind], ...]
    notes: tuple[str, ...] = ()


def plan(request: tuple[str, Kind], mode: JobMode, links: Links, look: Look) -> Plan:
    """Say what a request comes to; raises Refused."""
    draft = Draft(links, look)
    name, kind = request
    draft.check(Pull(name, kind, needed=True))
    if name not in links.concerned and draft.seen(name).job is None:  # most are by themselves
        return Plan((request,))
    draft.anchor = draft.place(name, kind)
    if mode not in ("ignore-dependencies", "ignore-requirements"):
        draft.draw_in(draft.anchor)
    return _settle(draft, mode, ordered=mode != "ignore-dependencies")


def plan_all(names: Iterable[str], kind: Kind, links: Links, look: Look) -> Plan:
    """Say what it comes to when many services are wanted at once, none of them at any price.

    It is what a target does that wants them all: where they contradict each other, some are left out.
    """
    draft = Draft(links, look)
    draft.anchor = Job("", kind)
    for name in names:
        try:
            draft.pull(draft.anchor, Pull(name, kind, needed=False))
        except Refused as refused:
            draft.notes.append(str(refused))
    return _settle(draft, "replace", ordered=True)


def _settle(draft: Draft, mode: JobMode, *, ordered: bool) -> Plan:
    """Bring the jobs into a state in which they can be put into the queue; raises Refused."""
    _mark_what_matters(draft)
    if mode == "fail":
        _minimize_impact(draft)
    _drop_redundant(draft)
    _collect_garbage(draft)
    while ordered and _break_cycle(draft):
        _collect_garbage(draft)
    while _drop_contradiction(draft):
        _collect_garbage(draft)
    for name, jobs in draft.jobs.items():
        draft.jobs[name] = [_merged(draft, name, jobs)]
    _drop_redundant(draft)
    _refuse_destruction(draft, mode)
    return Plan(tuple((job.name, job.kind) for (job,) in draft.jobs.values()), tuple(draft.notes))


def _mark_what_matters(draft: Draft) -> None:
    waiting = [draft.anchor]
    while waiting:
        job = waiting.pop()
        job.matters = True
        waiting.extend(other for other, needed in job.pulled.items() if needed and not other.matters)


def _delete(draft: Draft, job: Job, *, with_those_in_need: bool = True) -> None:
    """Take a job out, with those that need it."""
    doomed = [job]
    while doomed:
        job = doomed.pop()
        rest = [other for other in draft.jobs.get(job.name, ()) if other is not job]
        draft.jobs[job.name] = rest
        if not rest:
            del draft.jobs[job.name]
        for other in job.pulled:
            other.by.pop(job, None)
        for by, needed in job.by.items():
            by.pulled.pop(job, None)
            if needed and with_those_in_need and by is not draft.anchor:
                doomed.append(by)
        job.pulled, job.by = {}, {}


def _drop_redundant(draft: Draft) -> None:
    """Drop the services for which there is nothing to do."""
    for name, jobs in list(draft.jobs.items()):
        seen = draft.seen(name)
        if not any(
            job is draft.anchor
            or not redundant(job.kind, seen.active)
            or (seen.job is not None and merge(seen.job, job.kind, seen.active) is None)
            for job in jobs
        ):
            for job in jobs:
                _delete(draft, job, with_those_in_need=False)


def _collect_garbage(draft: Draft) -> None:
    """Drop what nobody draws in any more; of several jobs of a service systemd looks at the latest only."""
    waiting = list(draft.jobs)
    while waiting:
        name = waiting.pop()
        job = draft.jobs[name][-1] if name in draft.jobs else draft.anchor
        if job is not draft.anchor and not job.by:
            waiting += [name, *(other.name for other in job.pulled)]
            _delete(draft, job)


def _minimize_impact(draft: Draft) -> None:
    """Drop what would stop a running service or reverse a job, and is not needed; --job-mode=fail."""
    for job in [job for jobs in draft.jobs.values() for job in jobs if not job.matters]:
        seen = draft.seen(job.name)
        stops = job.kind is Kind.STOP and seen.active in RUNNING | {Active.ACTIVATING}
        reverses = seen.job is not None and merge(seen.job, job.kind, seen.active) is None
        if (stops or reverses) and job in draft.jobs.get(job.name, ()):
            _delete(draft, job)


def _break_cycle(draft: Draft) -> bool:
    """Leave out a job of a cycle that can be done without; raises Refused if there is none."""
    new = [name for name, jobs in draft.jobs.items() if not draft.is_queued(jobs[-1])]
    found = ordering.cycle(draft.links, new, lambda name: _kind_of(draft, name))
    if found is None:
        return False
    told = f"ordering cycle: {', which waits for '.join([*found, found[0]])} (After=, Before=)"
    spare = next((name for name in found if name in draft.jobs and not _matters(draft, name)), None)
    if spare is None:
        raise Refused("cycle", f"{told}; none of them can be left out")
    draft.notes.append(f"{told}; {spare} is left out")
    for job in draft.jobs[spare]:
        _delete(draft, job)
    return True


def _matters(draft: Draft, name: str) -> bool:
    return any(job.matters for job in draft.jobs[name])


def _kind_of(draft: Draft, name: str) -> Kind | None:
    """Return the kind of a service's job, of this transaction or else of the queue."""
    if name in draft.jobs:
        return draft.jobs[name][-1].kind
    seen = draft.look(name)
    return None if seen is None or seen.unordered else seen.job


def _drop_contradiction(draft: Draft) -> bool:
    """Where the jobs of one service exclude each other, drop one that can be done without; raises Refused."""
    for name, jobs in draft.jobs.items():
        for at, job in enumerate(jobs):
            for other in jobs[at + 1 :]:
                if merge(job.kind, other.kind, draft.seen(name).active) is None:
                    _delete(draft, _dispensable(job, other))
                    return True
    return False


def _dispensable(one: Job, other: Job) -> Job:
    if one.matters and other.matters:
        kinds = f"{one.kind.value} and {other.kind.value}"
        raise Refused("conflict", f"{one.name}: it would have to {kinds} at once; its relations contradict each other")
    if one.matters or other.matters:
        return other if one.matters else one
    stop, start = (one, other) if one.kind is Kind.STOP else (other, one)
    return start if stop.rival else stop


def _merged(draft: Draft, name: str, jobs: list[Job]) -> Job:
    first = draft.anchor if draft.anchor in jobs else jobs[0]
    for job in jobs:
        kind = merge(first.kind, job.kind, draft.seen(name).active)
        assert kind is not None, "contradictions are dropped before"
        first.kind = kind
        first.matters |= job.matters
    return first


def _refuse_destruction(draft: Draft, mode: JobMode) -> None:
    for name, (job,) in draft.jobs.items():
        seen = draft.seen(name)
        if seen.job is None or not (mode == "fail" or seen.lasting):
            continue
        if merge(seen.job, job.kind, seen.active) is None:
            why = f"its {seen.job.value} is under way, and this would be a {job.kind.value}"
            raise Refused("destructive", f"{name}: {why}; wait for it, or use --job-mode=replace")
