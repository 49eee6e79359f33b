"""A service that another service manager's file defines, said line by line in systemd's words.

So what is wrong with a value is told as it is of a unit, by the key that the file has for it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .command_line import write_command
from .dialect import Found
from .directives import DIRECTIVES
from .draft import Draft
from .errors import BadConfig, BadValue, Notice, nearest
from .kinds import Context
from .quoting import quote
from .spec import Command
from .variables import literal


@dataclass
class Foreign:
    """What has been read of a file. path: its own; lines: the line of each of its keys."""

    path: str
    lines: dict[str, int]
    draft: Draft = field(init=False)
    notices: list[Notice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.draft = Draft("", self.path)

    def say(self, key: str, directive: str, text: str) -> None:
        """Take what a key says for a directive. Raises BadConfig for a value that systemd would not take."""
        context = Context({}, lambda problem, hint: self.ignore(key, problem, hint))
        try:
            self.draft.assign(DIRECTIVES[directive], text.replace("%", "%%"), self.line(key), context)
        except BadValue as bad:
            raise self.wrong(key, bad.problem, bad.hint) from None

    def put(self, key: str, directive: str, value: object) -> None:
        """Take a value of a directive that needs no reading."""
        self.draft.put(DIRECTIVES[directive], value, self.line(key))

    def command(
        self, key: str, directive: str, words: Sequence[str], *, argv0: str | None = None, forgiven: bool = False
    ) -> None:
        """Take a command whose words hold no variables. forgiven: it may fail."""
        named = None if argv0 is None else literal(argv0)
        command = Command((words[0], *map(literal, words[1:])), argv0=named, ignore_failure=forgiven)
        try:
            text = write_command(command, lambda word: word)
        except BadValue as bad:
            raise self.wrong(key, bad.problem, bad.hint) from None
        self.say(key, directive, text)

    def variable(self, key: str, name: str, value: str) -> None:
        """Take a variable of the environment."""
        try:
            text = quote(f"{name}={value}")
        except BadValue as bad:
            raise self.wrong(key, bad.problem, bad.hint) from None
        self.say(key, "Environment", text)

    def ignore(self, key: str, problem: str, hint: str) -> None:
        self.notices.append(Notice(self.path, self.line(key), key, problem, hint))

    def unknown(self, key: str, known: Iterable[str], whose: str) -> None:
        """Tell of a key that its service manager does not know."""
        meant = nearest(key, known)
        self.ignore(key, f"{whose} has no such key", f'did you mean "{meant}"?' if meant else "it is left out")

    def wrong(self, key: str, problem: str, hint: str) -> BadConfig:
        return BadConfig(self.path, self.line(key), key, problem, hint)

    def line(self, key: str) -> int:
        return self.lines.get(key, 0)

    def found(self, name: str) -> Found:
        """Give the service. Raises BadConfig where it has no name, or its directives do not go together."""
        if not name or any(char in "/\\" or not char.isprintable() for char in name):
            raise BadConfig(
                self.path, 0, "", f"{name!r} cannot be the name of a service", "use letters, digits, . and -"
            )
        self.draft.name = name
        return Found((self.draft.finish(),), tuple(self.notices))
