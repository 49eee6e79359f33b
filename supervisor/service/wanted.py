"""What is to be kept running by the system's own service manager: one supervisor, with the words it is run with."""

from ...units.light import Protocol, dataclass
from ...units.rendered import Rendered
from ..exit_codes import FAILED


@dataclass(frozen=True)
class Named:
    """A supervisor that is installed, or is to be. user: for the one who installs it, from sign-in on; else for all."""

    name: str
    user: bool = False


@dataclass(frozen=True)
class Wanted:
    """What to install. program: what runs `farmhand` here. run: what follows `farmhand run`, its paths absolute.

    account: whose process it is, None for the usual one. control: where it is to be spoken to, None for the usual
    place. stop: seconds that its services may take to stop.
    """

    named: Named
    program: tuple[str, ...]
    run: tuple[str, ...]
    account: str | None = None
    password: str | None = None
    control: str | None = None
    stop: float = 90.0

    @property
    def description(self) -> str:
        return f"Farmhand supervisor ({self.named.name})"

    def hosted(self, log: str, *options: str) -> list[str]:
        """Return what follows the program where Windows starts it. log: where its own lines go."""
        return [*self.program[1:], "service", "run", *options, f"--log={log}", self.named.name, "--"]

    def run_at(self, control: str) -> tuple[str, ...]:
        """Return what follows `farmhand run`, with a place to be spoken to if it names none."""
        return self.run if self.control else (f"--control={control}", *self.run)


@dataclass(frozen=True)
class Standing:
    """How an installed supervisor is, in one line as well."""

    running: bool
    words: str


class Refused(Exception):
    """Something that was not done; the text says what, why and how to mend it."""

    def __init__(self, problem: str, hint: str, code: int = FAILED) -> None:
        super().__init__(f"{problem}; {hint}")
        self.code = code


class NotInstalled(Exception):
    """There is no supervisor of that name."""


class Keeper(Protocol):
    """A service manager. All but `render` act on this machine, and raise Refused or NotInstalled."""

    def render(self, wanted: Wanted) -> Rendered:
        """Return what would be installed, without doing it."""
        ...

    def install(self, wanted: Wanted) -> list[str]:
        """Install it, to be started with the machine or at sign-in; returns what is worth knowing."""
        ...

    def remove(self, named: Named) -> None:
        """Stop it and have it started no more."""
        ...

    def start(self, named: Named) -> None: ...

    def stop(self, named: Named) -> None:
        """Have it stop in order, and not start again by itself before the machine does or the user signs in."""
        ...

    def status(self, named: Named) -> Standing: ...
