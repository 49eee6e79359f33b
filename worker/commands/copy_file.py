"""copy-file: copy a file to a place where there is none yet.

The copy appears under its name only when it is whole, so that a copy that was aborted can be made again.
"""

import shutil
from pathlib import Path

from ..replace import replace
from . import folders
from .steps import BadParameters, Parameters, Step, run_own, text

PARENT_MODE = 0o750


def plan(parameters: Parameters) -> Step:
    src, dest = _places(parameters)
    return run_own("copy-file", f"copying '{src}' to '{dest}'", {"src": str(src), "dest": str(dest)})


def perform(parameters: Parameters) -> None:
    src, dest = _places(parameters)
    if dest.exists():
        raise BadParameters(f"dest: '{dest}' exists already")
    folders.make(dest.parent, PARENT_MODE)
    part = dest.with_name(f".{dest.name}.part")
    shutil.copyfile(src, part)
    shutil.copystat(src, part)
    replace(part, dest)


def _places(parameters: Parameters) -> tuple[Path, Path]:
    places = Path(text(parameters, "src")), Path(text(parameters, "dest"))
    for key, place in zip(("src", "dest"), places, strict=True):
        if not place.is_absolute():
            raise BadParameters(f"{key}: '{place}' is not an absolute path")
    return places
