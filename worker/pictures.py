"""What of a picture's file is sent to the manager: the file as it is, or a JPEG of it, as Flamenco has them."""

import io
import logging
from pathlib import Path

from .wire import LARGEST_PICTURE

log = logging.getLogger(__name__)

# What files begin with that can be sent as they are, and those that have to be converted.
AS_IT_IS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
CONVERTED = (b"II*\0", b"MM\0*")  # TIFF
QUALITY = 85

Sendable = tuple[str, bytes]  # media type, content


def sendable(path: Path) -> Sendable | None:
    """Return what to send of a file; None if it is gone or no picture, which is none of the manager's business."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_PICTURE + 1)
    except (OSError, ValueError) as problem:
        log.info("%s is not shown: %s", path, problem)
        return None
    media_type = next((kind for start, kind in AS_IT_IS.items() if content.startswith(start)), None)
    if media_type is not None and len(content) <= LARGEST_PICTURE:
        return media_type, content
    return _as_jpeg(path) if media_type is not None or content.startswith(CONVERTED) else None


def _as_jpeg(path: Path) -> Sendable | None:
    try:
        from PIL import Image  # some MiB of memory, for pictures that few farms make
    except ModuleNotFoundError:
        log.info("%s is not shown: for TIFF and large pictures Pillow is needed", path)
        return None
    try:
        with Image.open(path) as image, io.BytesIO() as made:
            image.convert("RGB").save(made, "JPEG", quality=QUALITY)
            content = made.getvalue()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        log.info("%s is not shown: %s", path, problem)
        return None
    return ("image/jpeg", content) if len(content) <= LARGEST_PICTURE else None
