"""`farmhand run`: gives the loop what surrounds it: logs, control socket, what is remembered, the first lines."""

import contextlib
import os
import sys
from collections.abc import Callable, Mapping

from ..units import machine
from ..units.errors import BadConfig
from ..units.light import Any
from ..units.spec import Service
from ..units.variables import expand_text
from . import loop
from .control.protocol import MOST_BYTES, Answer, Handle, Reply, Request
from .definitions.plan import Plan, Wishes
from .execution import environment
from .exit_codes import BAD_INPUT, FAILED
from .logs import Logs, Prefixer
from .obey import REQUESTS
from .platforms import MOST_CLIENTS, CannotListen, Channel, Pipe, Taken, limits, native
from .platforms.clib import give_back
from .rules.jobs import Kind
from .say import say
from .succession.handover import VARIABLE, Inherited, keep, trees
from .succession.plain import Unreadable
from .succession.records import Records, end_unrecorded
from .waiting import Waiter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .control.server import ControlServer
    from .succession.reexec import Succession

_FILES_EACH = 8  # descriptors that one service needs at most: its log, its processes, its notify socket
_FILES_OWN = 64 + MOST_CLIENTS
_LONGEST_LINE = 300  # of a service's own output on the console
_PASSED_BY = ("null", "inherit", "file", "append", "truncate")  # StandardOutput= that does not go to our log
# supervisor: {Leftovers: …}: what is asked of every service at the start, whether it still runs or not.
_LEFTOVERS = {"adopt": Kind.START, "stop": Kind.RESTART}


def run(wishes: Wishes, plan: Plan) -> int:
    """Serve what was planned until told to stop; returns the exit code."""
    try:
        left = _left()
        if wishes.exit_with and wishes.exit_with not in plan.services:
            known = ", ".join(plan.services)
            raise BadConfig("--exit-with", 0, wishes.exit_with, "there is no such service", f"there are {known}")
        if left is not None and left[1]:
            _inherited(left[0])
            return 0
        with contextlib.ExitStack() as opened:
            return _House(wishes, plan, left[0] if left else None, opened).run()
    except (BadConfig, CannotListen, Unreadable, TimeoutError) as problem:
        say(str(problem))
        return BAD_INPUT


def _left() -> tuple[dict[str, Any], bool] | None:
    if VARIABLE not in os.environ:
        return None
    from .succession import reexec  # seldom of use, and it takes memory

    return reexec.left()


def _inherited(left: dict[str, Any]) -> Inherited:
    from .succession import reexec

    return reexec.inherited(left)


class _House:
    """The supervisor with all that surrounds it. left: what an earlier program of this process left."""

    def __init__(self, wishes: Wishes, plan: Plan, left: dict[str, Any] | None, opened: contextlib.ExitStack) -> None:
        self._wishes = wishes
        self._plan = plan
        self._left = left
        self._opened = opened
        self._common = environment.base(os.environ, plan.settings.default_environment)
        kept = (left or {}).get("files")
        self._files = tuple(kept) if kept else limits.open_files()
        self._lock = self._take_lock()
        self._records = self._remember()
        self._logs = _logs(wishes, plan, self._common, self._pipe)
        opened.callback(self._logs.close)
        self._channel: Channel | None = None
        self._server: ControlServer | None = None
        self._succession: Succession | None = None

    def run(self) -> int:
        plan, logs = self._plan, self._logs
        _allow_files(len(plan.services))
        shell = loop.Shell(
            environment=self._common,
            files=self._files,
            journal=self._journal,
            default_output=plan.settings.default_standard_output or "journal",
            default_error=plan.settings.default_standard_error or "inherit",
            log_path=lambda name: log_path(self._loop.units[name].service, logs) if name in self._loop.units else None,
            last_line=lambda name: logs.last_line(name)[:_LONGEST_LINE],
            attach=self._attach,
            log=say,
            catalog=plan.catalog,
            forget=self._forget,
            records=self._records,
            inherited=self._inherit(),
            leftovers=_LEFTOVERS[self._wishes.leftovers or plan.settings.leftovers or "adopt"],
            exit_with=self._wishes.exit_with,
            up=give_back,
        )
        self._loop = loop.Loop(plan.services.values(), shell, native())
        code = self._loop.run(plan.start)
        if self._records is not None:
            self._records.clear(name for name, unit in self._loop.units.items() if not unit.members())
        return code

    def _pipe(self, name: str) -> Pipe:
        return native().lasting_pipe(self._records.pipe(name) if self._records else None)

    def _journal(self, name: str) -> int:
        _allow_files(len(self._loop.units))  # some may have come since the start
        return self._logs.journal(name)

    def _forget(self, name: str) -> None:
        self._logs.forget(name)
        if self._records is not None:
            self._records.forget(name)

    def _take_lock(self) -> int | None:
        if self._left is not None:
            return keep(fd) if (fd := self._left["control"].get("lock")) is not None else None
        try:
            return native().take(self._wishes.control)
        except CannotListen as problem:
            if self._wishes.needs_control or isinstance(problem, Taken):
                raise
            say(f"{problem}; going on without")
            return None

    def _remember(self) -> Records | None:
        """Return where services are remembered: beside the lock, which says whose they are."""
        control = self._wishes.control
        if self._lock is None or not native().outlived:
            return None
        try:
            return Records(f"{control}.d", native().epoch(), say)
        except OSError as error:
            say(f"{control}.d: {error.strerror}; if this process is killed, nobody will know what it started")
            return None

    def _inherit(self) -> Inherited | None:
        """Return what an earlier program of this process left, or else an earlier supervisor that was killed."""
        if self._left is not None:
            self._logs.resume(self._left["outputs"])
            return _inherited(self._left)
        if self._records is None:
            return None
        found = self._records.read()
        end_unrecorded(native(), found, self._records.unrecorded(found), say)
        left = [name for name, values in found.items() if trees(values)]
        for name in left:
            self._logs.journal(name)
        if left:
            say(f"left by a supervisor that was killed: {', '.join(left)}")
        return Inherited(found, own=False) if found else None

    def _attach(self, waiter: Waiter, handle: Handle) -> None:
        self._logs.attach(lambda fd, copy: waiter.watch(fd, REQUESTS, copy), waiter.forget)
        if self._lock is not None:
            kept = self._left["control"] if self._left else None
            self._channel = native().channel(self._wishes.control, self._lock, MOST_BYTES, kept)
            self._opened.callback(self._channel.close)
            if waiting := self._channel.attach(
                lambda fd, serve: waiter.watch(fd, REQUESTS, serve), waiter.forget, self._hear
            ):
                self._answering().resume(waiting, self._rejoin)
        if self._left is None:
            _introduce(self._plan, self._logs, None if self._lock is None else self._wishes.control)

    def _hear(self, client: Any, line: bytes) -> None:
        self._answering().hear(client, line)

    def _answering(self) -> "ControlServer":
        """Load what answers, once somebody has asked."""
        from .control.server import ControlServer

        if self._server is None:
            assert self._channel is not None
            self._server = ControlServer(self._channel, self._handle)
        return self._server

    def _handle(self, request: Request, answer: Answer) -> None:
        if request.verb == "reexec" and not native().replaceable:
            words = "reexec: the program of a process cannot be replaced here; stop the supervisor and run it again"
            answer(Reply(FAILED, (f"{words}, its services are started again with it",)))
        elif request.verb == "reexec":
            from .succession.reexec import Succession

            self._succession = self._succession or Succession(self._loop, self._capture, say)
            self._succession.ask(answer)
        else:
            self._loop.handle(request, answer)

    def _rejoin(self, request: Request, answer: Answer) -> None:
        if request.verb == "reexec":
            answer(Reply(0, (f"process {os.getpid()} goes on with the new program",)))
        else:
            self._loop.rejoin(request, answer)

    def _capture(self, heirs: list[int]) -> dict[str, Any]:
        """Return all that the next program of this process is to know."""
        self._logs.pump()
        control = self._channel.kept(heirs) if self._channel else {}
        return {**self._loop.kept(heirs), "outputs": self._logs.kept(heirs), "control": control, "files": self._files}


def _logs(wishes: Wishes, plan: Plan, common: Mapping[str, str], pipe: Callable[[str], Pipe]) -> Logs:
    """Open the folder of logs; raises BadConfig. Where nobody chose one and there is no place, all is shown here."""
    folder, named = wishes.log_folder, plan.settings.log_directory
    if folder is None and named is not None:
        folder = expand_text(named, common)
    if folder is None:
        folder = f"{machine.folders()['S']}/farmhand/log"
    prefixer, shown = Prefixer(sys.stdout.buffer), wishes.shown

    def echo(name: str, part: bytes) -> None:
        import fnmatch  # of use where something is shown alone

        if any(fnmatch.fnmatchcase(name, pattern) for pattern in shown):
            with contextlib.suppress(OSError):
                prefixer(name, part)

    try:
        return Logs(os.path.abspath(folder), echo=echo if shown else None, pipe=pipe)
    except OSError as error:
        if wishes.log_folder is None and named is None:
            say(f"{folder}: {error.strerror}; the services' output is shown here and not kept")
            shown = ["*"]
            return Logs(None, echo=echo, pipe=pipe)
        problem = f"the services' output cannot be kept there: {error.strerror}"
        raise BadConfig(folder, 0, "", problem, "choose another folder with --log-dir or LogDirectory") from None


def log_path(service: Service, logs: Logs) -> str | None:
    """Say which file a service's output ends up in, None for none."""
    kind, _, path = service.standard_output.partition(":")
    if kind in _PASSED_BY:
        return path or None
    return logs.path(service.name)


def _introduce(plan: Plan, logs: Logs, control: str | None) -> None:
    """Tell people what runs, where its output is, and how to end it."""
    say(f"running {', '.join(plan.services) or 'nothing so far'} (process {os.getpid()})")
    if logs.folder is not None:
        say(f"output is in {logs.folder}; 'farmhand logs NAME' shows it")
    if control is not None:
        say(f"Ctrl-C or 'farmhand shutdown' stops everything; commands come in by {control}")
    for notice in plan.notices:
        say(notice)


def _allow_files(services: int) -> None:
    """Ask for as many descriptors as the services need; those of the services have the limit from before."""
    limits.allow_files(_FILES_OWN + _FILES_EACH * services)
