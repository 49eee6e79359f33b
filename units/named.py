"""The kinds of values that name something: units, variables, accounts, paths and streams."""

import re
from collections.abc import Callable, Iterator

from . import grammar
from .command_line import simplify
from .errors import BadValue
from .kinds import TEXT_SCHEMA, Context, Kind, append, append_new, many, merge, write_line
from .light import Any, NoReturn, replace
from .quoting import Escapes, quote, words
from .spec import EnvironmentFile, Folder
from .unit_names import full_name, short_name, unit_type

_UNIT_NAME = re.compile(r"[A-Za-z0-9:_.\\@-]{1,255}")


def _each(text: str, context: Context, *, quotes: bool = True, escapes: Escapes = "c") -> Iterator[str]:
    """Yield the words with their specifiers replaced; warn of a word that is wrong, and give up at broken quoting."""
    found = words(text, quotes=quotes, escapes=escapes, warn=_refuse)
    while True:
        try:
            word = next(found, None)
            if word is None:
                return
            yield context.replace(word)
        except BadValue as bad:
            context.warn(bad.problem, bad.hint)


def _refuse(problem: str, hint: str) -> NoReturn:
    raise BadValue(problem, hint)


def _read_units(text: str, context: Context) -> tuple[str, ...]:
    found = (_unit(name, context) for name in _each(text, context, quotes=False, escapes="keep"))
    return tuple(dict.fromkeys(name for name in found if name is not None))


def _unit(name: str, context: Context) -> str | None:
    """Give the short name of a unit, None if it is none, which is warned of; a template's is that of our own instance.

    systemd, src/core/load-fragment.c, config_parse_unit_deps, and src/core/unit.c, resolve_template.
    """
    stem = name.rpartition(".")[0] if unit_type(name) else name
    plain = name.replace("%", "") if context.as_written else name
    if not _UNIT_NAME.fullmatch(plain) or not stem or stem.startswith("@") or (stem.endswith("@") and context.strict):
        context.warn(f'"{name}" is not the name of a unit', "use letters, digits and :-_.\\@")
        return None
    if unit_type(name) is None and not context.strict:
        context.warn(f'"{name}" names no type of unit', f'write "{name}.service" for a service')
        return None
    if stem.endswith("@"):
        own = context.specifiers.get("i") or context.specifiers.get("p") or ""
        name = f"{stem}{own}{name.removeprefix(stem)}"
    return short_name(name)


UNITS = Kind(
    "units",
    _read_units,
    lambda value, escape: [" ".join(escape(full_name(name)) for name in value)],
    many({"type": "string"}),
    combine=append_new,
    repeatable=True,
)


def names(
    what: str,
    check: Callable[[str], str | None],
    *,
    resets: bool = True,
    escapes: Escapes = "c",
    combine: Callable[[Any, Any], Any] = append_new,
) -> Kind:
    """Words apart by spaces; `check` says what is wrong with one, or None."""

    def read(text: str, context: Context) -> tuple[str, ...]:
        found = []
        for name in _each(text, context, escapes=escapes):
            if problem := check(name):
                context.warn(f'"{name}" {problem}', "it is left out")
            else:
                found.append(name)
        return tuple(found)

    return Kind(
        what,
        read,
        lambda value, escape: [" ".join(quote(escape(word)) for word in value)],
        many({"type": ["string", "integer"]}),
        combine=combine,
        resets=resets,
        repeatable=True,
    )


def _read_environment(text: str, context: Context) -> dict[str, str]:
    found = {}
    for word in _each(text, context):
        try:
            name, equals, value = word.partition("=")
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
    combine=merge,
    resets=True,
    repeatable=True,
)

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def _is_absolute(path: str, context: Context) -> bool:
    return path.startswith("/") or bool(_DRIVE.match(path)) or (context.as_written and path.startswith("%"))


_LONGEST_PATH, _LONGEST_NAME = 4096, 255  # bytes, the NUL at the end included and not


def read_path(text: str, context: Context) -> str:
    """Take an absolute path without ".."; doubled and trailing slashes go."""
    path = context.replace(text)
    if not _is_absolute(path, context):
        raise BadValue(f'"{path}" is not an absolute path', "write the path in full, from / on")
    if ".." in re.split(r"[\\/]", path):
        raise BadValue(f'"{path}" goes up by ".."', "write the path without it")
    path = simplify(path) if path[0] == "/" else path
    raw = path.encode("utf-8", "surrogateescape")
    if len(raw) >= _LONGEST_PATH or any(len(part) > _LONGEST_NAME for part in raw.split(b"/")):
        raise BadValue(f'"{path}" is longer than a path can be', "write a shorter one")
    return path


def _read_folder(text: str, context: Context) -> Folder:
    """Take a path or "~"; a bad one is refused with the whole unit, unless "-" forgives it."""
    path = text.removeprefix("-")
    try:
        return Folder("~" if path == "~" else read_path(path, context), optional=path != text)
    except BadValue as bad:
        raise BadValue(bad.problem, bad.hint, fatal=path == text) from None


FOLDER = Kind(
    'absolute path or "~"',
    _read_folder,
    lambda value, escape: [("-" if value.optional else "") + write_line(value.path, escape)[0]],
    {"type": ["string", "null"]},
    resets=True,
)


def _read_environment_file(text: str, context: Context) -> tuple[EnvironmentFile, ...]:
    path = text.removeprefix("-")
    return (EnvironmentFile(read_path(path, context), optional=path != text),)


ENVIRONMENT_FILES = Kind(
    "absolute path",
    _read_environment_file,
    lambda value, escape: [("-" if file.optional else "") + write_line(file.path, escape)[0] for file in value],
    many({"type": "string"}),
    combine=append,
    resets=True,
    repeatable=True,
)


def _read_pid_file(text: str, context: Context) -> str:
    """Take a path; a relative one is in the folder for runtime files, which /var/run is another name of."""
    path = context.replace(text)
    if ".." in path.split("/"):
        raise BadValue(f'"{path}" goes up by ".."', "write the path without it", fatal=True, load_state="error")
    full = read_path(text if _is_absolute(path, context) else f"%t/{text}", context)
    return full.removeprefix("/var") if full.startswith("/var/run/") else full


PID_FILE = Kind("path", _read_pid_file, write_line, {"type": "string"}, resets=True)


def check_account(name: str) -> str | None:
    """Say what is wrong with the name of a user or group, or None; systemd's relaxed rule."""
    if not name or name in (".", "..") or name != name.strip():
        return "is not the name of an account"
    if any(char in ":/" or char < " " or char == "\x7f" for char in name):
        return "is not the name of an account: it holds a colon, slash or control character"
    if re.fullmatch("-[0-9]*|[0-9]+", name) and not _is_id(name):
        return "is neither the name of an account nor its number"
    return None


def _is_id(text: str) -> bool:
    """Say whether it is the number of an account; two of them mean "none" in one system call or another."""
    return bool(re.fullmatch("0|[1-9][0-9]*", text)) and int(text) < 2**32 - 1 and int(text) != 2**16 - 1


def _account(text: str, context: Context) -> str:
    try:
        name = context.replace(text)
        if problem := check_account(name):
            raise BadValue(f'"{name}" {problem}', "write a name or a number")
    except BadValue as bad:
        raise BadValue(bad.problem, bad.hint, fatal=True) from None
    return name


def _read_accounts(text: str, context: Context) -> tuple[str, ...]:
    return tuple(_account(word, context) for word in words(text, quotes=False, escapes="protect", warn=context.warn))


ACCOUNT = Kind("name or number", _account, write_line, {"type": ["string", "integer"]}, resets=True)
ACCOUNTS = replace(names("names or numbers", check_account, combine=append), read=_read_accounts)

_STREAM_FILES = ("file:", "append:", "truncate:")
_OLD_STREAMS = {"syslog": "journal", "syslog+console": "journal+console"}


def _descriptor_name(name: str) -> str:
    """Return the name of a descriptor, which may be empty; systemd, src/basic/fd-util.c, fdname_is_valid."""
    if len(name) > 255 or not re.fullmatch(r"[ -9;-~]*", name):
        raise BadValue(f'"{name}" is not the name of a descriptor', "write at most 255 letters without a colon")
    return name


def stream(*words: str, files: tuple[str, ...] = _STREAM_FILES) -> Kind:
    """A standard stream: one of `words`, or a prefix of `files` and an absolute path."""

    def read(text: str, context: Context) -> str:
        for prefix in files:
            if text.startswith(prefix):
                return prefix + read_path(text.removeprefix(prefix), context)
        if text.startswith("fd:") and "fd" in words:
            return f"fd:{_descriptor_name(context.replace(text[3:]))}".removesuffix(":")
        if (new := _OLD_STREAMS.get(text)) and context.strict:
            raise BadValue(f'"{text}" is obsolete', f'write "{new}"')
        if new:
            context.warn(f'"{text}" is obsolete and taken for "{new}"', "take it out: it is the default")
        return grammar.parse_choice(new or text, words)

    what = " | ".join([*words, *(prefix + "PATH" for prefix in files)])
    return Kind(what, read, write_line, {"type": ["string", "null"]})
