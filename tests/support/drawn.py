"""Picture files as workers send them, and one that says to be larger than it is."""

import io
import struct
import zlib

from PIL import Image

Colour = int | tuple[int, ...]


def picture(size: tuple[int, int] = (8, 8), mode: str = "RGB", format: str = "PNG", colour: Colour = 0) -> bytes:
    content = io.BytesIO()
    Image.new(mode, size, colour).save(content, format)
    return content.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Make a PNG of some bytes that says to be this large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(it)) + kind + it + struct.pack(">I", zlib.crc32(kind + it)) for kind, it in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
