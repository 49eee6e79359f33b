"""What a dialect writes, and what it cannot say."""

from collections.abc import Iterable

from .light import dataclass


@dataclass(frozen=True)
class Loss:
    """Something that is not the same where a definition goes. key: the directive, or what else it is about."""

    key: str
    why: str

    def __str__(self) -> str:
        return f"{self.key}: {self.why}"


def grouped(losses: Iterable[Loss]) -> tuple[Loss, ...]:
    """Put together, for people to read, what is lost for the same reason."""
    keys: dict[str, dict[str, None]] = {}
    for loss in losses:
        keys.setdefault(loss.why, {})[loss.key] = None
    return tuple(Loss(", ".join(each), why) for why, each in keys.items())


@dataclass(frozen=True)
class File:
    """A file that belongs to a definition: where it goes, its text, and its access mode."""

    path: str
    text: str
    mode: int = 0o644


@dataclass(frozen=True)
class Rendered:
    """A definition: where it belongs, its text, what it could not express, and the files that it needs beside it."""

    path: str
    text: str
    losses: tuple[Loss, ...] = ()
    mode: int = 0o644
    beside: tuple[File, ...] = ()

    @property
    def files(self) -> tuple[File, ...]:
        """All files, those that others need before these."""
        return (*self.beside, File(self.path, self.text, self.mode))
