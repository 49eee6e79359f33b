"""Writes down that a manager started, and with which settings."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from .backup import who
from .config import Settings
from .rules.deeds import SETTINGS, Deed
from .storage import audit
from .storage.store import Store

# Settings with secrets in them, or in addresses that are secrets; what can be said of them instead.
_MASKED: Mapping[str, Callable[[Settings], object]] = {
    "database": lambda settings: "a database elsewhere",
    "notices": lambda settings: {target.name: target.where for target in settings.notices.to},
}


def note(store: Store) -> None:
    audit.record(store.database, Deed(SETTINGS, who(), "the manager", shown(store.settings)))


def shown(settings: Settings) -> dict[str, object]:
    """Return the settings that are other than without a file, without secrets."""
    plain = Settings()
    changed = {
        field.name: getattr(settings, field.name)
        for field in fields(settings)
        if field.name != "variables" and getattr(settings, field.name) != getattr(plain, field.name)
    }
    said = {name: _MASKED[name](settings) if name in _MASKED else value for name, value in changed.items()}
    plainly: dict[str, Any] = json.loads(json.dumps(said, default=str))
    return plainly
