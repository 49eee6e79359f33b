"""What a dialect writes, and what it cannot say."""

from .light import dataclass


@dataclass(frozen=True)
class Rendered:
    """One definition file: where it belongs, its text, and in words what the dialect could not express."""

    path: str
    text: str
    losses: tuple[str, ...] = ()
