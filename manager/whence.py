"""Where what is done comes from: set for each request, and read where it is written down."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Whence:
    """From where somebody acts. way: by what they are known, such as "session", "token" or "network"."""

    way: str
    address: str = ""


# Without a request it is somebody at this machine who may read and write the database itself.
COMMAND_LINE = Whence("command line")

_current: ContextVar[Whence] = ContextVar("whence", default=COMMAND_LINE)


def come(whence: Whence) -> None:
    """Have what follows in this context come from there."""
    _current.set(whence)


def current() -> Whence:
    return _current.get()
