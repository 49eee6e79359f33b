"""The bytes that a program wrote, as lines that a page can show. Pure.

What comes is anybody's: colours of terminals, lines that a program writes over again (CR), bytes that are no UTF-8,
lines without an end. What goes out is text in spans of a few known styles: no escape, no control character, no line
longer than LONGEST. A style ends with its line.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .printable import MISLEADING

# More of a line than this is not shown, in characters.
LONGEST = 2000

# A line that has not ended after so many bytes is taken for one that has.
ENDLESS = 64 * 1024

# The colours of terminals, ECMA-48 "SGR", by what they mean to people; the bright ones mean the same.
COLOURS: Mapping[int, str] = {31: "error", 32: "ok", 33: "warn", 34: "accent", 35: "accent", 36: "accent"}
BOLD, FAINT, RESET, NEITHER, DEFAULT = 1, 2, 0, 22, 39
STYLES = frozenset({"", "bold", "faint", *COLOURS.values()})

# What a terminal takes for a colour, or for another order.
_ESCAPE = re.compile(r"\x1b(?:\[([0-?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")

# Control characters but the tab, and what else does not show.
_HIDDEN = re.compile(rf"[\x00-\x08\x0a-\x1f\x7f-\x9f{MISLEADING}]")


@dataclass(frozen=True)
class Span:
    """A piece of a line; style is one of STYLES."""

    style: str
    text: str


Line = tuple[Span, ...]


@dataclass(frozen=True)
class Lines:
    """The lines that have ended, the one that has not (empty where there is none), and how many bytes that one has."""

    ended: tuple[Line, ...]
    open: Line
    rest: int


def read_lines(data: bytes) -> Lines:
    """Read lines from bytes that begin where a line does."""
    *ended, last = data.split(b"\n")
    if len(last) > ENDLESS:
        ended, last = [*ended, last], b""
    return Lines(tuple(read_line(each) for each in ended), read_line(last), len(last))


def read_line(data: bytes) -> Line:
    """Read one line, without its end; of what was written over, the last counts."""
    parts = data.rstrip(b"\r").rsplit(b"\r", 1)
    text = parts[-1].decode(errors="replace")
    return tuple(_shortened(_spans(text)))


def _spans(text: str) -> Iterator[Span]:
    style, at = "", 0
    for escape in _ESCAPE.finditer(text):
        yield Span(style, text[at : escape.start()])
        at = escape.end()
        if escape[2] == "m":
            style = _styled(style, escape[1])
    yield Span(style, text[at:])


def _styled(style: str, codes: str) -> str:
    """Return the style that follows; 38 and 48 choose a colour of many, which are left out with what follows them."""
    for word in codes.split(";"):
        code = int(word) if word.isdecimal() and len(word) < 4 else RESET
        if code in (38, 48):
            return style
        if code in (RESET, NEITHER, DEFAULT):
            style = ""
        elif code == BOLD:
            style = style or "bold"
        elif code == FAINT:
            style = "faint"
        else:
            style = COLOURS.get(code - 60 if 90 <= code <= 97 else code, style)
    return style


def _shortened(spans: Iterator[Span]) -> Iterator[Span]:
    """Leave out what is empty, and what is too much, and say so."""
    left, cut = LONGEST, 0
    for span in spans:
        shown = span.text[:left]
        left, cut = left - len(shown), cut + len(span.text) - len(shown)
        if shown:
            yield Span(span.style, _HIDDEN.sub("\ufffd", shown))
    if cut:
        yield Span("faint", f" … {cut:,} more characters")
