"""From a submission to a job's tasks. Pure: the time is an argument."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ...units.errors import nearest
from ...worker.wire import JobStatus
from ..rules.jobs import Draft, DraftTask
from ..rules.tasks import Command
from . import frames
from .jobtype import JobType, Setting, TaskTemplate
from .template import fill

_TYPES: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "string": (str, "a string"),
    "int32": (int, "an integer"),
    "float": ((int, float), "a number"),
    "bool": (bool, "true or false"),
}


class Unusable(ValueError):
    """A submission that makes no job; the text says to the submitter why, and `setting` which one is wrong."""

    def __init__(self, message: str, setting: str | None = None) -> None:
        super().__init__(message)
        self.setting = setting


def compile(
    type: JobType,
    *,
    name: str,
    priority: int,
    settings: Mapping[str, object],
    metadata: Mapping[str, str],
    now: datetime,
    paused: bool = False,
) -> Draft:
    """Make a job of a submission: check the settings, fill in the defaults, write the tasks. Raises Unusable.

    now: local time, for names of folders.
    """
    whole = complete(type, settings, job_name=name)
    names: dict[str, object] = {**whole, "job_name": name, "timestamp": now.strftime("%Y-%m-%d_%H%M%S")}
    try:
        for key, value in type.derive.items():
            names[key] = _stamped(fill(value, names), str(names["timestamp"]))
        tasks = _tasks(type, names)
    except ValueError as error:
        raise Unusable(str(error)) from None
    if not tasks:
        raise Unusable("the job would have no tasks: nothing in its settings asks for any")
    used = {key: names[key] for key in whole}
    status = JobStatus.PAUSED if paused else JobStatus.QUEUED
    return Draft(name, type.name, priority, used, metadata, tuple(tasks), status)


def complete(type: JobType, settings: Mapping[str, object], job_name: str) -> dict[str, object]:
    """Return the settings, checked, with the defaults filled in; raises Unusable.

    A default may be made of settings that are given, and of those above it.
    """
    for key in settings.keys() - type.settings.keys():
        near = nearest(key, type.settings)
        hint = f'did you mean "{near}"?' if near else f"it has {', '.join(type.settings)}"
        raise Unusable(f'"{key}" is not a setting of {type.name}; {hint}', key)
    given = {key: value for key, value in settings.items() if value is not None and value != ""}
    _refuse_missing([key for key, it in type.settings.items() if it.needed and key not in given])
    names = {**dict.fromkeys(type.settings, ""), **given, "job_name": job_name}
    for key, setting in type.settings.items():
        names[key] = checked(setting, given.get(key, fill(setting.default, names)))
    return {key: names[key] for key in type.settings}


def _refuse_missing(keys: Sequence[str]) -> None:
    if keys:
        named = ", ".join(f'"{key}"' for key in keys)
        raise Unusable(f"the setting{'s' * (len(keys) > 1)} {named} {'are' if keys[1:] else 'is'} missing", keys[0])


def checked(setting: Setting, value: object) -> object:
    """Return what a setting is given, or raise Unusable."""
    if value is None:
        return ""
    types, words = _TYPES[setting.type]
    if not isinstance(value, types) or (isinstance(value, bool) and setting.type != "bool"):
        mend = "; write it in quotes" if setting.type == "string" and not isinstance(value, list | dict) else ""
        raise Unusable(f'the setting "{setting.key}" must be {words}, and is {value!r}{mend}', setting.key)
    if setting.choices and value not in setting.choices:
        raise Unusable(f'the setting "{setting.key}" must be one of {setting.choices}, and is {value!r}', setting.key)
    if value in setting.unfit:
        unfit = ", ".join(map(str, setting.unfit))
        raise Unusable(f'the setting "{setting.key}" must be none of {unfit}, and is {value!r}', setting.key)
    if setting.minimum is not None and isinstance(value, int | float) and value < setting.minimum:
        raise Unusable(f'the setting "{setting.key}" must be {setting.minimum:g} at least, and is {value}', setting.key)
    return value


def _stamped(value: object, timestamp: str) -> object:
    """Replace {timestamp}, Flamenco's only variable that is known at submission."""
    return value.replace("{timestamp}", timestamp) if isinstance(value, str) else value


def _tasks(type: JobType, names: Mapping[str, object]) -> list[DraftTask]:
    tasks: list[DraftTask] = []
    made: dict[str, list[int]] = {}
    for template in type.tasks:
        needs = tuple(index for key in template.after for index in made[key])
        made[template.key] = []
        for own in _instances(template, names):
            made[template.key].append(len(tasks))
            tasks.append(_task(template, {**names, **own}, needs))
    return tasks


def _instances(template: TaskTemplate, names: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Yield, for each task that the template makes, the names it has of its own."""
    if not all(names[key] for key in template.needs):
        return
    if any(names[key] in values for key, values in template.unless.items()):
        return
    if any(names[key] not in values for key, values in template.only.items()):
        return
    if template.frames is not None:
        size = int(str(fill(template.chunk_size, names)))
        for index, chunk in enumerate(frames.chunks(str(fill(template.frames, names)), size)):
            yield {"chunk": chunk, "index": index}
        return
    times = 1 if template.repeat is None else int(str(fill(template.repeat, names)))
    for index in range(times):
        yield {"chunk": "", "index": index}


def _task(template: TaskTemplate, names: Mapping[str, object], needs: tuple[int, ...]) -> DraftTask:
    commands = tuple(
        Command(
            command.name,
            {key: fill(value, names) for key, value in command.parameters.items()},
            int(str(fill(command.steps, names))),
        )
        for command in template.commands
    )
    return DraftTask(str(fill(template.name, names)), template.type, commands, needs)
