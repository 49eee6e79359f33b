"""What one request comes to, with all that it draws in: systemd's transactions. No clock, no I/O.

`plan` collects the jobs that a request and the relations of its service call for, throws out what is redundant or
nobody asks for any more, breaks cycles, merges the jobs of one service, and refuses what cannot be
(systemd, src/core/transaction.c, transaction_add_job_and_dependencies and transaction_activate).
"""

from collections.abc import Callable, Iterable, Iterator

from ...units.light import dataclass, field
from ...units.spec import JobMode
from . import ordering
from .jobs import RUNNING, Kind, merge, redundant
from .relations import Facet, Links
from .states import Active


@dataclass(frozen=True)
class Seen:
    """What there is of a service. job: the kind of the one it has; lasting: only another lasting request replaces it.

    unordered: that job neither waits nor is waited for. reloads: whether it can be reloaded at all.
    """

    active: Active
    job: Kind | None = None
    lasting: bool = False
    unordered: bool = False
    reloads: bool = False


Look = Callable[[str], Seen | None]


class Refused(Exception):
    """A request that cannot be granted; the text is for whoever asked. kind: "absent", "conflict", "cycle" …"""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class Plan:
    """The jobs to put in the queue, and what was left out on the way and why, a sentence each."""

    jobs: tuple[tuple[str, Kind], ...]
    notes: tuple[str, ...] = ()


@dataclass(eq=False)
class _Job:
    """A job in the making. pulled: those it drew in; by: those that drew it in; both with whether that is by need."""

    name: str
    kind: Kind
    pulled: "dict[_Job, bool]" = field(default_factory=dict)
    by: "dict[_Job, bool]" = field(default_factory=dict)
    rival: bool = False
    matters: bool = False


@dataclass(frozen=True)
class _Pull:
    """A job that another one draws in. needed: not without it. rival: the two exclude each other."""

    name: str
    kind: Kind
    needed: bool
    rival: bool = False


def plan(request: tuple[str, Kind], mode: JobMode, links: Links, look: Look) -> Plan:
    """Say what a request comes to; raises Refused."""
    draft = _Draft(links, look)
    name, kind = request
    draft.check(_Pull(name, kind, needed=True))
    draft.anchor = draft.place(name, kind)
    if mode not in ("ignore-dependencies", "ignore-requirements"):
        draft.draw_in(draft.anchor)
    return draft.settle(mode, ordered=mode != "ignore-dependencies")


def plan_all(names: Iterable[str], kind: Kind, links: Links, look: Look) -> Plan:
    """Say what it comes to when many services are wanted at once, none of them at any price.

    It is what a target does that wants them all: where they contradict each other, some are left out.
    """
    draft = _Draft(links, look)
    draft.anchor = _Job("", kind)
    for name in names:
        try:
            draft.pull(draft.anchor, _Pull(name, kind, needed=False))
        except Refused as refused:
            draft.notes.append(str(refused))
    return draft.settle("replace", ordered=True)


class _Draft:
    """A transaction in the making. jobs: those of each service, several until they are merged."""

    anchor: _Job

    def __init__(self, links: Links, look: Look) -> None:
        self.links = links
        self.look = look
        self.jobs: dict[str, list[_Job]] = {}
        self.notes: list[str] = []

    # -- collecting

    def place(self, name: str, kind: Kind) -> _Job:
        job = _Job(name, kind)
        self.jobs.setdefault(name, []).append(job)
        return job

    def pull(self, by: _Job, pull: _Pull) -> None:
        """Draw in a job and all that it draws in; raises Refused if that cannot be."""
        if job := self._join(by, pull):
            self.draw_in(job)

    def draw_in(self, job: _Job) -> None:
        """Draw in all that a job calls for; what only may be and cannot is passed over, with all that it calls for."""
        open_pulls = [(job, self._pulls(job), True)]
        while open_pulls:
            by, pulls, _ = open_pulls[-1]
            pull = next(pulls, None)
            if pull is None:
                open_pulls.pop()
                continue
            try:
                drawn = self._join(by, pull)
                if drawn and not self._has_drawn_in(drawn):
                    open_pulls.append((drawn, self._pulls(drawn), pull.needed))
            except Refused:
                needed = pull.needed
                while needed and open_pulls:
                    needed = open_pulls.pop()[2]
                if needed:
                    raise

    def _join(self, by: _Job, pull: _Pull) -> _Job | None:
        """Link a job to the one that draws it in; returns it if it is new, and has to draw in others itself."""
        if not self.check(pull, by.name):
            return None
        job = next((job for job in self.jobs.get(pull.name, ()) if job.kind is pull.kind), None)
        known = job is not None
        job = job or self.place(pull.name, pull.kind)
        job.rival |= pull.rival
        by.pulled[job] = job.by[by] = pull.needed or job.by.get(by, False)
        return None if known else job

    def check(self, pull: _Pull, by: str = "") -> bool:
        """Say whether such a job is possible; raises Refused where systemd refuses the whole request."""
        seen = self.look(pull.name)
        if seen is None and pull.kind is not Kind.STOP:
            raise Refused("absent", f"there is no service {pull.name}{f', which {by} needs' if by else ''}")
        return seen is not None and (pull.kind is not Kind.RELOAD or seen.reloads)

    def _has_drawn_in(self, job: _Job) -> bool:
        """Say whether the queue has the same job, and what it draws in: then a long chain is not walked each time."""
        return self._is_queued(job) and all(self._is_queued(pull) for pull in self._pulls(job))

    def _is_queued(self, job: "_Job | _Pull") -> bool:
        seen = self.look(job.name)
        return seen is not None and seen.job is job.kind

    def _pulls(self, job: _Job) -> Iterator[_Pull]:
        of, name = self.links.of, job.name
        if job.kind in (Kind.START, Kind.RESTART):
            yield from (_Pull(other, Kind.START, True) for other in of(Facet.STARTS, name))
            yield from (_Pull(other, Kind.START, False) for other in of(Facet.MAY_START, name))
            yield from (_Pull(other, Kind.VERIFY, True) for other in of(Facet.CHECKS, name))
            yield from (_Pull(other, Kind.STOP, True, rival=True) for other in of(Facet.STOPS_RIVAL, name))
            yield from (_Pull(other, Kind.STOP, False) for other in of(Facet.MAY_STOP_RIVAL, name))
        if job.kind is Kind.STOP:
            yield from (_Pull(other, Kind.STOP, True) for other in of(Facet.STOPS, name))
        if job.kind is Kind.RESTART:
            active = RUNNING | {Active.ACTIVATING}
            yield from (_Pull(o, Kind.RESTART, True) for o in of(Facet.RESTARTS, name) if self._active(o) in active)
        if job.kind is Kind.RELOAD:
            yield from (_Pull(o, Kind.RELOAD, False) for o in of(Facet.RELOADS, name) if self._active(o) in RUNNING)

    def _active(self, name: str) -> Active | None:
        seen = self.look(name)
        return seen.active if seen else None

    # -- settling

    def settle(self, mode: JobMode, *, ordered: bool) -> Plan:
        """Bring the jobs into a state in which they can be put into the queue; raises Refused."""
        self._mark_what_matters()
        if mode == "fail":
            self._minimize_impact()
        self._drop_redundant()
        self._collect_garbage()
        while ordered and self._break_cycle():
            self._collect_garbage()
        while self._drop_contradiction():
            self._collect_garbage()
        for name, jobs in self.jobs.items():
            self.jobs[name] = [self._merged(name, jobs)]
        self._drop_redundant()
        self._refuse_destruction(mode)
        return Plan(tuple((job.name, job.kind) for (job,) in self.jobs.values()), tuple(self.notes))

    def _mark_what_matters(self) -> None:
        waiting = [self.anchor]
        while waiting:
            job = waiting.pop()
            job.matters = True
            waiting.extend(other for other, needed in job.pulled.items() if needed and not other.matters)

    def _delete(self, job: _Job, *, with_those_in_need: bool = True) -> None:
        """Take a job out, with those that need it."""
        doomed = [job]
        while doomed:
            job = doomed.pop()
            rest = [other for other in self.jobs.get(job.name, ()) if other is not job]
            self.jobs[job.name] = rest
            if not rest:
                del self.jobs[job.name]
            for other in job.pulled:
                other.by.pop(job, None)
            for by, needed in job.by.items():
                by.pulled.pop(job, None)
                if needed and with_those_in_need and by is not self.anchor:
                    doomed.append(by)
            job.pulled, job.by = {}, {}

    def _drop_redundant(self) -> None:
        """Drop the services for which there is nothing to do."""
        for name, jobs in list(self.jobs.items()):
            seen = self._seen(name)
            if not any(
                job is self.anchor
                or not redundant(job.kind, seen.active)
                or (seen.job is not None and merge(seen.job, job.kind, seen.active) is None)
                for job in jobs
            ):
                for job in jobs:
                    self._delete(job, with_those_in_need=False)

    def _collect_garbage(self) -> None:
        """Drop what nobody draws in any more; of several jobs of a service systemd looks at the latest only."""
        waiting = list(self.jobs)
        while waiting:
            name = waiting.pop()
            job = self.jobs[name][-1] if name in self.jobs else self.anchor
            if job is not self.anchor and not job.by:
                waiting += [name, *(other.name for other in job.pulled)]
                self._delete(job)

    def _minimize_impact(self) -> None:
        """Drop what would stop a running service or reverse a job, and is not needed; --job-mode=fail."""
        for job in [job for jobs in self.jobs.values() for job in jobs if not job.matters]:
            seen = self._seen(job.name)
            stops = job.kind is Kind.STOP and seen.active in RUNNING | {Active.ACTIVATING}
            reverses = seen.job is not None and merge(seen.job, job.kind, seen.active) is None
            if (stops or reverses) and job in self.jobs.get(job.name, ()):
                self._delete(job)

    def _break_cycle(self) -> bool:
        """Leave out a job of a cycle that can be done without; raises Refused if there is none."""
        new = [name for name, jobs in self.jobs.items() if not self._is_queued(jobs[-1])]
        found = ordering.cycle(self.links, new, self._kind_of)
        if found is None:
            return False
        told = f"ordering cycle: {', which waits for '.join([*found, found[0]])} (After=, Before=)"
        spare = next((name for name in found if name in self.jobs and not self._matters(name)), None)
        if spare is None:
            raise Refused("cycle", f"{told}; none of them can be left out")
        self.notes.append(f"{told}; {spare} is left out")
        for job in self.jobs[spare]:
            self._delete(job)
        return True

    def _matters(self, name: str) -> bool:
        return any(job.matters for job in self.jobs[name])

    def _kind_of(self, name: str) -> Kind | None:
        """Return the kind of a service's job, of this transaction or else of the queue."""
        if name in self.jobs:
            return self.jobs[name][-1].kind
        seen = self.look(name)
        return None if seen is None or seen.unordered else seen.job

    def _drop_contradiction(self) -> bool:
        """Where the jobs of one service exclude each other, drop one that can be done without; raises Refused."""
        for name, jobs in self.jobs.items():
            for at, job in enumerate(jobs):
                for other in jobs[at + 1 :]:
                    if merge(job.kind, other.kind, self._seen(name).active) is None:
                        self._delete(self._dispensable(job, other))
                        return True
        return False

    def _dispensable(self, one: _Job, other: _Job) -> _Job:
        if one.matters and other.matters:
            kinds = f"{one.kind.value} and {other.kind.value}"
            raise Refused(
                "conflict", f"{one.name}: it would have to {kinds} at once; its relations contradict each other"
            )
        if one.matters or other.matters:
            return other if one.matters else one
        stop, start = (one, other) if one.kind is Kind.STOP else (other, one)
        return start if stop.rival else stop

    def _merged(self, name: str, jobs: list[_Job]) -> _Job:
        first = self.anchor if self.anchor in jobs else jobs[0]
        for job in jobs:
            kind = merge(first.kind, job.kind, self._seen(name).active)
            assert kind is not None, "contradictions are dropped before"
            first.kind = kind
            first.matters |= job.matters
        return first

    def _refuse_destruction(self, mode: JobMode) -> None:
        for name, (job,) in self.jobs.items():
            seen = self._seen(name)
            if seen.job is None or not (mode == "fail" or seen.lasting):
                continue
            if merge(seen.job, job.kind, seen.active) is None:
                why = f"its {seen.job.value} is under way, and this would be a {job.kind.value}"
                raise Refused("destructive", f"{name}: {why}; wait for it, or use --job-mode=replace")

    def _seen(self, name: str) -> Seen:
        seen = self.look(name)
        assert seen is not None, "absent services are refused before"
        return seen
