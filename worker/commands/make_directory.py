"""make-directory: make a folder, and those above it."""

from pathlib import Path

from . import folders
from .steps import Parameters, Step, run_own, text

MODE = 0o775


def plan(parameters: Parameters) -> Step:
    path = text(parameters, "path")
    return run_own("make-directory", path, {"path": path})


def perform(parameters: Parameters) -> None:
    folders.make(Path(text(parameters, "path")), MODE)
