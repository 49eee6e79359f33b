"""From the end of a process until the next one is started in its place, on each platform: the medians.

`restarts.py` tells of all three; `restarts.py NAME` of one, on the system that has it. Of the child only its end
counts: it says when that was, by the clock that all processes share.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "windows")]

ROUNDS = 50
ENDS = "note('up'); sys.stdin.read(1); sys.stdout.write(repr(time.perf_counter())); sys.stdout.flush(); os._exit(47)"


def seconds_of(name: str) -> Iterator[float]:
    from shells import shell_of

    with tempfile.TemporaryDirectory() as folder, shell_of(name, Path(folder)) as shell:
        here, there = os.pipe()
        tree, told = start(shell, there)
        for _ in range(ROUNDS):
            shell.text_in("up")
            (shell.folder / "up").unlink()
            os.close(told)
            shell.exit_of(tree)
            tree, told = start(shell, there)
            started = time.perf_counter()
            yield started - float(os.read(here, 64))
        os.close(told)


def start(shell, output: int):
    """Return the tree, and what its process ends with when it is closed."""
    reads, writes = os.pipe()
    tree = shell.child(ENDS, stdin=reads, stdout=output)
    os.close(reads)
    return tree, writes


def on_windows() -> str:
    from suite import ready
    from wine import as_windows_has_it

    return ready().check(as_windows_has_it(Path(__file__)), "windows")


def main(names: list[str]) -> None:
    for name in names:
        print(f"{name}: {median(seconds_of(name)) * 1000:.2f} ms from exit to restart, of {ROUNDS}")
    if not names:
        for name in ("linux", "posix"):
            subprocess.run([sys.executable, __file__, name], check=True)
        print(on_windows(), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
