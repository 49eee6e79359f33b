"""Where each event leads from each state: the tables of the lifecycle.

All of systemd's src/core/service.c that depends on state, event and configuration alone. A state that is
led to may have nothing to do and pass the service on: see `entering.py`.
"""

from collections.abc import Callable, Mapping

from ...units.light import dataclass
from ...units.spec import Command, FailureMode, Service
from .states import FINAL, RELOADING, STARTING, STOPPING, State

S = State


@dataclass(frozen=True)
class Phase:
    """A state that consists in running commands, one after the other.

    then: where it leads when all succeeded or there were none. failed: when one failed. refused: when the first could
    not even be started for want of means, and next_refused: when a later one could not. before_stop: bounded by
    TimeoutStartSec=, else by TimeoutStopSec=.
    """

    directive: str
    commands: Callable[[Service], tuple[Command, ...]]
    then: State
    failed: State
    refused: State
    next_refused: State = State.STOP_SIGTERM
    before_stop: bool = True


PHASES: Mapping[State, Phase] = {
    S.CONDITION: Phase("ExecCondition", lambda s: s.exec_condition, S.START_PRE, S.STOP_SIGTERM, S.DEAD),
    S.START_PRE: Phase("ExecStartPre", lambda s: s.exec_start_pre, S.START, S.STOP_SIGTERM, S.DEAD),
    S.START_POST: Phase("ExecStartPost", lambda s: s.exec_start_post, S.RUNNING, S.STOP_SIGTERM, S.STOP),
    S.RELOAD: Phase("ExecReload", lambda s: s.exec_reload, S.RUNNING, S.RUNNING, S.RUNNING, S.RUNNING),
    S.STOP: Phase("ExecStop", lambda s: s.exec_stop, *(S.STOP_SIGTERM,) * 3, before_stop=False),
    S.STOP_POST: Phase(
        "ExecStopPost", lambda s: s.exec_stop_post, *(S.FINAL_SIGTERM,) * 3, next_refused=S.DEAD, before_stop=False
    ),
}

# A request to stop; None: the service is stopping already.
ON_STOP: Mapping[State, State | None] = {
    **dict.fromkeys(STARTING | RELOADING | {S.STOP_WATCHDOG}, S.STOP_SIGTERM),
    **dict.fromkeys((S.RUNNING, S.EXITED), S.STOP),
    **dict.fromkeys({S.STOP, S.STOP_SIGTERM, S.STOP_SIGKILL, S.STOP_POST} | FINAL, None),
    S.AUTO_RESTART: S.DEAD,
}

# The main or the control process ended and the other one is gone, too.
ON_LAST_ENDED: Mapping[State, State] = {
    **dict.fromkeys(STOPPING, S.STOP_POST),
    S.STOP_POST: S.FINAL_SIGTERM,
    **dict.fromkeys(FINAL, S.DEAD),
}

# The tree is empty: nobody is left to wait for.
ON_TREE_EMPTY: Mapping[State, State] = {
    S.RUNNING: S.RUNNING,
    **dict.fromkeys(STOPPING, S.STOP_POST),
    **dict.fromkeys(FINAL | {S.STOP_POST}, S.DEAD),
}

_TO_STOP: Mapping[FailureMode, State] = {
    "terminate": S.STOP_SIGTERM,
    "abort": S.STOP_WATCHDOG,
    "kill": S.STOP_SIGKILL,
}
_TO_END: Mapping[FailureMode, State] = {
    "terminate": S.FINAL_SIGTERM,
    "abort": S.FINAL_WATCHDOG,
    "kill": S.FINAL_SIGKILL,
}
# A timeout of the start, and of the stop, lead to the next harder means: by TimeoutStartFailureMode= or its twin.
ON_START_TIMEOUT: Mapping[State, Mapping[FailureMode, State]] = dict.fromkeys(STARTING, _TO_STOP)
ON_STOP_TIMEOUT: Mapping[State, Mapping[FailureMode, State]] = {
    S.STOP: _TO_STOP,
    S.STOP_SIGTERM: {**_TO_STOP, "terminate": S.STOP_SIGKILL},
    S.STOP_WATCHDOG: dict.fromkeys(_TO_STOP, S.STOP_SIGKILL),
    S.STOP_SIGKILL: dict.fromkeys(_TO_STOP, S.STOP_POST),
    S.STOP_POST: _TO_END,
    S.FINAL_SIGTERM: {**_TO_END, "terminate": S.FINAL_SIGKILL},
    S.FINAL_WATCHDOG: dict.fromkeys(_TO_END, S.FINAL_SIGKILL),
    S.FINAL_SIGKILL: dict.fromkeys(_TO_END, S.DEAD),
}

# Nobody is there to send a signal to.
PASS_ON: Mapping[State, State] = {
    S.STOP_WATCHDOG: S.STOP_SIGKILL,
    S.STOP_SIGTERM: S.STOP_SIGKILL,
    S.STOP_SIGKILL: S.STOP_POST,
    S.FINAL_WATCHDOG: S.FINAL_SIGKILL,
    S.FINAL_SIGTERM: S.FINAL_SIGKILL,
    S.FINAL_SIGKILL: S.DEAD,
}

# With SendSIGKILL=no the last means is left out.
WITHOUT_SIGKILL: Mapping[State, State] = {S.STOP_SIGKILL: S.STOP_POST, S.FINAL_SIGKILL: S.DEAD}
