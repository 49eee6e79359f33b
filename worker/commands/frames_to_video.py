"""frames-to-video: make a video out of numbered pictures, with ffmpeg.

A program given as plain `ffmpeg` is looked for beside the worker first, as tools/ffmpeg-OS-MACHINE,
tools/ffmpeg-OS and tools/ffmpeg, with the names that Go has for systems and machines.
"""

import platform
import sys
from math import inf
from pathlib import Path

from .steps import BadParameters, Parameters, Step, number, run, split, text, words

MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def plan(parameters: Parameters) -> Step:
    rate = number(parameters, "fps")
    if not 0 < rate < inf:
        raise BadParameters(f"fps: {rate!r} is not a frame rate")
    fps = str(int(rate) if rate == int(rate) else rate)
    return run(
        [
            _ffmpeg(text(parameters, "exe"), Path(sys.argv[0]).resolve().parent / "tools"),
            *split(parameters, "exeArgs"),
            *words(parameters, "argsBefore"),
            *("-r", fps, "-pattern_type", "glob", "-i", text(parameters, "inputGlob")),
            *words(parameters, "args"),
            *("-r", fps),
            text(parameters, "outputFile"),
        ]
    )


def _ffmpeg(exe: str, tools: Path) -> str:
    if exe not in ("ffmpeg", "ffmpeg.exe"):
        return exe
    system = platform.system().lower()
    machine = MACHINES.get(platform.machine().lower(), platform.machine().lower())
    suffix = Path(exe).suffix
    own = (tools / f"ffmpeg{more}{suffix}" for more in (f"-{system}-{machine}", f"-{system}", ""))
    return next((str(path) for path in own if path.is_file()), exe)
