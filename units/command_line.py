"""The command lines of Exec…= directives, read and written; systemd.service(5), "Command lines"."""

import re
import sys
from collections.abc import Callable

from .errors import BadValue
from .quoting import WHITESPACE, quote, split_word
from .spec import Command

_PRIVILEGES = ("", "+", "!", "!!")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def parse_commands(text: str, replace: Callable[[str], str], warn: Callable[[str, str], None]) -> tuple[Command, ...]:
    """Read one line's commands, apart by a lone ";". What is wrong is a fatal BadValue, unless `-` forgives it."""
    commands = []
    at = 0
    while at < len(text):
        command, at = _parse_command(text, at, replace, warn)
        if command is not None:
            commands.append(command)
    return tuple(commands)


def _parse_command(
    text: str, at: int, replace: Callable[[str], str], warn: Callable[[str, str], None]
) -> tuple[Command | None, int]:
    """Read the command that begins at `at`: (it, where the next begins); None if it is wrong and `-` forgives it."""
    forgiven = False
    try:
        first, at = split_word(text, at, warn=warn)
        if first is None or first == ";":  # nothing but a separator
            return None, at
        prefixes, program = _split_prefixes(first)
        forgiven = "-" in prefixes
        words = [_check_program(replace(program), first)]
        more, at = _arguments(text, at, replace, warn)
        words += more
        return _command(prefixes, words), at
    except BadValue as bad:
        if not forgiven:
            raise BadValue(bad.problem, bad.hint, fatal=True) from None
        warn(bad.problem, bad.hint)
        return None, len(text)


def _split_prefixes(word: str) -> tuple[str, str]:
    """Part "-@/bin/x" into "-@" and "/bin/x"."""
    seen = ""
    for char in word:
        once = char in "-@:" and char not in seen
        privilege = (char == "+" and not set(seen) & {"+", "!"}) or (char == "!" and "+" not in seen)
        if not (once or (privilege and seen.count("!") < 2)):
            break
        seen += char
    return seen, word[len(seen) :]


def _check_program(path: str, written: str) -> str:
    if not path:
        raise BadValue(f'"{written}" names no program', "write the program's path after the prefix")
    if any(char < " " or char == "\x7f" for char in path):
        raise BadValue(f'the program "{path!r}" holds a control character', "take it out")
    if path[0] == "/" and any(char in "'\"\\" for char in path):  # systemd, string_is_safe
        raise BadValue(f'the program "{path}" has a quote or a backslash in its name', "have a link to it without")
    if path.endswith("/"):
        raise BadValue(f'the program "{path}" is a folder', "name a file in it")
    if (path[0] != "/" and not _DRIVE.match(path) and "/" in path) or path in (".", ".."):
        raise BadValue(f'the program "{path}" is neither an absolute path nor a bare name', "write the path in full")
    return simplify(path) if path[0] == "/" else path


def simplify(path: str) -> str:
    """Take doubled slashes, "/./" and a slash at the end out of a path."""
    return re.sub(r"/(?:\.?/)+|/\.$", "/", path).rstrip("/") or "/"


def _arguments(
    text: str, at: int, replace: Callable[[str], str], warn: Callable[[str, str], None]
) -> tuple[list[str], int]:
    """Read words up to a lone ";" or the end."""
    out: list[str] = []
    while at < len(text):
        if text[at] == ";" and text[at + 1 : at + 2] in ("", *WHITESPACE):
            return out, _skip_space(text, at + 1)
        if text.startswith("\\;", at) and text[at + 2 : at + 3] in ("", *WHITESPACE):
            out.append(";")
            at = _skip_space(text, at + 2)
            continue
        word, at = split_word(text, at, warn=warn)
        if word is not None:
            out.append(replace(word))
    return out, at


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in WHITESPACE:
        at += 1
    return at


def _command(prefixes: str, words: list[str]) -> Command:
    argv0 = None
    if "@" in prefixes:
        if len(words) == 1:
            raise BadValue('after "@" the name for the program is missing', "write it after the program")
        argv0 = words.pop(1)
    privilege = "".join(char for char in prefixes if char in "+!")
    return Command(
        tuple(map(sys.intern, words)),  # of a thousand services many run the same program
        argv0=argv0,
        ignore_failure="-" in prefixes,
        literal=":" in prefixes,
        privilege=_PRIVILEGES[_PRIVILEGES.index(privilege)],  # type: ignore[arg-type]
    )


def write_command(command: Command, escape: Callable[[str], str]) -> str:
    """Write a command so that `parse_commands` reads it back; `escape` protects `%` where it must be."""
    prefixes = "".join(
        [
            "-" * command.ignore_failure,
            "@" * (command.argv0 is not None),
            ":" * command.literal,
            command.privilege,
        ]
    )
    program, *arguments = command.words
    if program[:1] in "-@:+!":
        raise BadValue(f'a program\'s name cannot begin with "{program[:1]}"', "write its path in full")
    first = quote(prefixes + escape(program))
    named = [] if command.argv0 is None else [command.argv0]
    return " ".join([first, *(quote(escape(word)) for word in [*named, *arguments])])
