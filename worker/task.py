"""One task: its commands, one after the other, and the reports on them.

A task makes progress whenever it is looked at: nothing here waits, `files` and `due` say when the
next look is worth it. Times are monotonic seconds.
"""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import inf
from pathlib import Path

from ..supervisor.platforms import Platform, Selector
from .commands.steps import BadParameters, Run, Say, Step, Wait
from .commands.table import PLANS
from .program import CannotStart, Program
from .rules.answers import Command, Task
from .rules.output import EndsStep, no_steps, saved_path
from .rules.tasklog import AGE, LIMIT, TaskLog
from .wire import TaskStatus

log = logging.getLogger(__name__)


class Outcome(Enum):
    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED = "aborted"


@dataclass(frozen=True)
class Surroundings:
    """What a task needs of the worker. report takes an update of the task, show the path of a picture it made.

    selector: wakes the worker when there is something for the task to look at. mark: names the processes of this
    worker's tasks. log_limit: how much of a task's log is kept, in bytes.
    """

    platform: Platform
    selector: Selector
    report: Callable[[Mapping[str, object]], None]
    show: Callable[[Path], None]
    mark: str
    oom_score_adjust: int | None = None
    log_limit: int = LIMIT


class Running:
    """A task that was begun. `outcome` is None until nothing of it runs any more."""

    def __init__(self, task: Task, around: Surroundings, now: float) -> None:
        self.task = task
        self.outcome: Outcome | None = None
        self._around = around
        self._commands = iter(task.commands)
        self._command: Command | None = None
        self._ends_step: EndsStep = no_steps
        self._program: Program | None = None
        self._wait: Wait | None = None
        self._wait_until = inf
        self._aborted = False
        self._steps_before = 0  # of the commands that are done
        self._steps = 0
        self._log = TaskLog(around.log_limit)
        around.report({"activity": "Started", "taskStatus": TaskStatus.ACTIVE.value, "steps_completed": 0})
        self._go_on(now)

    @property
    def due(self) -> float:
        """Return when to look at the latest."""
        program = self._program
        return min(self._wait_until, self._log.due, *((program.due, program.line_begun + AGE) if program else ()))

    def look(self, now: float) -> None:
        """Make what progress there is to make."""
        if self._program is not None:
            self._look_at_program(self._program, now)
        elif now >= self._wait_until and self._wait is not None:
            self._say(self._wait.then, now)
            self._command_done(now)
        if now >= self._log.due:
            self._send_log(self._log.take())

    def abort(self, now: float) -> None:
        """End the task; it is over when `outcome` says so. Nothing is reported: the task is to run again."""
        if self._aborted or self.outcome is not None:
            return
        self._aborted = True
        if self._program is None:
            self._finish(Outcome.ABORTED)
        else:
            self._program.kill(now)

    def _look_at_program(self, program: Program, now: float) -> None:
        self._note(program.look(now), program, now)
        if now >= program.line_begun + AGE:
            self._note(program.cut_line(), program, now)
            self._send_log(self._log.take())
        if not program.over:
            return
        self._program = None
        self._note(program.close(), program, now)
        if self._aborted:
            self._finish(Outcome.ABORTED)
        elif problem := _problem(program):
            self._fail(problem)
        else:
            self._command_done(now)

    def _note(self, lines: list[str], program: Program, now: float) -> None:
        """Write a program's lines into the log, and act on those that mean something."""
        for line in lines:
            self._say(f"pid={program.tree.pid} > {line}", now)
            if path := saved_path(line):
                self._around.show(Path(path))
            if self._ends_step(line):
                self._step(1)

    def _go_on(self, now: float) -> None:
        """Begin the next command that takes time; do those before it that take none."""
        for command in self._commands:
            self._command = command
            try:
                takes_time = self._begin(_plan(command), now)
            except (BadParameters, CannotStart) as problem:
                self._fail(f"{command.name}: {problem}")
                return
            if takes_time:
                return
            self._count_command()
        self._finish(Outcome.COMPLETED, "Completed")

    def _begin(self, step: Step, now: float) -> bool:
        """Begin a command; return whether it is still under way."""
        match step:
            case Say(text):
                self._say(text, now)
                return False
            case Wait(seconds, _):
                self._wait, self._wait_until = step, now + seconds
            case Run(argv, announce, ends_step):
                self._say(announce, now)
                self._ends_step = ends_step
                around = self._around
                self._program = Program(
                    around.platform, around.selector, argv, os.environ, around.mark, around.oom_score_adjust
                )
        return True

    def _command_done(self, now: float) -> None:
        self._wait, self._wait_until, self._ends_step = None, inf, no_steps
        self._count_command()
        self._go_on(now)

    def _count_command(self) -> None:
        """Count what steps of the command are not counted yet."""
        total = self._command.total_steps if self._command else 0
        self._step(max(1, total) - (self._steps - self._steps_before))
        self._steps_before = self._steps

    def _step(self, more: int) -> None:
        """Count steps, as many as the command has; a command without steps of its own is one when it is done."""
        total = self._command.total_steps if self._command else 0
        steps = min(self._steps + more, self._steps_before + max(1, total))
        if steps > self._steps and (total or self._program is None):
            self._steps = steps
            self._around.report({"activity": "Progress", "steps_completed": steps})

    def _say(self, line: str, now: float) -> None:
        self._log.add(line, now)
        if self._log.full:
            self._send_log(self._log.take())

    def _send_log(self, piece: str) -> None:
        if piece:
            self._around.report({"log": piece})

    def _fail(self, reason: str) -> None:
        self._finish(Outcome.FAILED, f"Failed: {reason}")

    def _finish(self, outcome: Outcome, activity: str = "") -> None:
        self._send_log(self._log.close())
        self._wait, self._wait_until = None, inf
        self.outcome = outcome
        log.info("task %s (%s): %s", self.task.name, self.task.id, activity or outcome.value)
        if outcome is Outcome.ABORTED:
            return
        update = {"activity": activity, "taskStatus": outcome.value}
        self._around.report({**update, "log": f"{activity}\n"} if outcome is Outcome.FAILED else update)


def _plan(command: Command) -> Step:
    plan = PLANS.get(command.name)
    if plan is None:
        raise BadParameters(f"is no command of this worker, which has {', '.join(PLANS)}")
    return plan(command.parameters)


def _problem(program: Program) -> str | None:
    """Say what is wrong with how a program ended, or None."""
    if refusal := program.tree.refusal():
        return f"the program could not be started: {refusal}"
    exit = program.tree.poll()
    if exit is None or exit.signal is not None:
        return f"command was ended by {exit}"
    return None if exit.code == 0 else f"command exited abnormally with code {exit.code}"
