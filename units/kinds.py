"""The kinds of values that directives have: how each is read, combined, written and checked by an editor.

`read(text, Context)` gives the value or raises BadValue; `combine(old, new)` says what a second line does;
`write(value, escape)` gives the texts of the lines that read back as the value (one line, mostly).
"""

from collections.abc import Callable, Mapping

from . import command_line, formats, grammar, specifiers
from .errors import BadValue
from .light import Any, dataclass, replace
from .quoting import words
from .spec import Affinity, Command, StatusSet

Escape = Callable[[str], str]
Json = dict[str, Any]


@dataclass(frozen=True)
class Context:
    """What reading a value may depend on: the specifiers' texts, and where an oddity is told.

    strict: the text comes from our YAML: `warn` raises, and a unit named without its type is a service.
    place: where the text stands, "farm.yaml:12".
    """

    specifiers: Mapping[str, str]
    warn: Callable[[str, str], None]
    strict: bool = False
    place: str = ""

    def replace(self, text: str) -> str:
        return specifiers.replace(text, self.specifiers)

    @property
    def as_written(self) -> bool:
        """Say whether specifiers stay in the texts, so that a path may begin with one."""
        return self.specifiers.get("%") == "%%"


def _last(old: Any, new: Any) -> Any:
    return new


def append(old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[Any, ...]:
    return old + new


def append_new(old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[Any, ...]:
    """Add what is not there yet, in its order."""
    return (*dict.fromkeys((*old, *new)),)


def merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {**old, **new}


def _union(old: StatusSet, new: StatusSet) -> StatusSet:
    return StatusSet(old.codes | new.codes, old.signals | new.signals)


@dataclass(frozen=True)
class Kind:
    """One kind of value. resets: an empty value goes back to the default; else it is a bad value, or says nothing.

    fatal: a bad value is refused with the whole unit.
    """

    what: str
    read: Callable[[str, Context], Any]
    write: Callable[[Any, Escape], list[str]]
    schema: Json
    combine: Callable[[Any, Any], Any] = _last
    resets: bool = False
    repeatable: bool = False
    fatal: bool = False


TEXT_SCHEMA: Json = {"type": ["string", "number", "boolean"]}


def many(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "array", "items": schema}]}


def write_line(text: str, escape: Escape) -> list[str]:
    """Write a text that takes up its line as it is: no quoting exists for it."""
    if any(char in "\n\r\0" for char in text) or text != text.strip() or text.endswith("\\"):
        raise BadValue(
            f"{text!r} cannot be written on one line as it is",
            "take out line breaks, NUL characters, spaces at its ends and a backslash at its end",
        )
    return [escape(text)]


def _plain(parse: Callable[[str], Any]) -> Callable[[str, Context], Any]:
    return lambda text, context: parse(text)


def span(parse: Callable[[str], float] = grammar.parse_span, *, resets: bool = False) -> Kind:
    schema: Json = {"type": ["string", "number"]}
    return Kind("time span", _plain(parse), lambda value, escape: [formats.format_span(value)], schema, resets=resets)


def choice(*choices: str, resets: bool = False) -> Kind:
    return Kind(
        " | ".join(choices),
        _plain(lambda text: grammar.parse_choice(text, choices)),
        lambda value, escape: [value],
        {"enum": [*choices]} if "no" not in choices else {"enum": [*choices, False]},
        resets=resets,
    )


def service_type(*choices: str) -> Kind:
    """Take one of the words; "dbus" is known but cannot be had here, and running it as another would be a lie."""

    def read(text: str, context: Context) -> str:
        if text == "dbus":
            raise BadValue('"dbus" needs a message bus, which Farmhand does not speak', 'use "notify"', fatal=True)
        return grammar.parse_choice(text, choices)

    return replace(choice(*choices), read=read)


def integer(low: int, high: int, *, resets: bool = False) -> Kind:
    return Kind(
        f"number, {low} to {high}",
        _plain(lambda text: grammar.parse_integer(text, low, high)),
        lambda value, escape: [str(value)],
        {"type": ["integer", "string"], "minimum": low, "maximum": high, "pattern": "^[+-]?[0-9]"},
        resets=resets,
    )


def numbered(*choices: str | None) -> Kind:
    """Take a word or its number in the order of `choices`, or a number that means something to the kernel alone.

    Empty resets. systemd, src/basic/string-table.h, DEFINE_STRING_TABLE_LOOKUP_WITH_FALLBACK.
    """

    def parse(text: str) -> str:
        if not text.isdecimal() or int(text) > _LARGEST_INT:
            return grammar.parse_choice(text, given)
        named = choices[int(text)] if int(text) < len(choices) else None
        return named or str(int(text))

    given = tuple(word for word in choices if word)
    schema: Json = {"anyOf": [{"enum": [*given]}, {"type": "integer", "minimum": 0, "maximum": _LARGEST_INT}]}
    return Kind(" | ".join(given), _plain(parse), lambda value, escape: [value], schema, resets=True)


_ACTIONS = tuple(
    f"{verb}{how}"
    for verb in ("reboot", "poweroff", "exit", "soft-reboot", "kexec", "halt")
    for how in ("", "-force", "-immediate")
)


def _read_action(text: str, context: Context) -> str:
    """Take what systemd is to do to the computer; Farmhand never touches it, so our own YAML may not ask for it."""
    action = grammar.parse_choice(text, ("none", *_ACTIONS))
    if action != "none":
        hint = 'write "none", or have OnFailure= or OnSuccess= start a service that does it'
        context.warn(f'"{action}" would be done to the computer, which Farmhand never touches', hint)
    return action


ACTION = Kind("none", _read_action, lambda value, escape: [value], {"const": "none"})
BOOLEAN = Kind(
    "yes or no",
    _plain(grammar.parse_boolean),
    lambda value, escape: [formats.format_boolean(value)],
    {"enum": [True, False, *grammar.BOOLEANS, 1, 0]},
)
FIRM_BOOLEAN = replace(BOOLEAN, fatal=True)
UMASK = Kind(
    "octal mode",
    _plain(grammar.parse_umask),
    lambda value, escape: [f"{value:04o}"],
    {"type": ["string", "integer"]},
)
SIGNAL = Kind(
    "signal",
    _plain(grammar.parse_signal),
    lambda value, escape: [value],
    {"type": ["string", "integer"]},
)
TEXT = Kind("text", lambda text, context: context.replace(text), write_line, TEXT_SCHEMA, resets=True)


_LARGEST_INT = 2**31 - 1


def _read_statuses(text: str, context: Context) -> StatusSet:
    """Read what is right and warn of the rest, word by word; a quote is nothing special, a backslash protects."""
    found = []
    for word in words(text, quotes=False, escapes="protect", warn=context.warn):
        try:
            found.append(grammar.parse_status(word))
        except BadValue as bad:
            context.warn(bad.problem, bad.hint)
    return grammar.status_set(found)


STATUSES = Kind(
    "exit codes and signals",
    _read_statuses,
    lambda value, escape: [grammar.format_statuses(value)],
    many({"type": ["integer", "string"]}),
    combine=_union,
    resets=True,
    repeatable=True,
)


CPUS = Kind(
    "numbers of processors, or ranges of them",
    _plain(grammar.parse_cpus),
    lambda value, escape: [" ".join(map(str, sorted(value or ()))) or "1-0"],
    many({"type": ["integer", "string"]}),
    combine=lambda old, new: (old or frozenset()) | new,
    resets=True,
    repeatable=True,
)


def _join_affinity(old: Affinity | None, new: Affinity) -> Affinity:
    """Numbers add up; "numa" and numbers replace each other; systemd, config_parse_exec_cpu_affinity."""
    return new if old is None or old == "numa" or new == "numa" else old | new


AFFINITY = replace(
    CPUS,
    what='numbers of processors, ranges of them, or "numa"',
    read=_plain(lambda text: "numa" if text == "numa" else grammar.parse_cpus(text)),
    write=lambda value, escape: ["numa"] if value == "numa" else CPUS.write(value, escape),
    combine=_join_affinity,
)


def limit(name: str) -> Kind:
    """The kind of Limit`name`=; its value is {name: Limit}, for they all share one field."""
    return Kind(
        "limit, or soft:hard",
        lambda text, context: {name: grammar.parse_limit(name, text)},
        lambda value, escape: [grammar.format_limit(name, value[name])] if name in value else [],
        {"type": ["integer", "string"]},
        combine=merge,
    )


def _read_commands(text: str, context: Context) -> tuple[Command, ...]:
    return command_line.parse_commands(text, context.replace, context.warn)


COMMANDS = Kind(
    "command line",
    _read_commands,
    lambda value, escape: [command_line.write_command(command, escape) for command in value],
    many({"type": "string"}),
    combine=append,
    resets=True,
    repeatable=True,
)
