"""What a service tells with sd_notify(3): datagrams read into a Message, and who may send them."""

from collections.abc import Mapping

from ...units.light import Literal, dataclass
from ...units.spec import NotifyAccess, Service

Told = Literal["ready", "reloading", "stopping"]
Sender = Literal["main", "control", "other"]

_HIGHEST = 2**64 - 1  # of any number in a message
_STATES: dict[str, Told] = {"READY=1": "ready", "RELOADING=1": "reloading", "STOPPING=1": "stopping"}


@dataclass(frozen=True)
class Message:
    """One datagram. Absent fields are None; spans are seconds. tells: the states in it, as they stand there.

    watchdog: "1" or "trigger". monotonic: when it was sent, in monotonic seconds.
    """

    tells: tuple[Told, ...] = ()
    monotonic: float | None = None
    status: str | None = None
    errno: int | None = None
    extend_timeout: float | None = None
    watchdog: str | None = None
    watchdog_sec: float | None = None
    main_pid: int | None = None


def parse(datagram: bytes) -> Message:
    """Read a datagram; what makes no sense in it is left out, as systemd does.

    Of several states the last one counts, of every other field the first
    (systemd, src/core/service.c, service_notify_message).
    """
    tags = datagram.decode(errors="replace").replace("\r", "\n").split("\n")
    first = {key: value for key, _, value in (tag.partition("=") for tag in reversed(tags))}
    return Message(
        tells=tuple(_STATES[tag] for tag in tags if tag in _STATES),
        monotonic=_seconds(first.get("MONOTONIC_USEC")),
        status=first.get("STATUS"),
        errno=_number(first.get("ERRNO")),
        extend_timeout=_seconds(first.get("EXTEND_TIMEOUT_USEC")),
        watchdog=first.get("WATCHDOG"),
        watchdog_sec=_seconds(first.get("WATCHDOG_USEC")),
        main_pid=_number(first.get("MAINPID")),
    )


def _number(text: str | None) -> int | None:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > len(str(_HIGHEST)):
        return None  # the length goes first: int() refuses a text of thousands of digits
    number = int(text)
    return number if number <= _HIGHEST else None


def _seconds(microseconds: str | None) -> float | None:
    number = _number(microseconds)
    return None if number is None else number / 1e6


def access(service: Service) -> NotifyAccess:
    """Return whose messages count; a service that needs the socket has it opened for its main process."""
    if service.notify_access not in (None, "none"):
        return service.notify_access
    return "main" if service.type in ("notify", "notify-reload") or service.watchdog_sec > 0 else "none"


_SENDERS: Mapping[NotifyAccess, tuple[Sender, ...]] = {
    "none": (),
    "main": ("main",),
    "exec": ("main", "control"),
    "all": ("main", "control", "other"),
}


def may_tell(service: Service, sender: Sender) -> bool:
    """Say whether a message from this process of the service's tree counts; systemd.service(5), NotifyAccess=."""
    return sender in _SENDERS[access(service)]
