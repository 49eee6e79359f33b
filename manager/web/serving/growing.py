"""Sending a file that grows meanwhile, such as the log of a task that is being worked on."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from flask import Response

_PIECE = 64 * 1024


def send_so_far(path: Path) -> Response:
    """Send as much of a text file as there is now: no more than is announced. Raises OSError."""
    file = path.open("rb")
    size = os.fstat(file.fileno()).st_size
    response = Response(_pieces(file, size), mimetype="text/plain")
    response.content_length = size
    response.call_on_close(file.close)
    return response


def _pieces(file: BinaryIO, left: int) -> Iterator[bytes]:
    while left and (piece := file.read(min(left, _PIECE))):
        left -= len(piece)
        yield piece
