"""What can be wrong with a service file, as an exception for its author and as data.

`BadValue` is what the grammar raises: it knows neither file nor line. A reader turns it into a
`BadConfig`, or, where systemd only warns and goes on, into a `Notice`.
"""

from collections.abc import Iterable

from .light import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from .spec import Service


class BadValue(ValueError):
    """A text that does not say what its directive needs.

    fatal: systemd refuses the whole unit for it instead of ignoring the line; load_state: and calls it so.
    """

    def __init__(self, problem: str, hint: str, *, fatal: bool = False, load_state: str = "bad-setting") -> None:
        super().__init__(problem, hint)
        self.problem = problem
        self.hint = hint
        self.fatal = fatal
        self.load_state = load_state


@dataclass(frozen=True)
class Notice:
    """Something a file says that is ignored or kept without effect, and where (line 0: the file as a whole)."""

    path: str
    line: int
    key: str
    problem: str
    hint: str

    def __str__(self) -> str:
        return describe(self.path, self.line, self.key, self.problem, self.hint)


class BadConfig(Exception):
    """A service file its author has to mend; the text says where, what and how.

    load_state: what systemd calls such a unit, "bad-setting", "error" or "masked". warnings: what was ignored before.
    service: what was read, if all was and only does not go together.
    """

    def __init__(
        self, path: str, line: int, key: str, problem: str, hint: str, *, load_state: str = "bad-setting"
    ) -> None:
        super().__init__(path, line, key, problem, hint)  # what pickle makes it of again
        self.path = path
        self.line = line
        self.key = key
        self.problem = problem
        self.hint = hint
        self.load_state = load_state
        self.warnings: tuple[Notice, ...] = ()
        self.service: Service | None = None

    def __str__(self) -> str:
        return describe(self.path, self.line, self.key, self.problem, self.hint)


def describe(path: str, line: int, key: str, problem: str, hint: str) -> str:
    """Say where, what and how to mend it: `farm.yaml:12: RestartSec: "5 sconds" is not a time span; write …`."""
    where = f"{path}:{line}" if line else path
    return f"{where}: {key}: {problem}; {hint}" if key else f"{where}: {problem}; {hint}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Name the known word that was most likely meant, whatever its case."""
    from difflib import get_close_matches  # only for those who made a mistake

    by_fold = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else None
