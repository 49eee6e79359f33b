"""Job files: what `farmhand-manager submit` sends, written down in YAML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..units.errors import BadConfig
from .config import this_platform
from .document import Document, load

KEYS = ("name", "type", "priority", "settings", "metadata")

_PATHS = ("file_path", "dir_path")


@dataclass(frozen=True)
class JobFile:
    """A job file, and what the command line sets in its place."""

    document: Document
    overrides: Mapping[str, str]

    @property
    def type(self) -> str:
        return str(self.document.value["type"])

    def submission(self, type: Mapping[str, Any]) -> dict[str, object]:
        """Make the body of a submission, given the job type as the manager describes it.

        Relative paths are meant from the file's folder, those on the command line from the current one.
        """
        described = {setting["key"]: setting for setting in type["settings"]}
        written = dict(_mapping(self.document, "settings"))
        settings = {key: _path(described, key, value, self.document.path.parent) for key, value in written.items()}
        for key, text in self.overrides.items():
            is_text = described.get(key, {}).get("type") == "string"
            settings[key] = _path(described, key, text if is_text else _value(key, text), Path())
        return {
            "name": str(self.document.value["name"]),
            "type": self.type,
            "priority": self.document.value.get("priority", 50),
            "settings": settings,
            "metadata": _mapping(self.document, "metadata"),
            "submitter_platform": this_platform(),
        }

    def refused(self, message: str, setting: str | None) -> BadConfig:
        """Return the manager's refusal as an error of the file, at the setting that it is about."""
        if setting is not None and setting in self.overrides:
            return BadConfig("--set", 0, setting, message, "set it to something else")
        place = ("settings",) if setting is None else ("settings", setting)
        return self.document.error(place, message, "mend it and submit again")


def read(path: Path, overrides: Sequence[str]) -> JobFile:
    """Read a job file; overrides are written KEY=VALUE. Raises units.errors.BadConfig."""
    document = load(path)
    document.refuse_unknown((), document.value, KEYS)
    for key in ("name", "type"):
        if not isinstance(document.value.get(key), str):
            document.refuse((key,), "it is missing, or is not text", f"write {key}: and a word")
    for key in ("settings", "metadata"):
        _mapping(document, key)
    return JobFile(document, dict(_override(each) for each in overrides))


def _override(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise BadConfig("--set", 0, "", f'"{text}" sets nothing', "write --set KEY=VALUE")
    return key, value


def _value(key: str, text: str) -> object:
    """Read a number, a truth, or a text."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return value if isinstance(value, str | int | float | None) else text


def _mapping(document: Document, key: str) -> Mapping[str, object]:
    value = document.value.get(key) or {}
    if not isinstance(value, dict):
        document.refuse((key,), "it must be a mapping", 'write lines of "name: value" below it')
    return value


def _path(described: Mapping[str, Mapping[str, Any]], key: str, value: object, folder: Path) -> object:
    """Make a setting that is a path absolute; one that begins with a variable, "{jobs}/...", stays."""
    is_path = described.get(key, {}).get("subtype") in _PATHS
    if not is_path or not isinstance(value, str) or not value or value.startswith("{"):
        return value
    return str((folder / Path(value).expanduser()).absolute())
