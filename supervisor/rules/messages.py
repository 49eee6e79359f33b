"""A service told something about itself: what follows. Who may tell is notify.py's affair. No clock, no I/O."""

from ...units.light import assert_never, replace
from . import watchdog
from .entering import Turn, enter, reload_by_message, stop_by_message, take_main
from .exitstatus import Result
from .notify import Message
from .states import State

_WITH_MAIN = frozenset({State.START, State.START_POST, State.RUNNING, State.RELOAD})


def hear(turn: Turn) -> None:
    """Act on what the service tells; who may tell was looked at before (notify.may_tell)."""
    message = turn.scene.message or Message()
    if message.main_pid is not None and turn.life.state in _WITH_MAIN:
        take_main(turn)
    if message.told is not None:
        _told(turn, message)
    if message.status is not None:
        turn.set(status_text=message.status)
    if message.errno is not None:
        turn.set(errno=message.errno)
    if message.extend_timeout is not None:
        _extend(turn, turn.scene.now + message.extend_timeout)
    if message.watchdog == "trigger":
        turn.why = "WATCHDOG=trigger received"
        enter(turn, State.STOP_WATCHDOG, Result.WATCHDOG)
        return
    if message.watchdog_sec is not None:
        turn.set(watchdog_sec=message.watchdog_sec)
    if message.watchdog == "1" or message.watchdog_sec is not None:
        turn.set(watchdog=watchdog.deadline(turn.service, turn.life.watchdog_sec, turn.scene.now))


def _told(turn: Turn, message: Message) -> None:
    life, told = turn.life, message.told
    turn.set(told=told)
    turn.why = f"{told} received".upper().replace(" RECEIVED", "=1 received")
    match told:
        case "ready":
            if turn.service.type in ("notify", "notify-reload") and life.state is State.START:
                enter(turn, State.START_POST)
            elif life.state is State.RELOAD and not life.control:
                enter(turn, State.RUNNING)
        case "reloading":
            if life.state is State.RUNNING:
                reload_by_message(turn)
        case "stopping":
            if life.state is State.RUNNING:
                stop_by_message(turn)
        case None:
            pass
        case _:
            assert_never(told)


def _extend(turn: Turn, until: float) -> None:
    """Move running deadlines, only ever to later; sd_notify(3), EXTEND_TIMEOUT_USEC=."""
    life = turn.life
    turn.life = replace(
        life,
        timer=None if life.timer is None else max(life.timer, until),
        watchdog=None if life.watchdog is None else max(life.watchdog, until),
    )
