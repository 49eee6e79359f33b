"""The job types that there are: the files beside this one, and those of a studio."""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ..document import Document, Place, load
from .compile import Unusable, checked
from .jobtype import CommandTemplate, JobType, Setting, TaskTemplate
from .template import FILTERS, WITH_ANOTHER, placeholders

FOLDER = Path(__file__).parent

TYPES = ("string", "int32", "float", "bool")

# Names that placeholders may use beside the settings; the last two are a task's own.
NAMES = ("job_name", "timestamp", "chunk", "index")

# What each key must be; a text may stand for a number, as a placeholder.
_WORDS: Mapping[type | tuple[type, ...], str] = {
    str: "text",
    bool: "true or false",
    (int, float): "a number",
    (int, str): "a whole number, or a placeholder",
    list: "a list",
    dict: "a mapping",
    object: "anything",
}
_TASK_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "type": str,
    "commands": list,
    "after": list,
    "repeat": (int, str),
    "frames": str,
    "chunk_size": (int, str),
    "needs": list,
    "unless": dict,
    "only": dict,
}
_SETTING_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "type": str,
    "required": bool,
    "default": object,
    "description": str,
    "label": str,
    "subtype": str,
    "choices": list,
    "unfit": list,
    "minimum": (int, float),
}
# What only a submitter's dialog looks at; handed on as it is.
_DIALOG_KEYS = ("propargs", "eval", "evalInfo", "visible", "editable")


def job_types(own: Path | None = None) -> dict[str, JobType]:
    """Read the job types that are shipped, and over them those of a folder, by name; raises units.errors.BadConfig."""
    return {**_shipped(), **({} if own is None else _of_folder(own))}


@cache
def _shipped() -> Mapping[str, JobType]:
    return _of_folder(FOLDER)


def _of_folder(folder: Path) -> dict[str, JobType]:
    return {path.stem: read(path) for path in sorted(folder.glob("*.yaml"))}


def read(path: Path) -> JobType:
    """Read one job type; raises units.errors.BadConfig."""
    document = load(path)
    known = ("label", "description", "settings", "derive", "tasks")
    document.refuse_unknown((), document.value, known)
    settings = {key: _setting(document, key) for key in _mapping(document, ("settings",))}
    derive = _mapping(document, ("derive",))
    for key, setting in settings.items():
        _check_placeholders(document, ("settings", key), setting.default, settings)
    tasks = tuple(_task(document, key, settings) for key in _mapping(document, ("tasks",)))
    if not tasks:
        document.refuse(("tasks",), "there are none", "a job type has one task at least")
    _check_after(document, tasks)
    _check_placeholders(document, ("derive",), derive, settings)
    return JobType(
        name=path.stem,
        label=str(document.value.get("label", path.stem)),
        description=str(document.value.get("description", "")),
        settings=settings,
        derive=derive,
        tasks=tasks,
        etag=hashlib.sha256(path.read_bytes()).hexdigest()[:40],
    )


def _at(document: Document, place: Place) -> Any:
    value: Any = document.value
    for key in place:
        value = value[key] if isinstance(key, int) else value.get(key)
    return value


def _mapping(document: Document, place: Place) -> dict[str, Any]:
    value = _at(document, place)
    if value is None:
        return {}
    if not isinstance(value, dict):
        document.refuse(place, "it must be a mapping", 'write lines of "name: value" below it')
    return value


def _check_kinds(
    document: Document, place: Place, given: Mapping[str, object], kinds: Mapping[str, type | tuple[type, ...]]
) -> None:
    for key, value in given.items():
        kind = kinds.get(key, object)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind not in (bool, object)):
            document.refuse((*place, key), f"{value!r} is not {_WORDS[kind]}", f"write {_WORDS[kind]}")


def _setting(document: Document, key: str) -> Setting:
    place = ("settings", key)
    if key in NAMES:
        document.refuse(place, "a placeholder of this name stands for something else", "choose another name")
    given = _mapping(document, place)
    document.refuse_unknown(place, given, (*_SETTING_KEYS, *_DIALOG_KEYS))
    _check_kinds(document, place, given, _SETTING_KEYS)
    if given.get("type") not in TYPES:
        document.refuse(place, f"{given.get('type')!r} is not a type", f"write type: and one of {', '.join(TYPES)}")
    more = {name: given[name] for name in _DIALOG_KEYS if name in given}
    own = {name: given[name] for name in _SETTING_KEYS if name in given}
    listed = {name: tuple(given.get(name, ())) for name in ("choices", "unfit")}
    setting = Setting(key=key, **{**own, **listed}, more=more)
    if not any(placeholders(setting.default)):
        try:
            checked(setting, setting.default)
        except Unusable as error:
            document.refuse((*place, "default"), str(error), "write another default")
    return setting


def _task(document: Document, key: str, settings: Mapping[str, Setting]) -> TaskTemplate:
    place = ("tasks", key)
    body = _mapping(document, place)
    document.refuse_unknown(place, body, _TASK_KEYS)
    for needed in ("type", "commands"):
        if not body.get(needed):
            document.refuse(place, f'its "{needed}" is missing', f"write {needed}: below it")
    _check_kinds(document, place, body, _TASK_KEYS)
    for setting in (*body.get("needs", ()), *body.get("unless", {}), *body.get("only", {})):
        if setting not in settings:
            document.refuse(place, f'"{setting}" is not a setting', f"known are {', '.join(settings)}")
    for condition in ("unless", "only"):
        _check_kinds(document, (*place, condition), body.get(condition, {}), dict.fromkeys(settings, list))
    _check_placeholders(document, place, body, settings)
    return TaskTemplate(
        key=key,
        name=body.get("name", key),
        type=body["type"],
        commands=tuple(_commands(document, place, body["commands"])),
        after=tuple(body.get("after", ())),
        repeat=body.get("repeat"),
        frames=body.get("frames"),
        chunk_size=body.get("chunk_size", 1),
        needs=tuple(body.get("needs", ())),
        unless={name: tuple(values) for name, values in body.get("unless", {}).items()},
        only={name: tuple(values) for name, values in body.get("only", {}).items()},
    )


def _commands(document: Document, place: Place, listed: Any) -> Iterator[CommandTemplate]:
    """Read commands, each "name: {parameters}" and maybe "steps: number" beside it."""
    for index, given in enumerate(listed):
        names = [name for name in given if name != "steps"] if isinstance(given, dict) else []
        if len(names) != 1 or not isinstance(given[names[0]], dict):
            document.refuse((*place, "commands", index), "it is not a command", "write - name: {parameter: value}")
        _check_kinds(document, (*place, "commands", index), given, {"steps": (int, str)})
        yield CommandTemplate(names[0], given[names[0]], given.get("steps", 0))


def _check_after(document: Document, tasks: tuple[TaskTemplate, ...]) -> None:
    earlier: list[str] = []
    for task in tasks:
        for key in task.after:
            if key not in earlier:
                hint = f"name one that stands above it: {', '.join(earlier)}" if earlier else "put it below the other"
                document.refuse(("tasks", task.key, "after"), f'there is no task "{key}" before it', hint)
        earlier.append(task.key)


def _check_placeholders(document: Document, place: Place, value: object, settings: Mapping[str, Setting]) -> None:
    known = [*settings, *NAMES, *_mapping(document, ("derive",))]
    for name, filters in placeholders(value):
        parts = [filter.partition(":") for filter in filters]
        for wanted in (name, *(other for _, colon, other in parts if colon)):
            if wanted not in known:
                document.refuse(place, f"${{{wanted}}} stands for nothing", f"known are {', '.join(known)}")
        for filter, colon, _ in parts:
            if filter not in (WITH_ANOTHER if colon else FILTERS):
                hint = f"known are {', '.join([*FILTERS, *(f'{each}:SETTING' for each in WITH_ANOTHER)])}"
                document.refuse(place, f'"{filter}" is not a filter', hint)
