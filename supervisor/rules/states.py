"""The states of a service, systemd's by name, and what the outside is told of them."""

from collections.abc import Mapping

from ...units.light import Enum
from ...units.spec import Service


class State(Enum):
    """Where a service is in its life: SubState= of `show`; systemd, src/basic/unit-def.c."""

    __hash__ = object.__hash__  # members are themselves alone; Enum looks at their names, which takes time

    DEAD = "dead"
    CONDITION = "condition"
    START_PRE = "start-pre"
    START = "start"
    START_POST = "start-post"
    RUNNING = "running"
    EXITED = "exited"
    RELOAD = "reload"
    RELOAD_SIGNAL = "reload-signal"
    RELOAD_NOTIFY = "reload-notify"
    STOP = "stop"
    STOP_WATCHDOG = "stop-watchdog"
    STOP_SIGTERM = "stop-sigterm"
    STOP_SIGKILL = "stop-sigkill"
    STOP_POST = "stop-post"
    FINAL_WATCHDOG = "final-watchdog"
    FINAL_SIGTERM = "final-sigterm"
    FINAL_SIGKILL = "final-sigkill"
    FAILED = "failed"
    AUTO_RESTART = "auto-restart"


class Active(Enum):
    """The coarse state: ActiveState= of `show`."""

    ACTIVE = "active"
    RELOADING = "reloading"
    INACTIVE = "inactive"
    FAILED = "failed"
    ACTIVATING = "activating"
    DEACTIVATING = "deactivating"


# Nothing of the service runs, and nothing is about to.
RESTING = frozenset({State.DEAD, State.FAILED})
# By a command, by a signal that the service has to answer, and by its own word that it is at it.
RELOADING = frozenset({State.RELOAD, State.RELOAD_SIGNAL, State.RELOAD_NOTIFY})
STARTING = frozenset({State.CONDITION, State.START_PRE, State.START, State.START_POST})
# While these last, the main and the control process are waited for, and then what is left of the tree.
STOPPING = frozenset({State.STOP_WATCHDOG, State.STOP_SIGTERM, State.STOP_SIGKILL})
FINAL = frozenset({State.FINAL_WATCHDOG, State.FINAL_SIGTERM, State.FINAL_SIGKILL})

_ACTIVE_STATES: Mapping[State, Active] = {
    State.DEAD: Active.INACTIVE,
    State.FAILED: Active.FAILED,
    State.RUNNING: Active.ACTIVE,
    State.EXITED: Active.ACTIVE,
    State.AUTO_RESTART: Active.ACTIVATING,
    **dict.fromkeys(RELOADING, Active.RELOADING),
    **dict.fromkeys(STARTING, Active.ACTIVATING),
    **dict.fromkeys({State.STOP, State.STOP_POST} | STOPPING | FINAL, Active.DEACTIVATING),
}
# Nobody waits for the start of an idle service: it counts as active from the first moment.
_IDLE_STATES: Mapping[State, Active] = {**_ACTIVE_STATES, **dict.fromkeys(STARTING, Active.ACTIVE)}


def active_state(service: Service, state: State) -> Active:
    """Return the coarse state; systemd, src/core/service.c, state_translation_table."""
    return (_IDLE_STATES if service.type == "idle" else _ACTIVE_STATES)[state]
