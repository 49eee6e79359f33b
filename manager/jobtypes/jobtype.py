"""A job type as a value: its settings, and the tasks that a job of it has. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Setting:
    """One setting.

    type: string, int32, float or bool. unfit: what it must not be. more: what only a submitter's dialog looks at.
    """

    key: str
    type: str
    required: bool = False
    default: object = None
    description: str = ""
    label: str = ""
    subtype: str = ""
    choices: tuple[object, ...] = ()
    unfit: tuple[object, ...] = ()
    minimum: float | None = None
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def needed(self) -> bool:
        """Whether a submitter has to say what it is."""
        return self.required and self.default is None


@dataclass(frozen=True)
class CommandTemplate:
    name: str
    parameters: Mapping[str, object]
    steps: object = 0


@dataclass(frozen=True)
class TaskTemplate:
    """What becomes one task, or as many as `repeat` says, or one for each chunk (`frames`, in chunks of `chunk_size`).

    after: the keys of the tasks that must be completed first. needs: settings without which there is no such task.
    unless, only: values of settings with which there is none, or without which there is none.
    """

    key: str
    name: str
    type: str
    commands: tuple[CommandTemplate, ...]
    after: tuple[str, ...] = ()
    repeat: object = None
    frames: object = None
    chunk_size: object = 1
    needs: tuple[str, ...] = ()
    unless: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    only: Mapping[str, tuple[object, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class JobType:
    """derive: settings made of others before the tasks are, in this order. etag: changes when the file does."""

    name: str
    label: str
    description: str
    settings: Mapping[str, Setting]
    derive: Mapping[str, object]
    tasks: tuple[TaskTemplate, ...]
    etag: str = ""
