"""How a process ended, in systemd's words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Exit:
    """How one process ended: with an exit code, or by a signal, never both.

    code: 0 to 255 (unsigned 32 bits on Windows). signal: its name, "SIGKILL".
    """

    code: int | None = None
    signal: str | None = None
    dumped: bool = False

    def __str__(self) -> str:
        return f"exit code {self.code}" if self.signal is None else f"signal {self.signal}"
