"""A service told something about itself: what follows. Who may tell is notify.py's affair. No clock, no I/O."""

from ...units.light import assert_never, replace
from . import watchdog
from .entering import Turn, change, enter, reload_by_message, stop_by_message, take_main
from .exitstatus import Result
from .life import Life
from .notify import Message, Told
from .states import RELOADING, State

_WITH_MAIN = RELOADING | {State.START, State.START_POST, State.RUNNING}
_BY_SIGNAL = RELOADING - {State.RELOAD}
_STRONGEST: tuple[Told, ...] = ("stopping", "ready", "reloading")


def hear(turn: Turn) -> None:
    """Act on what the service tells; who may tell was looked at before (notify.may_tell)."""
    message = turn.scene.message or Message()
    if message.main_pid is not None and turn.life.state in _WITH_MAIN:
        take_main(turn)
    if message.tells:
        _told(turn, _meant(turn, message), message)
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


def _meant(turn: Turn, message: Message) -> Told:
    """Of several states in a message the last one counts; since systemd 253, which brought this type, the strongest."""
    if turn.service.type == "notify-reload":
        return next(told for told in _STRONGEST if told in message.tells)
    return message.tells[-1]


def _told(turn: Turn, told: Told, message: Message) -> None:
    life = turn.life
    turn.set(told=told)
    turn.why = f"{told} received".upper().replace(" RECEIVED", "=1 received")
    match told:
        case "ready":
            if turn.service.type in ("notify", "notify-reload") and life.state is State.START:
                enter(turn, State.START_POST)
            elif _ends_reload(life, message):
                enter(turn, State.RUNNING)
        case "reloading":
            if life.state is State.RUNNING:
                reload_by_message(turn)
            elif life.state is State.RELOAD_SIGNAL and _answers(life, message):
                change(turn, State.RELOAD_NOTIFY, life.timer)
        case "stopping":
            if life.state is State.RUNNING or life.state in _BY_SIGNAL:
                stop_by_message(turn)
        case _:
            assert_never(told)


def _ends_reload(life: Life, message: Message) -> bool:
    if life.state is State.RELOAD_SIGNAL:  # it began and was done at once
        return "reloading" in message.tells and _answers(life, message)
    return life.state is State.RELOAD_NOTIFY or (life.state is State.RELOAD and not life.control)


def _answers(life: Life, message: Message) -> bool:
    """Say whether it was sent after the reload was asked for, and not about an earlier one."""
    return message.monotonic is not None and message.monotonic >= life.reload_begin


def _extend(turn: Turn, until: float) -> None:
    """Move running deadlines, only ever to later; sd_notify(3), EXTEND_TIMEOUT_USEC=."""
    life = turn.life
    turn.life = replace(
        life,
        timer=None if life.timer is None else max(life.timer, until),
        watchdog=None if life.watchdog is None else max(life.watchdog, until),
    )
