"""A worker's definition as it is to be installed: it carries where its files are and of what it was made.

The worker reports both when it signs on, with a hash of each file, so that whoever knows the recipe can make the same
definition again and say whether it is still the one. A recipe's text is a form's, `system=systemd&name=node-7&...`,
with tildes for the percent signs, which are something else in most formats.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args
from urllib.parse import parse_qsl, urlencode

from . import supervised
from .carried import FILES, RECIPE, SEPARATOR
from .definition import Definition, made
from .dialect import Commands, Dialect, Scope, Target, Way
from .dialects.table import DIALECTS
from .errors import BadValue, nearest
from .hardening import PROFILES
from .render import best_way, render
from .rendered import File, Loss, Rendered
from .restart_codes import refuse_restart_code
from .spec import Service
from .worker_unit import Worker, worker_service

_LONGEST_STOP = 86_400.0


@dataclass(frozen=True)
class Recipe:
    """Of what a worker's definition is made. way: None for the one that loses less."""

    worker: Worker
    dialect: Dialect
    way: Way | None = None
    target: Target = field(default_factory=Target)


@dataclass(frozen=True)
class Made:
    """A worker's definition, and its recipe with the way it is written. seen: the files that the worker can read.

    commands: how its service manager is told of it.
    """

    recipe: Recipe
    rendered: Rendered
    seen: tuple[File, ...]
    commands: Commands


def make(recipe: Recipe) -> Made:
    """Write a worker's definition. Raises BadValue and BadConfig."""
    dialect, target, service = recipe.dialect, recipe.target, _service(recipe)
    way = recipe.way or best_way(dialect, made(service), target)
    recipe = replace(recipe, way=way)
    environment = _carried(recipe, _seen(recipe, made(service)))
    definition = made(replace(service, environment=environment))
    config = supervised.config(definition, dialect, target)[0] if way == "supervised" else None
    return Made(
        recipe,
        render(dialect, definition, target, way),
        _seen(recipe, definition),
        dialect.commands(service, replace(target, config=config)),
    )


def _seen(recipe: Recipe, definition: Definition) -> tuple[File, ...]:
    """Give the files that are where the worker is: of a container's definition, those that are in its image."""
    dialect, target = recipe.dialect, recipe.target
    if not dialect.contained:
        return render(dialect, definition, target, recipe.way).files
    return (supervised.config(definition, dialect, target)[0],) if recipe.way == "supervised" else ()


def _carried(recipe: Recipe, seen: tuple[File, ...]) -> dict[str, str]:
    return {FILES: SEPARATOR.join(file.path for file in seen), RECIPE: text_of(recipe)} if seen else {}


def lost(recipe: Recipe, way: Way) -> tuple[Loss, ...]:
    """Say what is lost in one way or the other. Raises BadValue and BadConfig."""
    return render(recipe.dialect, made(_service(recipe)), recipe.target, way).losses


def _service(recipe: Recipe) -> Service:
    """Give the worker's service without what only Linux has."""
    service = worker_service(recipe.worker)
    return replace(service, environment_file=()) if recipe.dialect.system in ("macos", "windows") else service


def read(given: Mapping[str, str]) -> Recipe:
    """Take a recipe from the fields of a form, those left empty as if they were not there. Raises BadValue."""
    said = {key: value.strip() for key, value in given.items() if value.strip()}
    for key in said:
        if key not in KEYS:
            near = nearest(key, KEYS)
            raise BadValue(f"{key}: it is not known", f'did you mean "{near}"?' if near else "leave it out")
    found = {key: KEYS[key].read(key, value) for key, value in said.items()}
    for key in ("name", "manager", "program"):
        if key not in found:
            raise BadValue(f"{key}: it is missing", "say it")
    dialect = DIALECTS[found.get("system", next(iter(DIALECTS)))]
    return Recipe(_worker(found, dialect), dialect, found.get("way"), _target(found, dialect))


def _worker(found: Mapping[str, Any], dialect: Dialect) -> Worker:
    profile = found.get("profile") if dialect.hardens else None
    return Worker(**{**_fields(found, "worker"), "profile": profile})


def _target(found: Mapping[str, Any], dialect: Dialect) -> Target:
    target = replace(_usual_target(dialect, found["program"]), **_fields(found, "target"))
    if target.variant not in dialect.variants:
        raise BadValue(f'as: {dialect.title} has no "{target.variant}"', f"there are {', '.join(dialect.variants)}")
    return target


def _usual_target(dialect: Dialect, program: str) -> Target:
    return Target(variant=dialect.variants[0], farmhand=_beside(program))


def _beside(program: str) -> str:
    """Give the path of `farmhand` where a worker's program is, which is installed with it."""
    folder, found, ending = program.rpartition("farmhand-worker")
    return f"{folder}farmhand{ending}" if found else Target().farmhand


def from_text(text: str) -> Recipe:
    """Read a recipe's text. Raises BadValue."""
    return read(dict(parse_qsl(text.replace("~", "%"))))


def text_of(recipe: Recipe) -> str:
    """Write a recipe as text that `from_text` reads."""
    return urlencode(said(recipe), safe="/:@,").replace("~", "%7E").replace("%", "~")


def said(recipe: Recipe) -> dict[str, str]:
    """Give a recipe as `read` takes it; what is as usual is left out."""
    parts = {"worker": recipe.worker, "target": recipe.target}
    usual = {"worker": _USUAL, "target": _usual_target(recipe.dialect, recipe.worker.program)}
    fields = {"system": recipe.dialect.name, **({"way": recipe.way} if recipe.way else {})}
    for key, row in KEYS.items():
        if row.part and (value := getattr(parts[row.part], row.field)) != getattr(usual[row.part], row.field):
            fields[key] = row.write(value)
    return fields


def _fields(found: Mapping[str, Any], part: str) -> dict[str, Any]:
    return {KEYS[key].field: value for key, value in found.items() if KEYS[key].part == part}


# -- the fields


@dataclass(frozen=True)
class Key:
    """One field of a recipe: of which part, "" for the recipe itself, and how it is read and written."""

    part: str
    field: str
    read: Callable[[str, str], Any] = lambda key, text: text
    write: Callable[[Any], str] = str


def _one_of(*words: str) -> Callable[[str, str], str]:
    def read(key: str, text: str) -> str:
        if text not in words:
            raise BadValue(f'{key}: "{text}" is not known', f"there are {', '.join(words)}")
        return text

    return read


def _number(key: str, text: str) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 6):
        raise BadValue(f'{key}: "{text}" is not a number', "write one such as 47")
    return int(text)


def _restart_code(key: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise BadValue(f'{key}: "{text}" is not an exit code', "write a number such as 47")
    if reason := refuse_restart_code(int(text)):
        raise BadValue(f"{key}: {text} cannot be the restart code: {reason}", "47 is the usual one")
    return int(text)


def _seconds(key: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise BadValue(f'{key}: "{text}" is not a number of seconds', "write one such as 11") from None
    if not 0 < seconds <= _LONGEST_STOP:
        raise BadValue(f"{key}: {text} seconds are not possible", "write 11 or so")
    return seconds


def _folders(key: str, text: str) -> tuple[str, ...]:
    """Take folders apart: by semicolons if there is one, else by colons, of which Windows' folders have some."""
    apart = text.split(";") if ";" in text or "\\" in text else text.split(":")
    return tuple(filter(None, (folder.strip() for folder in apart)))


def _folders_text(folders: tuple[str, ...]) -> str:
    odd = any(":" in folder or "\\" in folder for folder in folders)
    return "".join(f"{folder};" for folder in folders) if odd else ":".join(folders)


# In the order in which they are written.
KEYS: Mapping[str, Key] = {
    "system": Key("", "dialect", _one_of(*DIALECTS)),
    "way": Key("", "way", _one_of(*get_args(Way))),
    "as": Key("target", "variant"),
    "scope": Key("target", "scope", _one_of(*get_args(Scope))),
    "profile": Key("worker", "profile", _one_of(*PROFILES)),
    "name": Key("worker", "name"),
    "manager": Key("worker", "manager_url"),
    "code": Key("worker", "restart_code", _restart_code),
    "program": Key("worker", "program"),
    "user": Key("worker", "user"),
    "group": Key("worker", "group"),
    "folder": Key("worker", "folder"),
    "data": Key("worker", "data"),
    "output": Key("worker", "output_folders", _folders, _folders_text),
    "readable": Key("worker", "readable", _folders, _folders_text),
    "credentials": Key("worker", "credentials"),
    "oom": Key("worker", "oom_score_adjust", _number),
    "stop": Key("worker", "stop_seconds", _seconds, "{:g}".format),
    "farmhand": Key("target", "farmhand"),
    "image": Key("target", "image"),
    "version": Key("target", "version", _number),
    "config": Key("target", "config_folder"),
}


def key_of(problem: str) -> str:
    """Return the key that a problem is about, which begins with it or with the field that it stands for; "" if none."""
    named = problem.partition(":")[0]
    return next((key for key, row in KEYS.items() if named in (key, row.field)), "")


# What no recipe says: a name and an address are always told.
_USUAL = Worker(name="", manager_url="", program="", profile=None)
