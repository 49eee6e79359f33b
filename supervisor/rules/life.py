"""What the lifecycle is about: a service's Life, what happens to it, and the orders that follow.

A Life is all that is remembered of a service between two events. Deadlines are part of it: whoever waits
looks at `timer` and `watchdog` after each step and wakes the service when the earlier of them is reached.
"""

from ...units.light import Enum, dataclass, field
from ...units.spec import Command
from .exitstatus import Exit, Result
from .notify import Message, Told
from .restart import Verdict
from .startlimit import Starts
from .states import State


class Event(Enum):
    START = "start requested"
    STOP = "stop requested"
    RELOAD = "reload requested"
    RESET_FAILED = "reset-failed requested"
    MAIN_ENDED = "main process ended"
    MAIN_LOST = "main process gone unseen"
    CONTROL_ENDED = "control process ended"
    TREE_EMPTY = "last process gone"
    EXECUTED = "program executed"
    REFUSED = "process could not be started"
    PID_FILE = "PIDFile= written"
    TIMER = "timer elapsed"
    WATCHDOG = "watchdog elapsed"
    MESSAGE = "message received"


class Slot(Enum):
    """The two processes a service has at most: the service itself, and the command of the moment."""

    MAIN = "main"
    CONTROL = "control"


@dataclass(frozen=True)
class Scene:
    """What a step may need to know beside the event.

    now: monotonic seconds. stragglers: whether the tree has members beside the main and the control process.
    stop_pending, restart_pending: whether a stop or restart was asked for that is not done yet. exit comes with
    MAIN_ENDED and CONTROL_ENDED, message with MESSAGE, refused with REFUSED. executed: false if the process that ended
    never became the program it was to be, because that is not there. daemon: the id of a living member that may become
    the main process: the one that MAINPID= or PIDFile= name, or the one that a forking start left behind, if any.
    chance: from 0 to 1, drawn anew for each step of a service with RuntimeRandomizedExtraSec=.
    """

    now: float
    stragglers: bool = False
    stop_pending: bool = False
    restart_pending: bool = False
    exit: Exit | None = None
    message: Message | None = None
    refused: Slot | None = None
    executed: bool = True
    daemon: int | None = None
    chance: float = 0.0


@dataclass(frozen=True)
class Life:
    """Where a service is in its life. Times are monotonic seconds, None for none.

    result: the first of the run that was no success. exit: how the main process ended. main, control: whether
    these processes live; main_known is false where nobody can tell which process is the main one. command: the one
    that the control process runs, index: its place in the list of the phase that it belongs to, which is followed
    to its end whatever becomes of the service meanwhile; main_index: which ExecStart= line.
    stop_requested holds until the service rests. restarts: NRestarts; crashes: runs in a row that ended too early, for
    X-FarmhandBackoffMaxSec=; forget_restarts: the next start resets both. ran: how many seconds the run was active,
    once it is no more. reload_begin: when it was last told to reload.
    watchdog_sec: the span that counts in this run, None before the first: WatchdogSec= as it was at the start, or what
    the service asked for since. awaits_pid_file: only PIDFile= is still missing for the service to run.
    told: the last READY, RELOADING or STOPPING.
    """

    state: State = State.DEAD
    result: Result = Result.SUCCESS
    reload_result: Result = Result.SUCCESS
    exit: Exit | None = None
    main: bool = False
    main_known: bool = False
    control: bool = False
    command: Command | None = None
    phase: State = State.DEAD
    index: int = 0
    main_index: int = 0
    awaits_pid_file: bool = False
    stop_requested: bool = False
    restarts: int = 0
    forget_restarts: bool = False
    crashes: int = 0
    starts: Starts = field(default_factory=Starts)
    timer: float | None = None
    watchdog: float | None = None
    watchdog_sec: float | None = None
    active_since: float | None = None
    ran: float = 0.0
    reload_begin: float = 0.0
    told: Told | None = None
    status_text: str = ""
    errno: int = 0
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Spawn:
    """Start a process. directive: whose command it is, "ExecStartPre"."""

    slot: Slot
    directive: str
    command: Command


@dataclass(frozen=True)
class Signal:
    """Send the signals, in this order. everyone: to the whole tree, else to the main and control process only."""

    names: tuple[str, ...]
    everyone: bool


@dataclass(frozen=True)
class SignalMain:
    """Send the signals to the main process alone."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class KillControl:
    """End the control process at once, with SIGKILL."""


@dataclass(frozen=True)
class TakeMain:
    """From now on this process of the tree is the main one."""

    pid: int


@dataclass(frozen=True)
class RemovePidFile:
    """The process that PIDFile= names is gone: so that nobody believes the file."""


@dataclass(frozen=True)
class CleanUp:
    """The run is over: its credentials go, and its RuntimeDirectory= unless that is kept."""

    keep_runtime: bool


@dataclass(frozen=True)
class AskRestart:
    """Have a restart put in the queue: the stop and start of it come back as events."""


@dataclass(frozen=True)
class Changed:
    """The state is a new one, or was entered again: for those who wait for it, and for the log."""

    state: State
    why: str


Order = Spawn | Signal | SignalMain | KillControl | TakeMain | RemovePidFile | CleanUp | AskRestart | Changed


class OutOfPlace(Exception):
    """An event that cannot happen in the current state: a defect of the caller."""
