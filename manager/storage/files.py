"""The logs and pictures of tasks, kept as files beside the database."""

import shutil
from dataclasses import dataclass
from pathlib import Path

# What is logged and drawn is not for others on this machine; an admin may open the folder to them.
OURS = 0o750

# The kinds of picture a worker may send, by what it says they are.
PICTURES = {"image/png": ".png", "image/jpeg": ".jpg"}


@dataclass(frozen=True)
class Files:
    """One folder a job, in it TASK.log, TASK.png or TASK.jpg, and the small pictures of pictures.SIZES."""

    root: Path

    def log_path(self, job_id: str, task_id: str) -> Path:
        return self.root / job_id / f"{task_id}.log"

    def append_log(self, job_id: str, task_id: str, text: str, *, again: bool = False) -> None:
        """Put a text at the end of a task's log; one that is sent again may be there, and then is left alone."""
        path = self.log_path(job_id, task_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        written = (text if text.endswith("\n") else f"{text}\n").encode(errors="backslashreplace")
        with path.open("ab+") as file:
            if again:
                file.seek(max(0, file.seek(0, 2) - len(written)))
                if file.read() == written:
                    return
            file.write(written)

    def log_tail(self, job_id: str, task_id: str, size: int) -> str | None:
        """Return the log's last bytes, from the start of a line on where one starts in them."""
        try:
            with self.log_path(job_id, task_id).open("rb") as file:
                start = max(0, file.seek(0, 2) - size)
                file.seek(start)
                tail = file.read()
        except FileNotFoundError:
            return None
        if start:
            tail = tail.partition(b"\n")[2] or tail
        return tail.decode(errors="replace")

    def picture_path(self, job_id: str, task_id: str) -> Path | None:
        """Return a task's newest picture, or None."""
        found = [path for suffix in PICTURES.values() if (path := self._picture(job_id, task_id, suffix)).is_file()]
        return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)

    def write_picture(self, job_id: str, task_id: str, content: bytes, type: str) -> None:
        """Put a picture in the place of the last one, at once and as a whole."""
        path = self._picture(job_id, task_id, PICTURES[type])
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(content)
        partial.replace(path)

    def folder(self, job_id: str) -> Path:
        return self.root / job_id

    def picture_of_job(self, job_id: str, name: str) -> Path:
        """Return one of a job's small pictures (pictures.SIZES); it may not exist yet."""
        return self.root / job_id / name

    def remove_job(self, job_id: str) -> None:
        shutil.rmtree(self.root / job_id, ignore_errors=True)

    def _picture(self, job_id: str, task_id: str, suffix: str) -> Path:
        return self.root / job_id / f"{task_id}{suffix}"
