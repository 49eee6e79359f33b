"""frames-to-video: make a video out of numbered pictures, with ffmpeg.

A program given as plain `ffmpeg` is looked for beside the worker first, as tools/ffmpeg-OS-MACHINE,
tools/ffmpeg-OS and tools/ffmpeg, with the names that Go has for systems and machines.

The ffmpeg of Windows knows no patterns. There it is given a list of the pictures instead, in their folder, by a program
of our own around it.
"""

import glob
import os
import subprocess
import sys
from collections.abc import Iterable
from math import inf
from pathlib import Path

from ...supervisor.platforms import system
from .steps import BadParameters, Parameters, Step, number, run, run_own, split, text, words

MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
LIST = "ffmpeg-file-index.txt"


def plan(parameters: Parameters) -> Step:
    rate = number(parameters, "fps")
    if not 0 < rate < inf:
        raise BadParameters(f"fps: {rate!r} is not a frame rate")
    fps = str(int(rate) if rate == int(rate) else rate)
    pictures = text(parameters, "inputGlob")
    before = [
        _ffmpeg(text(parameters, "exe"), Path(sys.argv[0]).resolve().parent / "tools"),
        *split(parameters, "exeArgs"),
        *words(parameters, "argsBefore"),
    ]
    after = [*words(parameters, "args"), "-r", fps, text(parameters, "outputFile")]
    if system() == "windows":
        listed = {"before": before, "inputGlob": pictures, "fps": rate, "after": after}
        return run_own("frames-to-video", f"{pictures} as {after[-1]}", listed)
    return run([*before, "-r", fps, "-pattern_type", "glob", "-i", pictures, *after])


def perform(parameters: Parameters) -> None:
    """Run ffmpeg with a list of the pictures; exit with its code."""
    pattern = text(parameters, "inputGlob")
    pictures = sorted(glob.glob(pattern))
    if not pictures:
        raise BadParameters(f"inputGlob: there is no file like {pattern}")
    listed = Path(pictures[0]).with_name(LIST)
    listed.write_text(concat_script(map(os.path.abspath, pictures), 1 / number(parameters, "fps")), encoding="utf-8")
    try:
        argv = [*words(parameters, "before"), "-f", "concat", "-safe", "0", "-i", str(listed)]
        code = subprocess.run([*argv, *words(parameters, "after")], check=False).returncode
    finally:
        listed.unlink()
    sys.exit(code)


def concat_script(pictures: Iterable[str], seconds: float) -> str:
    """Return the list as ffmpeg reads it, each picture shown for so long; ffmpeg-formats(1), concat."""
    return "".join("file '{}'\nduration {:f}\n".format(picture.replace("'", r"'\''"), seconds) for picture in pictures)


def _ffmpeg(exe: str, tools: Path) -> str:
    if exe not in ("ffmpeg", "ffmpeg.exe"):
        return exe
    machine = _machine().lower()
    suffix = Path(exe).suffix
    names = (f"-{system()}-{MACHINES.get(machine, machine)}", f"-{system()}", "")
    own = (tools / f"ffmpeg{more}{suffix}" for more in names)
    return next((str(path) for path in own if path.is_file()), exe)


def _machine() -> str:
    uname = getattr(os, "uname", None)
    return str(uname().machine) if uname else os.environ.get("PROCESSOR_ARCHITECTURE", "")
