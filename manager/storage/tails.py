"""The end of a file that grows: its last lines, and what was added since. Blocks; opens the file anew each time."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Piece:
    """Some bytes of a file from the begin of a line on; begins: where. skipped: bytes before them that are left out."""

    data: bytes
    begins: int
    skipped: int = 0


NOTHING = Piece(b"", 0)


def last_lines(path: Path, lines: int, most: int) -> Piece:
    """Return a file's last lines, of at most so many bytes; nothing where there is no file."""
    piece = since(path, 0, most)
    data = piece.data
    ended = data[:-1] if data.endswith(b"\n") else data
    at = len(ended)
    for _ in range(lines):
        at = ended.rfind(b"\n", 0, at)
        if at < 0:
            return piece
    begin = at + 1
    return Piece(data[begin:], piece.begins + begin, piece.skipped + begin)


def since(path: Path, offset: int, most: int) -> Piece:
    """Return what a file has from an offset on; where that is more than `most`, the end of it.

    A file that is shorter than the offset is another one, and read from its begin.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            start = offset if offset <= size else 0
            begins = max(start, size - most)
            file.seek(begins)
            data = file.read(size - begins)
    except FileNotFoundError:
        return NOTHING
    if begins > start:
        head, end, rest = data.partition(b"\n")
        data, begins = (rest, begins + len(head) + 1) if end else (data, begins)
    return Piece(data, begins, begins - start)
