"""Folders, made with those above them, all with the same mode; less what the umask takes away."""

from pathlib import Path


def make(path: Path, mode: int) -> None:
    """Make a folder unless it is there; raises OSError."""
    for missing in reversed([each for each in (path, *path.parents) if not each.exists()]):
        missing.mkdir(mode, exist_ok=True)
    path.mkdir(mode, exist_ok=True)  # raises if it is no folder
