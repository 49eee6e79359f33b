"""The end of a task's log, as a page shows it before any script has come."""

from dataclasses import dataclass

from ...rules.logtext import Line, read_lines
from ...rules.workers import LastTask
from ...storage import tails
from ...storage.store import Store
from ..framing import address

# So much of it, in lines and bytes.
LINES, MOST = 200, 64 * 1024


@dataclass(frozen=True)
class LogView:
    """The last lines of a log. stream: where what follows is told, "" where nothing will; cut: there is more before."""

    task_id: str
    name: str
    lines: tuple[Line, ...]
    stream: str
    cut: bool


def log_view(store: Store, task: LastTask) -> LogView:
    """Read the end of a log; blocks."""
    piece = tails.last_lines(store.files.log_path(task.job_id, task.id), LINES, MOST)
    found = read_lines(piece.data)
    offset = piece.begins + len(piece.data) - found.rest
    stream = address(f"/live/log/{task.id}", {"from": offset}) if task.active else ""
    return LogView(task.id, f"{task.job_name}, {task.name}", found.ended, stream, piece.begins > 0)
