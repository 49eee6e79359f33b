"""The manager's settings and the file they come from, config/manager.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .rules.variables import Variable


@dataclass(frozen=True)
class Settings:
    """What can be set. Times are seconds."""

    name: str = "Farmhand"
    worker_timeout: float = 60.0
    push_timeout: float = 35.0
    task_timeout: float = 600.0
    blocklist_threshold: int = 3
    task_fail_after_softfail_count: int = 3
    shared_storage_path: str = ""
    variables: Mapping[str, tuple[Variable, ...]] = field(default_factory=dict)
