"""Requests that become jobs: start, stop, restart, reload … They are answered when the jobs are settled.

Exit codes are systemctl's.
"""

from collections.abc import Mapping

from ...units.light import dataclass, field, get_args
from ...units.spec import JobMode
from ..definitions.catalog import Loaded
from ..definitions.unit_paths import is_template
from ..exit_codes import BAD_INPUT, FAILED, NOT_APPLICABLE, NOT_FOUND, REFUSED
from ..rules.conditions import verdict
from ..rules.jobs import RESTING, Kind, Outcome, wanted
from ..rules.pulls import Refused
from ..rules.states import Active, State
from ..unit import Unit
from .desk import Chosen, Desk, choose, complaint
from .protocol import Answer, Reply, Request

VERBS = ("start", "stop", "restart", "try-restart", "reload", "reload-or-restart", "try-reload-or-restart")
_PASS_MASKED = ("stop", "try-restart", "try-reload-or-restart")  # what is masked does not run
_REFUSES = {
    Kind.START: "RefuseManualStart=yes: it is started only with a service that needs it",
    Kind.STOP: "RefuseManualStop=yes: it is stopped only with a service that it needs",
    Kind.RESTART: "RefuseManualStart= or RefuseManualStop= is set: it is restarted only with a service that it needs",
}
_NO_MODES = {
    "isolate": "there are no targets to isolate here; stop what is not wanted by name",
    "flush": "jobs are not thrown away together here; stop services by name",
    "triggering": "nothing triggers services here; stop them by name",
}
# What systemctl ends with when a request is refused, by Refused.kind.
_REFUSAL_CODES = {"destructive": REFUSED, "absent": NOT_FOUND}


@dataclass(eq=False)
class _Errand:
    """One request under way. asked: whose jobs it waits for.

    problems: what is said at the end, with exit codes, of which the first counts. failed: a job did, which is 1.
    """

    desk: Desk
    request: Request
    answer: Answer
    asked: dict[Unit, Kind] = field(default_factory=dict)
    all_asked: bool = False
    settled: dict[str, Outcome] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)
    failed: bool = False

    def run(self, chosen: Chosen, mode: JobMode) -> None:
        """Ask for all jobs; what cannot be asked for is told, and keeps nothing else from being done."""
        self.problems += [(0, note) for note in chosen.notes]
        for each in chosen.found:
            if isinstance(each, Unit):
                self._consider(each, mode)
                self.desk.jobs.run()  # each begins before the next is asked for, as systemctl's calls do one by one
            elif self.request.verb not in _PASS_MASKED or each.state != "masked":
                self.problems.append((self._code_of(each), complaint(self.desk, each)))
        if self.request.options.get("no_block"):
            self.asked.clear()
        self.all_asked = True
        self._finish_if_settled()

    def _code_of(self, absent: Loaded) -> int:
        if is_template(absent.name):
            return FAILED
        return NOT_FOUND if self.request.verb == "stop" or absent.state == "not-found" else FAILED

    def _consider(self, unit: Unit, mode: JobMode) -> None:
        """Ask for the job that the request comes to for a unit, if there is one and nothing speaks against it."""
        verb = self.request.verb
        kind = wanted(verb, unit.service, unit.life.state)
        reloads = verb == "try-reload-or-restart" and unit.service.can_reload
        if refusal := self._refusal(unit, kind or (Kind.RELOAD if reloads else Kind.RESTART)):
            self.problems.append(refusal)
            self.settled[unit.name] = Outcome.INVALID
        elif kind is not None:
            self.asked[unit] = kind
            self._ask(unit, kind, mode)

    def _refusal(self, unit: Unit, kind: Kind) -> tuple[int, str] | None:
        """Say what speaks against the job; systemd.unit(5), RefuseManualStart=."""
        start, stop = unit.service.refuse_manual_start, unit.service.refuse_manual_stop
        if {Kind.START: start, Kind.STOP: stop, Kind.RESTART: start or stop}.get(kind):
            return REFUSED, f"{unit.name}: {_REFUSES[kind]}"
        if kind is Kind.RELOAD and not unit.service.can_reload:
            how = "for it has no ExecReload=; restart it with 'farmhand restart'"
            return NOT_APPLICABLE, f"{unit.name}: it cannot be reloaded, {how}"
        if unit.name in self.desk.definitions.gone and kind is not Kind.STOP:
            return NOT_FOUND, f"{unit.name}: its file is gone; it runs on until it stops"
        return None

    def _ask(self, unit: Unit, kind: Kind, mode: JobMode) -> None:
        patient = not self.request.options.get("no_block")
        try:
            self.desk.jobs.ask(unit, kind, (lambda outcome: self.settle(unit, outcome)) if patient else None, mode)
        except Refused as refused:
            del self.asked[unit]
            self.settled[unit.name] = Outcome.INVALID
            self.problems.append((_REFUSAL_CODES.get(refused.kind, FAILED), f"{unit.name}: {refused}"))

    def settle(self, unit: Unit, outcome: Outcome) -> None:
        """Note what became of a job; the last one brings the answer."""
        self.settled[unit.name] = outcome
        if outcome is not Outcome.DONE:
            self.failed = True
            self.problems.append((FAILED, _told(unit, outcome)))
        self._finish_if_settled()

    def _finish_if_settled(self) -> None:
        if not self.all_asked or any(unit.name not in self.settled for unit in self.asked):
            return
        done = [unit for unit in self.asked if self.settled[unit.name] is Outcome.DONE]
        if self.request.options.get("wait") and done:
            self.desk.watch(lambda: self._have_ended(done))
        else:
            self._reply()

    def _have_ended(self, units: list[Unit]) -> bool:
        """Answer once all have come to rest again: systemctl(1), --wait."""
        waiting = any(unit.active not in RESTING or unit.life.state is State.AUTO_RESTART for unit in units)
        if not waiting:
            failed = [unit for unit in units if unit.active is Active.FAILED]
            self.problems += [(FAILED, f"{unit.name}: it failed, {unit.life.result.value}") for unit in failed]
            self.failed |= bool(failed)
            self._reply()
        return not waiting

    def _reply(self) -> None:
        code = FAILED if self.failed else next((code for code, _ in self.problems if code), 0)
        outcomes = {name: outcome.value for name, outcome in self.settled.items()}
        self.answer(Reply(code, tuple(text for _, text in self.problems), outcomes))


def handle(desk: Desk, request: Request, chosen: Chosen, answer: Answer) -> None:
    """Make the jobs, and answer when the last is settled."""
    mode = str(request.options.get("job_mode") or "replace")
    modes: Mapping[str, JobMode] = {known: known for known in get_args(JobMode)}
    if desk.stopping() and request.verb != "stop":
        answer(Reply(FAILED, (f"{request.verb}: the supervisor is stopping; nothing is started any more",)))
    elif mode in _NO_MODES:
        answer(Reply(REFUSED, (f"--job-mode={mode}: {_NO_MODES[mode]}",)))
    elif mode not in modes:
        answer(Reply(BAD_INPUT, (f'--job-mode: "{mode}" is not known; choose one of {", ".join(modes)}',)))
    else:
        _Errand(desk, request, answer).run(chosen, modes[mode])


def rejoin(desk: Desk, request: Request, answer: Answer) -> None:
    """Answer somebody who was already waiting for jobs when this program replaced another one.

    Of services whose job was settled before, the state tells how.
    """
    if request.verb not in VERBS:
        answer(Reply(FAILED, (f"{request.verb}: the supervisor was replaced meanwhile; ask again",)))
        return
    errand = _Errand(desk, request, answer)
    errand.asked.update((unit, Kind.START) for unit in choose(desk, request.names).units)
    errand.all_asked = True
    for unit in list(errand.asked):
        if unit.name in desk.jobs.pending:
            desk.jobs.when_settled(unit.name, lambda outcome, unit=unit: errand.settle(unit, outcome))  # type: ignore[misc]
        else:
            failed = unit.active is Active.FAILED and request.verb != "stop"
            errand.settle(unit, Outcome.FAILED if failed else Outcome.DONE)


def _told(unit: Unit, outcome: Outcome) -> str:
    """Say what became of a job that was not done."""
    if outcome is Outcome.INVALID:
        return f"{unit.name}: it is {unit.active.value} and cannot be reloaded; start it with 'farmhand start'"
    if outcome is Outcome.ASSERT:
        return f"{unit.name}: {verdict(unit.checked)}"
    last = unit.life.verdict
    reason = f": {last.reason}" if last and outcome is Outcome.FAILED else ""
    return f"{unit.name}: job {outcome.value}{reason}; 'farmhand status {unit.name}' says more"
