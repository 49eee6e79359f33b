"""Put a file in the place of another. On Windows that takes patience: neither may be open, and somebody may look."""

import os
import time
from pathlib import Path

TRIES = 20
PAUSE = 0.05


def replace(fresh: Path, path: Path) -> None:
    """Give a file the name of another, which is gone then; raises OSError."""
    for _ in range(TRIES):
        try:
            return os.replace(fresh, path)
        except PermissionError:
            time.sleep(PAUSE)
    return os.replace(fresh, path)
