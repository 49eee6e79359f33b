"""The small pictures that show how a job is coming on, made of the newest picture of its tasks.

They are made in a thread, one after the other; so few may wait for it that what is shown is new.
"""

import contextlib
import io
import logging
import queue
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger(__name__)

# Flamenco's names, and the most pixels that each may be wide and high.
SIZES: Mapping[str, tuple[int, int]] = {
    "last-rendered.jpg": (1920, 1080),
    "last-rendered-small.jpg": (600, 338),
    "last-rendered-tiny.jpg": (200, 112),
}
_QUALITY = 85

# So many wait, beside the one that is being worked on.
WAITING = 3

# A frame of 8K has 33 million. A file of some bytes can say that it has a thousand times as many.
MOST_PIXELS = 64 * 1024 * 1024


# What may be in a file; Pillow reads much more, which is more to go wrong.
_FORMATS = ("PNG", "JPEG")


class TooLarge(ValueError):
    """A picture has more pixels than are read."""


class Pictures:
    """The thread; it begins with the first picture."""

    def __init__(self) -> None:
        self.ending = threading.Event()
        self._waiting: queue.Queue[Callable[[], None] | None] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None
        self._beginning = threading.Lock()

    def offer(self, content: bytes, folder: Path, done: Callable[[], None]) -> bool:
        """Have the small pictures made, and `done` called afterwards; False where too many wait already."""

        def make() -> None:
            shrink(content, folder)
            done()

        with self._beginning:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait(make)
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """End after the one that is being worked on; of what waits no small pictures are made."""
        self.ending.set()
        if self._thread is not None:
            with contextlib.suppress(queue.Full):  # then the thread does not wait to be woken
                self._waiting.put_nowait(None)
            self._thread.join()

    def _run(self) -> None:
        while (make := self._waiting.get()) is not None and not self.ending.is_set():
            try:
                make()
            # Whatever a worker sent, or the disk and the database do: the next picture has its turn.
            except Exception as error:
                log.warning("a job's picture could not be made smaller: %s", error)


def check(content: bytes) -> None:
    """Raise TooLarge for a picture that would take more memory than there may be; only its head is read."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
            width, height = opened.size
    except Image.DecompressionBombError as error:
        raise TooLarge(str(error)) from None
    except (OSError, SyntaxError, ValueError):
        return  # it is no picture, which is found out when it is shrunk
    if width * height > MOST_PIXELS:
        raise TooLarge(f"the picture has {width} x {height} pixels; at most {MOST_PIXELS} are taken")


def shrink(content: bytes, folder: Path) -> None:
    """Write a checked PNG or JPEG in all SIZES, never larger than it is; raises OSError and what else Pillow raises."""
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
        opened.draft("RGB", SIZES["last-rendered.jpg"])
        picture = _in_colour(opened)
    folder.mkdir(parents=True, exist_ok=True)
    for name, size in SIZES.items():
        picture.thumbnail(size)
        partial = folder / f"{name}.partial"
        picture.save(partial, "JPEG", quality=_QUALITY)
        partial.replace(folder / name)


def _in_colour(opened: "Image.Image") -> "Image.Image":
    """Return what a JPEG can hold; 16 bits of grey are scaled to 8, which Pillow would cut off."""
    if opened.mode.startswith("I"):
        return opened.point(lambda value: value / 256).convert("RGB")
    return opened.convert("RGB")
