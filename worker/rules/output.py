"""What a program's output says: bytes in, lines out, and what some of them mean. Pure.

Any bytes will do: what is neither UTF-8 nor in the encoding of this system is replaced, endless lines are cut.
"""

import re
from collections.abc import Callable

LONGEST_LINE = 40 * 1024

# A carriage return alone ends a line too: that is how progress is shown on a terminal.
_LINE_END = re.compile(rb"\r?\n|\r(?=[^\n])")

# Blender 5 puts the time and "render |" in front.
_SAVED = re.compile(r"(?:^|\| )Saved: '(?P<path>.+)'\s*$")
_FRAME_DONE = re.compile(r"(?:^|\| )\s*(?:Time: \d[\d:.]*|[Ss]kipping existing frame\b)")

# Says whether a line of a program's output ends one of the steps of its command.
EndsStep = Callable[[str], bool]


class Lines:
    """Bytes as they come, made into lines. encoding: of lines that are not UTF-8."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self._encoding = encoding
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that `data` completes."""
        *whole, self._rest = _LINE_END.split(self._rest + data)
        lines = [self._text(piece) for line in whole for piece in _pieces(line)]
        *cut_off, self._rest = _pieces(self._rest)
        return lines + [self._text(piece) for piece in cut_off]

    @property
    def unfinished(self) -> bool:
        return bool(self._rest)

    def flush(self) -> list[str]:
        """Return what has come of a line that is not finished, as a line of its own."""
        rest, self._rest = self._rest.removesuffix(b"\r"), b""
        return [self._text(rest)] if rest else []

    def _text(self, piece: bytes) -> str:
        try:
            return piece.decode()
        except UnicodeDecodeError:
            return piece.decode(self._encoding, errors="replace")


def _pieces(line: bytes) -> list[bytes]:
    """Cut what is too long for a line; the last piece may go on."""
    pieces = []
    while len(line) > LONGEST_LINE:
        cut = _cut(line)
        pieces.append(line[:cut])
        line = line[cut:]
    return [*pieces, line]


def _cut(line: bytes) -> int:
    """Return where to cut a line that is too long: not within a character, if it is UTF-8."""
    return next((at for at in range(LONGEST_LINE, LONGEST_LINE - 4, -1) if line[at] & 0xC0 != 0x80), LONGEST_LINE)


def saved_path(line: str) -> str | None:
    """Return the path of a file that a line announces as `Saved: '<path>'`, as Blender does."""
    found = _SAVED.search(line)
    return found["path"] if found else None


def ends_frame(line: str) -> bool:
    """Say whether Blender is done with one more frame: rendered, or skipped because it exists."""
    return _FRAME_DONE.search(line) is not None


def no_steps(line: str) -> bool:
    """The program does not say how far it is."""
    return False
