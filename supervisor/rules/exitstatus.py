"""How a process ended, and what systemd calls it."""

from ...units.light import Enum, dataclass
from ...units.spec import StatusSet
from ...units.statuses import STATUSES

# A daemon that has no handler for these was asked to go, and went:
# systemd.service(5), SuccessExitStatus=.
CLEAN_SIGNALS = frozenset({"SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE"})


class Result(Enum):
    """Why the service's last run ended; systemd.exec(5), $SERVICE_RESULT."""

    SUCCESS = "success"
    RESOURCES = "resources"
    PROTOCOL = "protocol"
    TIMEOUT = "timeout"
    EXIT_CODE = "exit-code"
    SIGNAL = "signal"
    CORE_DUMP = "core-dump"
    WATCHDOG = "watchdog"
    EXEC_CONDITION = "exec-condition"
    START_LIMIT_HIT = "start-limit-hit"
    OOM_KILL = "oom-kill"


_NONE = StatusSet()
# The step of a start that failed, "/EXEC": systemd.exec(5), "Process Exit Codes".
_STEPS = {code: f"/{name}" for name, code in STATUSES.items() if 200 <= code < 255}

# Neither needs anybody's attention: the service rests in `dead`, not in `failed`.
CLEAN_RESULTS = frozenset({Result.SUCCESS, Result.EXEC_CONDITION})


@dataclass(frozen=True)
class Exit:
    """How one process ended: with an exit code, or by a signal, never both.

    code: 0 to 255 (unsigned 32 bits on Windows). signal: its name, "SIGKILL". lost: nobody saw it; neither is known.
    """

    code: int | None = None
    signal: str | None = None
    dumped: bool = False
    lost: bool = False

    def __str__(self) -> str:
        if self.lost:
            return "an exit that nobody saw"
        if self.signal is not None:
            return f"signal {self.signal}"
        return f"exit code {self.code}{_STEPS.get(self.code or 0, '')}"


def classify(exit: Exit, success: StatusSet = _NONE, *, daemon: bool = True) -> Result:
    """Name the result of an exit that nobody timed out, given SuccessExitStatus=.

    Only a daemon may end by the signals that ask it to; a command that was killed did not do its work
    (systemd, src/shared/exit-status.c, is_clean_exit).
    """
    if exit.lost:
        return Result.RESOURCES  # to be on the safe side: what is to run again after a failure, does
    if exit.dumped:
        return Result.CORE_DUMP
    if exit.signal is not None:
        clean = exit.signal in success or (daemon and exit.signal in CLEAN_SIGNALS)
        return Result.SUCCESS if clean else Result.SIGNAL
    return Result.SUCCESS if exit.code == 0 or exit.code in success else Result.EXIT_CODE
