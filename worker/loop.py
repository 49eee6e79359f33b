"""The only place that waits. It keeps one `Life`, asks the manager what the life wants asked, and does what it says.

One thread decides. What takes time at the other end of the network is an errand (`errands.py`); programs, their
output and signals are waited for by the platform's selector; all of them wake the same `select`.
"""

import logging
import random
import time
from collections.abc import Callable
from math import inf
from pathlib import Path
from selectors import EVENT_READ
from typing import assert_never

from ..supervisor.platforms import Platform
from . import credentials
from .client import Client, Credentials, Introduction
from .courier import Bell, Pictures, Reports
from .errands import Errand, Errands
from .notify import Notifier
from .outbox import Outbox
from .rules import life as rules
from .rules.answers import Answer, Registered, SignedOn, Task, Trouble
from .rules.life import Life, Phase, Question
from .rules.tasklog import LIMIT
from .task import Running, Surroundings
from .wire import Status

log = logging.getLogger(__name__)

SAME_WISH = 0.5


class Worker:
    """One worker process."""

    def __init__(
        self,
        me: Introduction,
        client: Client,
        platform: Platform,
        outbox: Outbox,
        notifier: Notifier,
        folder: Path,
        *,
        restart_code: int | None = None,
        oom_score_adjust: int | None = None,
        log_limit: int = LIMIT,
        enrolment_code: str = "",
    ) -> None:
        self._code = enrolment_code
        self._me, self._client, self._platform, self._folder = me, client, platform, folder
        self._notifier, self._oom, self._log_limit = notifier, oom_score_adjust, log_limit
        self._mark = outbox.mark
        self._selector, self._waker = platform.selector(), platform.waker()
        self._errands = Errands(self._waker)
        self._reports = Reports(client, self._errands, outbox)
        self._pictures = Pictures(client, self._errands)
        self._bell = Bell(client, self._errands)
        phase = Phase.SIGN_ON if client.credentials else Phase.REGISTER
        self._life = Life(phase, restart_code=restart_code)
        self._asked: Question | None = None
        self._ask_again = False
        self._secret = credentials.new_secret()
        self._running: Running | None = None
        self._signals: list[tuple[str, float]] = []

    @property
    def why(self) -> str:
        """Return why the worker is where it is, in its own words or its manager's."""
        return self._life.why

    def run(self) -> int:
        """Work until somebody says stop; return the exit code."""
        self._platform.adopt_orphans()
        self._platform.on_signals(self._note_signal)
        self._end_what_was_left()
        for file in (self._waker, self._platform):
            self._selector.register(file.fileno(), EVENT_READ)
        self._notifier.ready()  # whether or not there is a manager yet: docs/decisions/0022
        self._log_life()
        try:
            while self._life.phase is not Phase.GONE:
                self._wait()
                self._turn(time.monotonic())
        finally:
            self._end_task()
        log.info("exit code %s: %s", self._life.exit_code, self._life.why)
        return self._life.exit_code or 0

    def _end_what_was_left(self) -> None:
        """End what a worker with this folder that was killed has left of its task, before that is handed out anew."""
        left = self._platform.end_marked({self._mark}, ())
        if left:
            log.warning("an earlier worker with this data folder left processes %s, which were ended", sorted(left))

    def _turn(self, now: float) -> None:
        """Take in everything that happened, then do everything there is to do."""
        before = rules.describe(self._life)
        self._platform.reap_strangers()
        for errand, result in self._errands.collect():
            self._take_in(errand, result, now)
        self._obey_signals(now)
        self._work(now)
        self._life = rules.too_late(self._life, now)
        self._speak(now)
        if rules.describe(self._life) != before:
            self._log_life()
        self._notifier.alive(now)

    def _wait(self) -> None:
        """Wait until something happened or is due."""
        running = self._running
        due = min(
            min(self._reports.due, self._pictures.due, self._bell.due) if self._may_report else inf,
            self._notifier.due,
            running.due if running else inf,
            self._question_due,
            self._life.gone_at,
        )
        self._selector.select(None if due == inf else max(0.0, due - time.monotonic()))

    @property
    def _question_due(self) -> float:
        errand = Errand.SIGN_OFF if self._life.phase is Phase.LEAVE else Errand.ASK
        if self._errands.under_way(errand):
            return inf
        return rules.wake_at(self._life, reports_waiting=self._reports.waiting)

    def _take_in(self, errand: Errand, result: object, now: float) -> None:
        match errand:
            case Errand.ASK | Errand.SIGN_OFF:
                self._hear(errand, result, now)
            case Errand.REPORT:
                self._take_in_report(result if isinstance(result, int) else None, now)
            case Errand.BELL:
                rang = self._bell.heard(result if isinstance(result, int) else None, now)
                self._life = rules.bell(self._life, works=self._bell.works)
                if rang:
                    self._ring(now)
            case Errand.PICTURE:
                self._pictures.heard(result if isinstance(result, int) else None, now)
            case _:
                assert_never(errand)

    def _take_in_report(self, status: int | None, now: float) -> None:
        unwanted = self._reports.heard(status, now)
        if unwanted and self._running and self._running.task.id == unwanted:
            self._ring(now)  # perhaps the task is not this worker's any more
        if self._reports.unsure:
            self._life = rules.rang(self._life, now)
        if not self._reports.waiting:
            self._ask_again |= self._asked is Question.STATE and self._life.phase is Phase.AWAKE
            self._life = rules.drained(self._life, now)

    def _hear(self, errand: Errand, result: object, now: float) -> None:
        """Take in the manager's answer to a question."""
        asked = Question.SIGN_OFF if errand is Errand.SIGN_OFF else self._asked
        assert asked is not None
        if errand is Errand.ASK:
            self._asked = None
        answer: Answer = result  # type: ignore[assignment]
        match answer:
            case Registered(id):
                self._client.credentials = Credentials(id, self._secret)
                credentials.save(self._folder, self._client.credentials, self._platform.keep_private)
                log.info("registered as %s", id)
            case SignedOn(_, push, waiting):
                self._bell.is_at(push)
                if waiting:
                    log.warning("this worker is not let in yet: somebody has to on the manager's Workers page")
        if not isinstance(answer, Trouble):
            self._reports.hurry()
        self._life = rules.heard(self._life, asked, answer, now, random.random())
        if self._ask_again and self._asked is None:
            self._ask_again = False
            self._life = rules.rang(self._life, now)

    @property
    def _may_report(self) -> bool:
        """Before sign-on the manager does not know who reports."""
        return self._life.phase not in (Phase.REGISTER, Phase.SIGN_ON)

    def _work(self, now: float) -> None:
        """Run the task that there is to run, end the one that is to end."""
        task = self._life.task
        if task is None:
            return
        if self._running is None and self._life.phase is Phase.BUSY:
            log.info("task %s (%s): started", task.name, task.id)
            self._running = Running(task, self._surroundings(task), now)
        running = self._running
        if running is not None:
            if self._life.phase is Phase.ABORT:
                running.abort(now)
            running.look(now)
        if running is None or running.outcome is not None:
            self._running = None
            self._life = rules.task_over(self._life, now)

    def _surroundings(self, task: Task) -> Surroundings:
        attempt = {} if task.attempt is None else {"attempt": task.attempt}
        return Surroundings(
            platform=self._platform,
            selector=self._selector,
            report=lambda update: self._reports.put(task.id, {**update, **attempt}),
            show=lambda path: self._pictures.put(task.id, path),
            mark=self._mark,
            oom_score_adjust=self._oom,
            log_limit=self._log_limit,
        )

    def _speak(self, now: float) -> None:
        """Send what there is to send to the manager."""
        if self._may_report:
            self._reports.pump(now)
            self._pictures.pump(now)
            self._bell.pump(now)
        question = rules.question(self._life, now, reports_waiting=self._reports.waiting)
        if question is Question.SIGN_OFF:
            if not self._errands.under_way(Errand.SIGN_OFF):
                self._errands.send(Errand.SIGN_OFF, self._client.sign_off)
        elif question is not None and self._asked is None:
            self._asked = question
            self._errands.send(Errand.ASK, self._call(question))

    def _call(self, question: Question) -> Callable[[], Answer]:
        client, me, task = self._client, self._me, self._life.task
        match question:
            case Question.REGISTER:
                return lambda: client.register(me, self._secret, self._code)
            case Question.SIGN_ON:
                return lambda: client.sign_on(me)
            case Question.TELL_AWAKE:
                return lambda: client.tell(Status.AWAKE)
            case Question.TELL_ASLEEP:
                return lambda: client.tell(Status.ASLEEP)
            case Question.FETCH:
                return client.fetch
            case Question.STATE:
                return client.state
            case Question.SIGN_OFF:
                return client.sign_off
            case Question.MAY_I_RUN:
                task_id = task.id if task else ""
                return lambda: client.may_i_run(task_id)
            case _:
                assert_never(question)

    def _ring(self, now: float) -> None:
        """See to it that the manager is asked again, also if it is being asked: the answer may be from before."""
        self._ask_again = self._asked is not None
        self._life = rules.rang(self._life, now)
        self._reports.hurry()

    def _note_signal(self, name: str) -> None:
        self._signals.append((name, time.monotonic()))

    def _obey_signals(self, now: float) -> None:
        """The first signal asks the worker to leave, a second one ends it where it is.

        What comes within half a second is the same wish: a terminal tells both a worker and whoever started it.
        """
        if not self._signals:
            return
        (name, first), (_, last) = self._signals[0], self._signals[-1]
        if last - first > SAME_WISH:
            log.warning("told twice to stop: leaving without a word to the manager")
            self._end_task()
            self._platform.die_of(name)
        self._life = rules.told_to_stop(self._life, f"received {name}", now)

    def _end_task(self) -> None:
        """Leave no process behind, whatever the reason for leaving is."""
        if self._running is not None:
            self._running.abort(time.monotonic())

    def _log_life(self) -> None:
        log.info("%s", rules.describe(self._life))
        self._notifier.status(rules.describe(self._life))
        if rules.leaving(self._life):
            self._notifier.stopping()
