"""systemd's words: quotes, escapes, and the way back.

A command line is split into words when it is read (`words`), `%` specifiers are replaced then, too
(specifiers.py); variables are replaced only when the command starts (variables.py).

Bytes that are no UTF-8 (from `\\xe4`) stand in a str as lone surrogates, as in `os.fsdecode`.
Sources: systemd.service(5), "Command lines"; systemd.syntax(7), "Quoting"; and, where these are silent, what
systemd 252 was seen to do.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from .errors import BadValue
from .light import Literal

WHITESPACE = " \t\n\r"
_PLAIN_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "'": "'",
    "s": " ",
}
_NUMBER_ESCAPE = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})")
_LARGEST_CHARACTER = 0x10FFFF


def unescape(text: str, at: int) -> tuple[str, int] | None:
    """Read one escape, `at` being just after the backslash: (what it stands for, where to go on) or None if unknown."""
    if text[at : at + 1] in _PLAIN_ESCAPES:
        return _PLAIN_ESCAPES[text[at]], at + 1
    number = _NUMBER_ESCAPE.match(text, at)
    if number is None:
        return None
    byte, short, long, octal = number.groups()
    value = int(octal, 8) if octal else int(byte or short or long, 16)
    half = 0xD800 <= value <= 0xDFFF  # of a character; systemd takes it in four digits, and not in eight
    if value == 0 or (octal and value > 0xFF) or (long and not _is_character(value)):
        return None
    if half:
        return chr(value).encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape"), number.end()
    if (byte or octal) and value >= 0x80:
        return bytes([value]).decode("utf-8", "surrogateescape"), number.end()
    return chr(value), number.end()


def _is_character(value: int) -> bool:
    """Say whether Unicode has a character of that number, or may have one; systemd, unichar_is_valid."""
    outside = value > _LARGEST_CHARACTER or 0xD800 <= value <= 0xDFFF
    return not (outside or 0xFDD0 <= value <= 0xFDEF or value & 0xFFFE == 0xFFFE)


# What a backslash begins: a C escape; or it protects the next character; or it is one like any other.
Escapes = Literal["c", "protect", "keep"]
_AFTER_BACKSLASH: Mapping[Escapes, Callable[[str, int], tuple[str, int] | None]] = {
    "c": unescape,
    "protect": lambda text, at: (text[at : at + 1], min(at + 1, len(text))),
    "keep": lambda text, at: ("\\", at),
}


def _ignore(problem: str, hint: str) -> None:
    """Let an oddity pass."""


def split_word(
    text: str,
    at: int,
    *,
    separators: str = WHITESPACE,
    quotes: bool = True,
    escapes: Escapes = "c",
    relax: bool = False,
    warn: Callable[[str, str], None] = _ignore,
) -> tuple[str | None, int]:
    """Take the first word of `text` from `at`: (word or None at the end, where the next may begin).

    quotes: they hold a word together; else they are letters like others. escapes: what a backslash is. relax: an
    unclosed quote ends with the text. An unknown escape is kept as it is written, and told to `warn`.
    """
    while at < len(text) and text[at] in separators:
        at += 1
    if at == len(text):
        return None, at
    out: list[str] = []
    quote = ""
    while at < len(text):
        char = text[at]
        at += 1
        if char == "\\":
            found = _AFTER_BACKSLASH[escapes](text, at)
            if found is None:
                kept = "\\" + text[at : at + 1]
                warn(f'"{kept}" is not an escape and is kept as it is', 'write "\\\\" for a backslash')
                found = kept, min(at + 1, len(text))
            out.append(found[0])
            at = found[1]
        elif quote:
            if char == quote:
                quote = ""
            else:
                out.append(char)
        elif quotes and char in "'\"":
            quote = char
        elif char in separators:
            break
        else:
            out.append(char)
    if quote and not relax:
        raise BadValue(f"a {quote} is not closed", f"close it, or write \\{quote} for the character itself")
    while at < len(text) and text[at] in separators:
        at += 1
    return _join(out), at


def _join(parts: list[str]) -> str:
    """Join, making UTF-8 bytes that were escaped one by one into the character they spell."""
    joined = "".join(parts)
    return joined.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def words(
    text: str,
    *,
    separators: str = WHITESPACE,
    quotes: bool = True,
    escapes: Escapes = "c",
    relax: bool = False,
    warn: Callable[[str, str], None] = _ignore,
) -> Iterator[str]:
    """Split at separators, honouring quotes and escapes; an unclosed quote is a BadValue."""
    at = 0
    while True:
        word, at = split_word(text, at, separators=separators, quotes=quotes, escapes=escapes, relax=relax, warn=warn)
        if word is None:
            return
        yield word


_NEEDS_QUOTES = re.compile(r"[\s'\"\\\x00-\x1f\x7f-\x9f\ud800-\udfff]|^$|^;$")
_WRITTEN = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\a": "\\a", "\b": "\\b", "\f": "\\f"}


def quote(word: str) -> str:
    """Write a word so that `words` reads it back; `%` and `$` are not touched. A NUL is a BadValue."""
    if "\0" in word:
        raise BadValue("it holds a NUL character, which no command line or unit file can", "take the character out")
    if not _NEEDS_QUOTES.search(word):
        return word
    return '"' + "".join(_WRITTEN.get(char) or _written(char) for char in word) + '"'


def _written(char: str) -> str:
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    if char < " " or char == "\x7f":
        return f"\\x{ord(char):02x}"
    return f"\\u{ord(char):04x}" if char != " " and (char.isspace() or "\x80" <= char <= "\x9f") else char
