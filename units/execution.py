"""The kinds of values of systemd.exec(5) that are its own: folders to make, credentials, input as text, masks."""

import binascii
import re

from . import formats, grammar
from .command_line import simplify
from .errors import BadValue
from .kinds import TEXT_SCHEMA, Context, Escape, Kind, append, append_new, many, merge
from .named import read_path
from .quoting import quote, unescape, words
from .spec import ExecDirectory

_CREDENTIAL_NAME = re.compile(r"[ -9;-~]{1,255}")  # any ASCII but a colon and what is no text

# proc(5), /proc/PID/coredump_filter: the names of its bits in systemd.exec(5), CoredumpFilter=.
_CORE_PARTS = """
    private-anonymous shared-anonymous private-file-backed shared-file-backed elf-headers private-huge shared-huge
    private-dax shared-dax
"""
_CORE_MASKS = {"default": 0x33, "all": 0xFFFFFFFF, **{name: 1 << bit for bit, name in enumerate(_CORE_PARTS.split())}}


def _relative(text: str, context: Context) -> str:
    path = re.sub(r"^(\./+)+", "", simplify(context.replace(text))).rstrip("/")
    if path.startswith("/") or ".." in path.split("/") or path in ("", "."):
        raise BadValue(f'"{text}" is not a path below the folder that it belongs in', "write a relative one without ..")
    if path.split("/")[0] == "private":
        raise BadValue(f'"{text}" is in "private", which is for DynamicUser= alone', "choose another name")
    return path


def directories(*, links: bool = True) -> Kind:
    """Folders to make: "NAME", or with `links` "NAME:LINK"; systemd.exec(5), RuntimeDirectory=."""

    def read(text: str, context: Context) -> tuple[ExecDirectory, ...]:
        found: list[ExecDirectory] = []
        try:
            for word in words(text, warn=context.warn):
                _take_directory(found, word, context, links=links)
        except BadValue as bad:  # it cannot be read on from here; what came before counts
            context.warn(bad.problem, bad.hint)
        return tuple(found)

    return Kind(
        "relative paths, NAME:LINK for a link to it" if links else "relative paths",
        read,
        _write_directories,
        many({"type": ["string", "integer"]}),
        combine=_join_directories,
        resets=True,
        repeatable=True,
    )


def _take_directory(found: list[ExecDirectory], word: str, context: Context, *, links: bool) -> None:
    """Read "NAME" or "NAME:LINK"; a colon more or at an end says nothing."""
    path, link = [*filter(None, word.split(":")), "", ""][:2]
    if word and not path:
        raise BadValue(f'"{word}" names no folder, and what follows is ignored', "write a name before the colon")
    try:
        if link and not links:
            raise BadValue(f'"{word}" gives a second name, which this directive does not take', "take it out")
        link = _relative(link, context) if link else ""
        found.append(ExecDirectory(_relative(path, context), (link,) if link else ()))
    except BadValue as bad:
        context.warn(bad.problem, bad.hint)


def _join_directories(old: tuple[ExecDirectory, ...], new: tuple[ExecDirectory, ...]) -> tuple[ExecDirectory, ...]:
    """Put them in the order of their paths, each once, as systemd does."""
    joined: dict[str, tuple[str, ...]] = {}
    for item in (*old, *new):
        joined[item.path] = append_new(joined.get(item.path, ()), item.links)
    return tuple(ExecDirectory(path, links) for path, links in sorted(joined.items()))


def _write_directories(value: tuple[ExecDirectory, ...], escape: Escape) -> list[str]:
    items = [f"{item.path}:{link}".removesuffix(":") for item in value for link in item.links or ("",)]
    return [" ".join(quote(escape(item)) for item in items)]


# What …Directory= begins with, since when, and in which folder these are: for the system's services, or a user's.
DIRECTORIES = (
    ("Runtime", 211, "/run or $XDG_RUNTIME_DIR", directories()),
    ("State", 235, "/var/lib or $XDG_STATE_HOME", directories()),
    ("Cache", 235, "/var/cache or $XDG_CACHE_HOME", directories()),
    ("Logs", 235, "/var/log or $XDG_STATE_HOME/log", directories()),
    ("Configuration", 235, "/etc or $XDG_CONFIG_HOME", directories(links=False)),
)


_SEARCHED = re.compile(r"(?:[A-Za-z]:[\\/])?[^:]+")  # the colon of a drive of Windows is part of the path


def _read_search_path(text: str, context: Context) -> tuple[str, ...]:
    """Take the folders as far as they are right; systemd forgets what follows a wrong one."""
    found: list[str] = []
    for part in _SEARCHED.findall(text):
        try:
            found.append(read_path(part, context))
        except BadValue as bad:
            context.warn(bad.problem, bad.hint)
            break
    return tuple(found)


SEARCH_PATH = Kind(
    "absolute paths apart by colons",
    _read_search_path,
    lambda value, escape: [escape(":".join(value))],
    many({"type": "string"}),
    combine=append,
    resets=True,
    repeatable=True,
)


def _read_root(text: str, context: Context) -> str:
    try:
        return read_path(text, context)
    except BadValue as bad:
        raise BadValue(bad.problem, bad.hint, fatal=True) from None


ROOT = Kind(
    "absolute path",
    _read_root,
    lambda value, escape: [escape(value)],
    {"type": "string"},
    resets=True,
)
ABSOLUTE_PATH = Kind("absolute path", read_path, lambda value, escape: [escape(value)], {"type": "string"}, resets=True)


def _read_preserve(text: str, context: Context) -> str:
    if text == "restart":
        return text
    try:
        return formats.format_boolean(grammar.parse_boolean(text))
    except BadValue:
        raise BadValue(f'"{text}" is neither yes, no nor restart', 'write "restart", for example') from None


PRESERVE = Kind(
    "yes, no or restart",
    _read_preserve,
    lambda value, escape: [value],
    {"enum": [True, False, *grammar.BOOLEANS, "restart", 1, 0]},
)


def _unescaped(text: str) -> str:
    """Undo C escapes; \\x00 is a NUL here. An escape that is none is a BadValue."""
    out: list[str] = []
    at = 0
    while at < len(text):
        if text[at] != "\\":
            out.append(text[at])
            at += 1
            continue
        nul = text[at + 1 : at + 4] in ("x00", "000")
        found = ("\0", at + 4) if nul else unescape(text, at + 1)
        if found is None:
            raise BadValue(f'"{text[at : at + 2]}" is not an escape', 'write "\\\\" for a backslash')
        out.append(found[0])
        at = found[1]
    return "".join(out).encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def _escaped(text: str) -> str:
    """Write any text so that `_unescaped` gives it back."""
    plain = {"\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    data = text.encode("utf-8", "surrogateescape").decode("latin-1")
    return "".join(plain.get(char) or (char if " " < char < "\x7f" else f"\\x{ord(char):02x}") for char in data)


def _credential_name(text: str, context: Context) -> str:
    name = context.replace(text)
    if not _CREDENTIAL_NAME.fullmatch(name) or "/" in name or name in (".", ".."):
        raise BadValue(f'"{name}" is not the name of a credential', "write it without slashes and colons")
    return name


def _read_set_credential(text: str, context: Context) -> dict[str, str]:
    name, _, data = text.partition(":")
    if not data:
        raise BadValue("it gives no NAME:TEXT", "write the name, a colon and what the credential says")
    return {_credential_name(name, context): _unescaped(data)}


SET_CREDENTIAL = Kind(
    "NAME:TEXT",
    _read_set_credential,
    lambda value, escape: [f"{escape(name)}:{_escaped(data)}" for name, data in value.items()],
    many({"type": "string"}),
    combine=merge,
    resets=True,
    repeatable=True,
)


def _read_load_credential(text: str, context: Context) -> dict[str, str]:
    """Read NAME:PATH; without a path it is the credential of that name that the supervisor itself was given."""
    name, _, path = text.partition(":")
    name = _credential_name(name, context)
    if not path:
        return {name: name}
    path = context.replace(path)
    return {name: read_path(path, context) if path.startswith("/") else _credential_name(path, context)}


LOAD_CREDENTIAL = Kind(
    "NAME:PATH",
    _read_load_credential,
    lambda value, escape: [f"{escape(name)}:{escape(path)}" for name, path in value.items()],
    many({"type": "string"}),
    combine=merge,
    resets=True,
    repeatable=True,
)


def _read_input_data(text: str, context: Context) -> str:
    try:
        return binascii.a2b_base64("".join(text.split()), strict_mode=True).decode("utf-8", "surrogateescape")
    except ValueError:
        raise BadValue("it is not base64", "write what `base64 -w0` says") from None


def _append_text(old: str, new: str) -> str:
    return old + new


# Both make one text: the first adds a line, the second is how the whole is written again.
INPUT_TEXT = Kind(
    "a line of text",
    lambda text, context: context.replace(_unescaped(text)) + "\n",
    lambda value, escape: [],
    many(TEXT_SCHEMA),
    combine=_append_text,
    resets=True,
    repeatable=True,
)
INPUT_DATA = Kind(
    "base64",
    _read_input_data,
    lambda value, escape: [binascii.b2a_base64(value.encode("utf-8", "surrogateescape"), newline=False).decode()],
    many({"type": "string"}),
    combine=_append_text,
    resets=True,
    repeatable=True,
)


NANOSECONDS = Kind(
    "time span, in nanoseconds if it has no unit",
    lambda text, context: grammar.parse_nanoseconds(text),
    lambda value, escape: [str(value)],
    {"type": ["string", "integer"]},
)


def _read_core_mask(text: str, context: Context) -> int:
    mask = 0
    for word in text.split():
        try:
            mask |= _CORE_MASKS.get(word) or int(word, 16)
        except ValueError:
            hint = f"write some of {', '.join(_CORE_MASKS)}"
            raise BadValue(f'"{word}" is no part of a memory image', hint) from None
    return mask


CORE_MASK = Kind(
    "names of parts, or a mask in hexadecimal",
    _read_core_mask,
    lambda value, escape: [f"{value:#x}"],
    many({"type": ["string", "integer"]}),
    combine=lambda old, new: (old or 0) | new,
    resets=True,
    repeatable=True,
)

# What a kernel can pretend to be; systemd.exec(5), Personality=.
PERSONALITIES = ("x86", "x86-64", "ppc", "ppc-le", "ppc64", "ppc64-le", "s390", "s390x", "arm64", "arm")
