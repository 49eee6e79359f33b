"""Frames of a flight into the Mandelbrot set, as PNG files. The same frame always has the same pixels.

python mandelbrot.py --frames 1-10,15 --folder FOLDER
"""

import argparse
import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

WIDTH, HEIGHT = 320, 180
MOST_STEPS = 150
CENTRE = complex(-0.743643887, 0.131825904)

# How much closer each frame is than the one before.
ZOOM = 0.88


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=frames, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for frame in options.frames:
        path = options.folder / f"frame-{frame:04}.png"
        # A frame is there as a whole or not at all, even if the task is killed while it writes.
        partial = path.with_suffix(".partial")
        partial.write_bytes(png(rows(frame)))
        partial.replace(path)
        print(f"Saved: '{path}'", flush=True)


def frames(text: str) -> list[int]:
    """Read "1-10,15"."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def rows(frame: int) -> Iterator[bytes]:
    """Yield the rows of a frame, three bytes a pixel."""
    width = 3.2 * ZOOM ** (frame - 1)
    step = width / WIDTH
    for y in range(HEIGHT):
        imaginary = CENTRE.imag + (HEIGHT / 2 - y) * step
        yield b"".join(colour(complex(CENTRE.real + (x - WIDTH / 2) * step, imaginary)) for x in range(WIDTH))


def colour(point: complex) -> bytes:
    """Colour a point by how fast it escapes; those that do not are black."""
    value = 0j
    for steps in range(MOST_STEPS):
        if abs(value) > 4:
            shade = steps + 1 - math.log2(math.log2(abs(value)))
            return bytes(round(127.5 * (1 + math.cos(shade / tone + 2.4))) for tone in (14.0, 9.0, 6.5))
        value = value * value + point
    return b"\0\0\0"


def png(rows: Iterator[bytes]) -> bytes:
    """Write rows of RGB pixels as a PNG file (RFC 2083)."""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    pixels = b"".join(b"\0" + row for row in rows)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")
    )


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


if __name__ == "__main__":
    main()
