"""blender-render: run Blender, and count the frames that it says it is done with.

A program that is named without a folder, and is not on the PATH, is that with which Windows opens .blend files.
"""

import os
import shutil

from ...supervisor.platforms import opener
from ..rules.output import ends_frame
from .steps import Parameters, Step, run, split, text, words


def plan(parameters: Parameters) -> Step:
    blendfile = text(parameters, "blendfile", may_be_empty=True)
    return run(
        [
            _blender(text(parameters, "exe")),
            *split(parameters, "exeArgs"),
            *words(parameters, "argsBefore"),
            *([blendfile] if blendfile else []),
            *words(parameters, "args"),
        ],
        ends_frame,
    )


def _blender(exe: str) -> str:
    if os.path.dirname(exe) or shutil.which(exe) or (registered := opener(".blend")) is None:
        return exe
    folder, name = os.path.split(registered)
    # What Windows opens them with goes on to Blender itself, and does not wait for it.
    return os.path.join(folder, "blender.exe") if name.lower() == "blender-launcher.exe" else registered
