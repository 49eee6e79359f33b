"""Texts that break what is written without care: quotes, escapes, ends of lines and of markup, and none at all."""

import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from farmhand.units.errors import BadValue
from farmhand.units.spec import Service

_PIECES = (
    *("\n", "\r", "\t", "\0", "\x1b", "\x7f", "\x85", " ", "'", '"', "`", "\\", "\\\\", "%", "%%", "$", "$$", "${X}"),
    *("%PATH%", "%i", "$(x)", "#", ";", "&", "<", ">", "]]>", "<!--", "-->", "--", "-x", "/", ":", "=", "@", "~", "'@"),
    *("é", "日本", "\u2018", "\u2019", "\u201b", "\u2028", "\ufeff", "\ufffe", "\U0001f916", "\udcff", "\ud800"),
    *("a", "b c", "0", "-", ".", "..", "\\n", '\\"', 'a\\\\"', "C:\\x\\"),
)

# Any text at all, or some of the pieces one after another.
TEXTS = st.one_of(st.lists(st.sampled_from(_PIECES), max_size=5).map("".join), st.text(max_size=8))


def outcome(write: Callable[[Service], Any], service: Service) -> tuple[Any, str]:
    """Give what was written of a service, and why it was not, "" if it was."""
    try:
        return write(service), ""
    except BadValue as bad:
        return None, bad.problem


def evaluated(expression: str) -> str:
    """Read an expression as PowerShell does: quoted texts, and characters by number, put together."""
    parts = re.findall(r"'((?:[^']|'')*)'|\[char\]0x([0-9a-f]{4})", expression)
    between = re.sub(r"'(?:[^']|'')*'|\[char\]0x[0-9a-f]{4}", "x", expression)
    assert re.fullmatch(r"x|\(x( \+ x)+\)", between)
    units = [chr(int(number, 16)) if number else text.replace("''", "'") for text, number in parts]
    return "".join(units).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
