"""What an agent keeps in its folder: by what its manager knows it, and which tickets it has used."""

import contextlib
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from ...units.light import Any, dataclass
from ...units.tickets import KEY_BYTES

CREDENTIALS = "agent-credentials.json"
_SPENT = "agent-spent.json"
_LOCK = "agent.lock"


class BadFile(Exception):
    """A file that is not as it was left; the text says which, and what to do."""


@dataclass(frozen=True)
class Credentials:
    """The id that the manager gave, "" before it did; the password for calls to it; the key of tickets.

    The key is told once, when the agent enrols, and never sent again.
    """

    secret: str
    key: str
    id: str = ""

    @property
    def key_bytes(self) -> bytes:
        return bytes.fromhex(self.key)


def fresh() -> Credentials:
    """Make credentials that nobody can guess: 256 random bits each."""
    return Credentials(secrets.token_hex(32), secrets.token_hex(KEY_BYTES))


class Folder:
    """The agent's folder, made for its user alone. keep_private: takes a file from everybody else."""

    def __init__(self, path: Path, keep_private: Callable[[str], None]) -> None:
        """Take the folder for this process alone. Raises BadFile where another agent has it."""
        self._path = path
        self._keep_private = keep_private
        if not path.is_dir():
            path.mkdir(mode=0o700, parents=True)
            keep_private(str(path))
        self._lock = _hold(path / _LOCK)

    @property
    def credentials_path(self) -> Path:
        return self._path / CREDENTIALS

    def credentials(self) -> Credentials | None:
        """Return what the manager knows this agent by, None before it enrolled. Raises BadFile."""
        match self._read(CREDENTIALS):
            case None:
                return None
            case {"agent_id": str(id), "secret": str(secret), "ticket_key": str(key)} if id and _is_key(key):
                return Credentials(secret, key, id)
        raise BadFile(f"{self.credentials_path}: it is not as it was written; remove the file to enrol anew")

    def keep_credentials(self, known: Credentials) -> None:
        self._write(CREDENTIALS, {"agent_id": known.id, "secret": known.secret, "ticket_key": known.key})

    def spent(self) -> dict[str, int]:
        """Return the tickets that were used, id and expiry. Raises BadFile."""
        match self._read(_SPENT):
            case None:
                return {}
            case dict(kept) if all(type(expires) is int for expires in kept.values()):
                return kept
        raise BadFile(f"{self._path / _SPENT}: it is not as it was written; remove the file once it is a minute old")

    def keep_spent(self, spent: Mapping[str, int]) -> None:
        """Note that tickets are used; on disk when this returns."""
        self._write(_SPENT, dict(spent))

    def _read(self, name: str) -> Any:
        try:
            return json.loads((self._path / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as problem:
            raise BadFile(f"{self._path / name}: it cannot be read: {problem}; mend it, or remove it") from None

    def _write(self, name: str, content: Mapping[str, object]) -> None:
        """Write a file; a crash leaves the old one or the new one, never half of one."""
        path, new = self._path / name, self._path / f"{name}.new"
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            self._keep_private(str(new))
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
        _sync_folder(self._path)


def _hold(path: Path) -> int:
    """Return a descriptor that nobody else gets while this process lives."""
    flags = os.O_RDWR | os.O_CREAT
    try:
        if (temporary := getattr(os, "O_TEMPORARY", None)) is not None:  # on Windows: gone with its last descriptor
            return os.open(path, flags | os.O_EXCL | temporary, 0o600)
        import fcntl

        lock = os.open(path, flags | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (FileExistsError, BlockingIOError):
        raise BadFile(
            f"{path.parent}: another agent is at work there; give each a folder of its own (--data)"
        ) from None
    return lock


def _is_key(text: str) -> bool:
    with contextlib.suppress(ValueError):
        return len(bytes.fromhex(text)) == KEY_BYTES
    return False


def _sync_folder(path: Path) -> None:
    """Have the names of its files on disk, where folders can be opened."""
    with contextlib.suppress(OSError):
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
