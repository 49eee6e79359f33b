"""Frames as people write them, "1-10, 15", and the chunks in which they are rendered. Pure."""

import re
from collections.abc import Iterable, Sequence

_PART = re.compile(r"(-?\d+)(?:\s*-\s*(-?\d+))?")

# A typing error in a range should not become a job that fills the disk.
MOST = 100_000


def parse(text: str) -> list[int]:
    """Return the frames in order, each once; raises ValueError with a text for the submitter."""
    frames: set[int] = set()
    for part in text.split(","):
        found = _PART.fullmatch(part.strip())
        if found is None:
            raise ValueError(f'"{part.strip()}" is not a frame or a range of frames; write them as "1-10, 15"')
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first:
            raise ValueError(f'"{part.strip()}" runs backwards; write the lower frame first')
        if last - first >= MOST:
            raise ValueError(f'"{part.strip()}" has more than {MOST} frames')
        frames.update(range(first, last + 1))
    return sorted(frames)


def chunks(text: str, size: int) -> list[str]:
    """Return the frames in chunks of at most `size`: "1-10" by 4 is 1-4, 5-8 and 9,10."""
    if size < 1:
        raise ValueError(f"a chunk has 1 frame at least, not {size}")
    frames = parse(text)
    return [format(frames[start : start + size]) for start in range(0, len(frames), size)]


def format(frames: Sequence[int]) -> str:
    """Write ordered frames down; runs of three and more become ranges."""
    return ",".join(part for run in _runs(frames) for part in _write(run))


def _runs(frames: Iterable[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for frame in frames:
        if runs and frame == runs[-1][-1] + 1:
            runs[-1].append(frame)
        else:
            runs.append([frame])
    return runs


def _write(run: Sequence[int]) -> list[str]:
    return [f"{run[0]}-{run[-1]}"] if len(run) > 2 else [str(frame) for frame in run]
