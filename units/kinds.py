"""The kinds of values that directives have: how each is read, combined, written and checked by an editor.

`read(text, Context)` gives the value or raises BadValue; `combine(old, new)` says what a second line does;
`write(value, escape)` gives the texts of the lines that read back as the value (one line, mostly).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import command_line, grammar, specifiers
from .errors import BadValue
from .quoting import quote, words
from .spec import Command, EnvironmentFile, Folder, StatusSet

Escape = Callable[[str], str]
Json = dict[str, Any]


@dataclass(frozen=True)
class Context:
    """What reading a value may depend on: the specifiers' texts, and where an oddity is told.

    strict: the text comes from our YAML: `warn` raises, and a unit named without its type is a service.
    """

    specifiers: Mapping[str, str]
    warn: Callable[[str, str], None]
    strict: bool = False

    def replace(self, text: str) -> str:
        return specifiers.replace(text, self.specifiers)

    @property
    def as_written(self) -> bool:
        """Say whether specifiers stay in the texts, so that a path may begin with one."""
        return self.specifiers.get("%") == "%%"


def _last(old: Any, new: Any) -> Any:
    return new


def _append(old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[Any, ...]:
    return old + new


def _append_new(old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*old, *(item for item in new if item not in old))


def _merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {**old, **new}


def _union(old: StatusSet, new: StatusSet) -> StatusSet:
    return StatusSet(old.codes | new.codes, old.signals | new.signals)


@dataclass(frozen=True)
class Kind:
    """One kind of value. resets: an empty value goes back to the default; else it is a bad value, or says nothing."""

    what: str
    read: Callable[[str, Context], Any]
    write: Callable[[Any, Escape], list[str]]
    schema: Json
    combine: Callable[[Any, Any], Any] = _last
    resets: bool = False
    repeatable: bool = False


TEXT_SCHEMA: Json = {"type": ["string", "number", "boolean"]}


def _many(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "array", "items": schema}]}


def _line(text: str, escape: Escape) -> list[str]:
    """Write a text that takes up its line as it is: no quoting exists for it."""
    if any(char in text for char in "\n\r\0") or text != text.strip() or text.endswith("\\"):
        raise BadValue(
            f"{text!r} cannot be written on one line as it is",
            "take out line breaks, NUL characters, spaces at its ends and a backslash at its end",
        )
    return [escape(text)]


def _plain(parse: Callable[[str], Any]) -> Callable[[str, Context], Any]:
    return lambda text, context: parse(text)


def span(parse: Callable[[str], float] = grammar.parse_span, *, resets: bool = False) -> Kind:
    schema: Json = {"type": ["string", "number"]}
    return Kind("time span", _plain(parse), lambda value, escape: [grammar.format_span(value)], schema, resets=resets)


def choice(*choices: str) -> Kind:
    return Kind(
        " | ".join(choices),
        _plain(lambda text: grammar.parse_choice(text, choices)),
        lambda value, escape: [value],
        {"enum": [*choices]} if "no" not in choices else {"enum": [*choices, False]},
    )


def integer(low: int, high: int, *, resets: bool = False) -> Kind:
    return Kind(
        f"number, {low} to {high}",
        _plain(lambda text: grammar.parse_integer(text, low, high)),
        lambda value, escape: [str(value)],
        {"type": ["integer", "string"], "minimum": low, "maximum": high, "pattern": "^[+-]?[0-9]"},
        resets=resets,
    )


def numbered(*choices: str | None) -> Kind:
    """Take a word or its number in the order of `choices`; empty resets."""

    def parse(text: str) -> str:
        if text.isdigit() and int(text) < len(choices) and (word := choices[int(text)]):
            return word
        return grammar.parse_choice(text, given)

    given = tuple(word for word in choices if word)
    schema: Json = {"enum": [*given, *(i for i, word in enumerate(choices) if word)]}
    return Kind(" | ".join(given), _plain(parse), lambda value, escape: [value], schema, resets=True)


BOOLEAN = Kind(
    "yes or no",
    _plain(grammar.parse_boolean),
    lambda value, escape: [grammar.format_boolean(value)],
    {"enum": [True, False, *grammar.BOOLEANS, 1, 0]},
)
UMASK = Kind(
    "octal mode",
    _plain(grammar.parse_umask),
    lambda value, escape: [f"{value:04o}"],
    {"type": ["string", "integer"]},
    resets=True,
)
SIGNAL = Kind(
    "signal",
    _plain(grammar.parse_signal),
    lambda value, escape: [value],
    {"type": ["string", "integer"]},
)
TEXT = Kind("text", lambda text, context: context.replace(text), _line, TEXT_SCHEMA, resets=True)


def _read_statuses(text: str, context: Context) -> StatusSet:
    """Read what is right and warn of the rest, word by word; there is no quoting."""
    found = []
    for word in text.split():
        try:
            found.append(grammar.parse_status(word))
        except BadValue as bad:
            context.warn(bad.problem, bad.hint)
    return grammar.status_set(found)


STATUSES = Kind(
    "exit codes and signals",
    _read_statuses,
    lambda value, escape: [grammar.format_statuses(value)],
    _many({"type": ["integer", "string"]}),
    combine=_union,
    resets=True,
    repeatable=True,
)


def limit(name: str) -> Kind:
    """The kind of Limit`name`=; its value is {name: Limit}, for they all share one field."""
    return Kind(
        "limit, or soft:hard",
        lambda text, context: {name: grammar.parse_limit(name, text)},
        lambda value, escape: [grammar.format_limit(name, value[name])] if name in value else [],
        {"type": ["integer", "string"]},
        combine=_merge,
    )


def _read_commands(text: str, context: Context) -> tuple[Command, ...]:
    return command_line.parse_commands(text, context.replace, context.warn)


COMMANDS = Kind(
    "command line",
    _read_commands,
    lambda value, escape: [command_line.write_command(command, escape) for command in value],
    _many({"type": "string"}),
    combine=_append,
    resets=True,
    repeatable=True,
)

# A unit is named with its type; a service's name may stand without it here, as in Service.name.
_UNIT_TYPES = frozenset(
    ["service", "socket", "target", "device", "mount", "automount", "swap", "timer", "path", "slice", "scope"]
)
_UNIT_NAME = re.compile(r"[A-Za-z0-9:_.\\@-]{1,255}")


def unit_type(name: str) -> str | None:
    _, dot, suffix = name.rpartition(".")
    return suffix if dot and suffix in _UNIT_TYPES else None


def short_name(name: str) -> str:
    """Drop ".service", unless what is left would read as another type of unit."""
    short = name.removesuffix(".service")
    return short if short and unit_type(short) is None else name


def full_name(name: str) -> str:
    return name if unit_type(name) else f"{name}.service"


def _read_units(text: str, context: Context) -> tuple[str, ...]:
    found = []
    for word in words(text, warn=context.warn):
        try:
            name = context.replace(word)
            if not _UNIT_NAME.fullmatch(name.replace("%", "") if context.as_written else name) or name.endswith("@"):
                raise BadValue(f'"{name}" is not the name of a unit', "use letters, digits and :-_.\\@")
            if unit_type(name) is None and not context.strict:
                context.warn(f'"{name}" names no type of unit', f'write "{name}.service" for a service')
                continue
            found.append(short_name(name))
        except BadValue as bad:
            context.warn(bad.problem, bad.hint)
    return tuple(found)


UNITS = Kind(
    "units",
    _read_units,
    lambda value, escape: [" ".join(escape(full_name(name)) for name in value)],
    _many({"type": "string"}),
    combine=_append_new,
    repeatable=True,
)


def names(what: str, check: Callable[[str], str | None], *, resets: bool = True) -> Kind:
    """Words apart by spaces; `check` says what is wrong with one, or None."""

    def read(text: str, context: Context) -> tuple[str, ...]:
        found = []
        for word in words(text, warn=context.warn):
            name = context.replace(word)
            if problem := check(name):
                context.warn(f'"{name}" {problem}', "it is left out")
            else:
                found.append(name)
        return tuple(found)

    return Kind(
        what,
        read,
        lambda value, escape: [" ".join(quote(escape(word)) for word in value)],
        _many({"type": ["string", "integer"]}),
        combine=_append_new,
        resets=resets,
        repeatable=True,
    )


def _read_environment(text: str, context: Context) -> dict[str, str]:
    found = {}
    for word in words(text, warn=context.warn):
        try:
            name, equals, value = context.replace(word).partition("=")
            if not equals:
                raise BadValue(f'"{word}" is not NAME=value', "quote the whole if the value has spaces")
            grammar.check_environment(name, value)
            found[name] = value
        except BadValue as bad:
            context.warn(bad.problem, bad.hint)
    return found


ENVIRONMENT = Kind(
    "NAME=value, any number of them",
    _read_environment,
    lambda value, escape: [quote(escape(f"{name}={text}")) for name, text in value.items()],
    {
        "anyOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "string"}},
            {"type": "object", "additionalProperties": TEXT_SCHEMA},
        ]
    },
    combine=_merge,
    resets=True,
    repeatable=True,
)

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def _is_absolute(path: str, context: Context) -> bool:
    return path.startswith("/") or bool(_DRIVE.match(path)) or (context.as_written and path.startswith("%"))


def _read_path(text: str, context: Context, *, fatal: bool = False) -> str:
    """Take an absolute path without ".."; doubled and trailing slashes go."""
    path = context.replace(text)
    if not _is_absolute(path, context):
        raise BadValue(f'"{path}" is not an absolute path', "write the path in full, from / on", fatal=fatal)
    if ".." in re.split(r"[\\/]", path):
        raise BadValue(f'"{path}" goes up by ".."', "write the path without it", fatal=fatal)
    if any(char < " " or char == "\x7f" for char in path):
        raise BadValue(f"{path!r} holds a control character", "take it out", fatal=fatal)
    return (re.sub(r"/(?:\.?/)+", "/", path).rstrip("/") or "/") if path[0] == "/" else path


def _read_folder(text: str, context: Context) -> Folder:
    path = text.removeprefix("-")
    return Folder("~" if path == "~" else _read_path(path, context, fatal=True), optional=path != text)


FOLDER = Kind(
    'absolute path or "~"',
    _read_folder,
    lambda value, escape: [("-" if value.optional else "") + _line(value.path, escape)[0]],
    {"type": ["string", "null"]},
    resets=True,
)


def _read_environment_file(text: str, context: Context) -> tuple[EnvironmentFile, ...]:
    path = text.removeprefix("-")
    return (EnvironmentFile(_read_path(path, context), optional=path != text),)


ENVIRONMENT_FILES = Kind(
    "absolute path",
    _read_environment_file,
    lambda value, escape: [("-" if file.optional else "") + _line(file.path, escape)[0] for file in value],
    _many({"type": "string"}),
    combine=_append,
    resets=True,
    repeatable=True,
)


def _read_pid_file(text: str, context: Context) -> str:
    """Take a path; a relative one is in the folder for runtime files."""
    return _read_path(text if _is_absolute(context.replace(text), context) else f"%t/{text}", context)


PID_FILE = Kind("path", _read_pid_file, _line, {"type": "string"}, resets=True)


def check_account(name: str) -> str | None:
    """Say what is wrong with the name of a user or group, or None; systemd's relaxed rule."""
    if not name or name in (".", "..") or name != name.strip():
        return "is not the name of an account"
    if any(char in ":/" or char < " " or char == "\x7f" for char in name):
        return "is not the name of an account: it holds a colon, slash or control character"
    return None


def _read_account(text: str, context: Context) -> str:
    name = context.replace(text)
    if problem := check_account(name):
        raise BadValue(f'"{name}" {problem}', "write a name or a number", fatal=True)
    return name


ACCOUNT = Kind("name or number", _read_account, _line, {"type": ["string", "integer"]}, resets=True)

_STREAM_FILES = ("file:", "append:", "truncate:")


def stream(*words: str, files: tuple[str, ...] = _STREAM_FILES) -> Kind:
    """A standard stream: one of `words`, or a prefix of `files` and an absolute path."""

    def read(text: str, context: Context) -> str:
        for prefix in files:
            if text.startswith(prefix):
                return prefix + _read_path(text.removeprefix(prefix), context)
        return grammar.parse_choice(text, words)

    what = " | ".join([*words, *(prefix + "PATH" for prefix in files)])
    return Kind(what, read, _line, {"type": ["string", "null"]})
