"""What is to be done on a worker's machine to install its definition, as commands to copy. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ....units.recipe import Made, Recipe
from ....units.rendered import File
from .shells import Shell, Url, shell_of


@dataclass(frozen=True)
class Step:
    """One step, and the commands that do it."""

    title: str
    commands: tuple[str, ...]


def names(files: Sequence[File]) -> dict[str, File]:
    """Give each file its name for a download: its own, after that of its folder where two would have the same."""
    parts = [(file, re.split(r"[\\/]", file.path)) for file in files]
    own = Counter(found[-1] for _, found in parts)
    return {found[-1] if own[found[-1]] == 1 else "-".join(found[-2:]): file for file, found in parts}


def steps(made: Made, url: Url, *, by_token: bool = False) -> list[Step]:
    """Return the steps from a bare machine to a worker that runs. url: of a file, by its name for a download.

    by_token: only those get a file who say who they are.
    """
    shell, files, tell = shell_of(made), names(made.rendered.files), made.commands
    return [
        *([] if made.recipe.dialect.contained else _before(made.recipe, shell)),
        _fetch(shell, shell.fetch(files, url), by_token=by_token),
        Step("See that it arrived whole", shell.compare(files)),
        Step("Put it in place", shell.place(files)),
        *([Step("Have it checked", (shell.run(tell.check),))] if tell.check else []),
        Step("Start it, now and with the machine", tuple(map(shell.run_as_root, tell.install))),
        Step("See how it is", (shell.run_as_root(tell.status),)),
    ]


def _fetch(shell: Shell, commands: tuple[str, ...], *, by_token: bool) -> Step:
    if not by_token:
        return Step("Fetch what is shown here, or download it", commands)
    signed = tuple(f"{command} {shell.token}" for command in commands)
    return Step("Fetch what is shown here, with a token of yours in FARMHAND_TOKEN, or download it", signed)


def undo(made: Made) -> tuple[str, ...]:
    """Return what takes the definition away again."""
    shell, tell = shell_of(made), made.commands
    remove = shell.remove([file.path for file in made.rendered.files])
    return (*map(shell.run_as_root, tell.uninstall), *remove, *map(shell.run_as_root, tell.gone))


def _before(recipe: Recipe, shell: Shell) -> list[Step]:
    """Return what has to be there first: nothing is started whose program, user or folder is missing."""
    worker = recipe.worker
    return [
        Step("Have the program there", shell.program(worker.program)),
        *([Step("Make its user", shell.user(worker.user, worker.folder))] if worker.user else []),
        *([Step("Make its folder", shell.folder(worker.folder, worker.user))] if worker.folder else []),
    ]
