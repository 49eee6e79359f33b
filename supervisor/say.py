"""What the supervisor says to whoever started it."""

import contextlib
import sys


def say(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody may be listening any more
        print(f"farmhand: {line}", file=sys.stderr, flush=True)
