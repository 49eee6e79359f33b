"""move-directory: rename a folder; one that is in the way is renamed after the time of its last change."""

from datetime import datetime
from itertools import count
from pathlib import Path

from .steps import BadParameters, Parameters, Step, run_own, text


def plan(parameters: Parameters) -> Step:
    src, dest = text(parameters, "src"), text(parameters, "dest")
    return run_own("move-directory", f"moving '{src}' to '{dest}'", {"src": src, "dest": dest})


def perform(parameters: Parameters) -> None:
    src, dest = Path(text(parameters, "src")), Path(text(parameters, "dest"))
    if not src.exists():
        raise BadParameters(f"src: '{src}' does not exist")
    if dest.exists():
        aside = _free_name(dest)
        print(f"'{dest}' exists, it becomes '{aside}'", flush=True)
        dest.rename(aside)
    src.rename(dest)


def _free_name(taken: Path) -> Path:
    changed = datetime.fromtimestamp(taken.stat().st_mtime).strftime("%Y-%m-%d_%H%M%S")
    first = taken.with_name(f"{taken.name}-{changed}")
    others = (first.with_name(f"{first.name}-{number:03}") for number in count(1))
    return first if not first.exists() else next(name for name in others if not name.exists())
