"""What a request draws in: the jobs that the relations of its service call for, before they are settled.

No clock, no I/O (systemd, src/core/transaction.c, transaction_add_job_and_dependencies).
"""

from collections.abc import Callable, Iterator

from ...units.light import dataclass, field
from .jobs import RUNNING, Kind
from .relations import Facet, Links
from .states import Active


@dataclass(frozen=True)
class Seen:
    """What there is of a service. job: the kind of the one it has; lasting: only another lasting request replaces it.

    unordered: that job neither waits nor is waited for. reloads: whether it can be reloaded at all. problem: why it
    cannot be had, though there is something by that name: "masked.service is masked by …"; "" for what can be.
    """

    active: Active
    job: Kind | None = None
    lasting: bool = False
    unordered: bool = False
    reloads: bool = False
    problem: str = ""


Look = Callable[[str], Seen | None]


class Refused(Exception):
    """A request that cannot be granted; the text is for whoever asked.

    kind: "absent", "unusable", "conflict", "cycle" …
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(eq=False)
class Job:
    """A job in the making. pulled: those it drew in; by: those that drew it in; both with whether that is by need."""

    name: str
    kind: Kind
    pulled: "dict[Job, bool]" = field(default_factory=dict)
    by: "dict[Job, bool]" = field(default_factory=dict)
    rival: bool = False
    matters: bool = False


@dataclass(frozen=True)
class Pull:
    """A job that another one draws in. needed: not without it. rival: the two exclude each other."""

    name: str
    kind: Kind
    needed: bool
    rival: bool = False


class Draft:
    """A transaction in the making. jobs: those of each service, several until they are merged."""

    anchor: Job

    def __init__(self, links: Links, look: Look) -> None:
        self.links = links
        self.look = look
        self.jobs: dict[str, list[Job]] = {}
        self.notes: list[str] = []

    def place(self, name: str, kind: Kind) -> Job:
        job = Job(name, kind)
        self.jobs.setdefault(name, []).append(job)
        return job

    def pull(self, by: Job, pull: Pull) -> None:
        """Draw in a job and all that it draws in; raises Refused if that cannot be."""
        if job := self._join(by, pull):
            self.draw_in(job)

    def draw_in(self, job: Job) -> None:
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

    def _join(self, by: Job, pull: Pull) -> Job | None:
        """Link a job to the one that draws it in; returns it if it is new, and has to draw in others itself."""
        if not self.check(pull, by.name):
            return None
        job = next((job for job in self.jobs.get(pull.name, ()) if job.kind is pull.kind), None)
        known = job is not None
        job = job or self.place(pull.name, pull.kind)
        job.rival |= pull.rival
        by.pulled[job] = job.by[by] = pull.needed or job.by.get(by, False)
        return None if known else job

    def check(self, pull: Pull, by: str = "") -> bool:
        """Say whether such a job is possible; raises Refused where systemd refuses the whole request."""
        seen = self.look(pull.name)
        needing = f", which {by} needs" if by else ""
        if seen is None and pull.kind is not Kind.STOP:
            raise Refused("absent", f"there is no service {pull.name}{needing}")
        if seen is not None and seen.problem and pull.kind is not Kind.STOP:
            raise Refused("unusable", f"{pull.name}{needing}{',' * bool(needing)} cannot be had: {seen.problem}")
        return seen is not None and not seen.problem and (pull.kind is not Kind.RELOAD or seen.reloads)

    def _has_drawn_in(self, job: Job) -> bool:
        """Say whether the queue has the same job, and what it draws in: then a long chain is not walked each time."""
        return self.is_queued(job) and all(self.is_queued(pull) for pull in self._pulls(job))

    def is_queued(self, job: Job | Pull) -> bool:
        seen = self.look(job.name)
        return seen is not None and seen.job is job.kind

    def _pulls(self, job: Job) -> Iterator[Pull]:
        of, name = self.links.of, job.name
        if job.kind in (Kind.START, Kind.RESTART):
            yield from (Pull(other, Kind.START, True) for other in of(Facet.STARTS, name))
            yield from (Pull(other, Kind.START, False) for other in of(Facet.MAY_START, name))
            yield from (Pull(other, Kind.VERIFY, True) for other in of(Facet.CHECKS, name))
            yield from (Pull(other, Kind.STOP, True, rival=True) for other in of(Facet.STOPS_RIVAL, name))
            yield from (Pull(other, Kind.STOP, False) for other in of(Facet.MAY_STOP_RIVAL, name))
        if job.kind is Kind.STOP:
            yield from (Pull(other, Kind.STOP, True) for other in of(Facet.STOPS, name))
        if job.kind is Kind.RESTART:
            active = RUNNING | {Active.ACTIVATING}
            yield from (Pull(o, Kind.RESTART, True) for o in of(Facet.RESTARTS, name) if self._active(o) in active)
        if job.kind is Kind.RELOAD:
            yield from (Pull(o, Kind.RELOAD, False) for o in of(Facet.RELOADS, name) if self._active(o) in RUNNING)

    def _active(self, name: str) -> Active | None:
        seen = self.look(name)
        return seen.active if seen else None

    def seen(self, name: str) -> Seen:
        seen = self.look(name)
        assert seen is not None, "absent services are refused before"
        return seen
