"""Every command by its name in a task."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from . import blender_render, copy_file, echo, exec, frames_to_video, make_directory, move_directory, sleep
from .steps import Parameters, Plan

PLANS: Mapping[str, Plan] = MappingProxyType(
    {
        "blender-render": blender_render.plan,
        "copy-file": copy_file.plan,
        "echo": echo.plan,
        "exec": exec.plan,
        "frames-to-video": frames_to_video.plan,
        "make-directory": make_directory.plan,
        "move-directory": move_directory.plan,
        "sleep": sleep.plan,
    }
)

# Those of them that `python -m farmhand.worker.commands` carries out.
OWN: Mapping[str, Callable[[Parameters], None]] = MappingProxyType(
    {
        "copy-file": copy_file.perform,
        "frames-to-video": frames_to_video.perform,
        "make-directory": make_directory.perform,
        "move-directory": move_directory.perform,
    }
)
