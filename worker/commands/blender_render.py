"""blender-render: run Blender, and count the frames that it says it is done with."""

from ..rules.output import ends_frame
from .steps import Parameters, Step, run, split, text, words


def plan(parameters: Parameters) -> Step:
    blendfile = text(parameters, "blendfile", may_be_empty=True)
    return run(
        [
            text(parameters, "exe"),
            *split(parameters, "exeArgs"),
            *words(parameters, "argsBefore"),
            *([blendfile] if blendfile else []),
            *words(parameters, "args"),
        ],
        ends_frame,
    )
