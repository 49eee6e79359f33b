"""What a worker is known by at its manager: made once, kept in a file that its user alone can read."""

import logging
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from .client import Credentials
from .config import BadConfig
from .replace import replace

log = logging.getLogger(__name__)

NAME = "flamenco-worker-credentials.yaml"


def new_secret() -> str:
    """Return a secret that nobody can guess: 64 hexadecimal digits."""
    return secrets.token_hex(32)


def folder(environ: Mapping[str, str], data: Path) -> Path:
    """Return where the credentials are: where the service manager hands them over, else with the worker's own data.

    systemd.exec(5), LoadCredential=.
    """
    handed_over = Path(environ.get("CREDENTIALS_DIRECTORY", data))
    return handed_over if (handed_over / NAME).exists() else data


def load(folder: Path, keep_private: Callable[[str], None] | None = None) -> Credentials | None:
    """Return the credentials kept in a folder, None if there are none.

    keep_private: takes a file from everybody but its owner, where that is this worker's to see to; it is done, with a
    warning, for a file that others can read.
    """
    path = folder / NAME
    try:
        if keep_private is not None and open_to_others(path):
            log.warning(
                "%s could be read by others, which is mended; revoke it at the manager if they are not you", path
            )
            keep_private(str(path))
        kept = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, yaml.YAMLError) as problem:
        raise BadConfig(f"{path}: cannot be read: {problem}; remove the file to register anew") from None
    match kept:
        case {"worker_id": str(id), "worker_secret": str(secret)} if id and secret:
            return Credentials(id, secret)
    raise BadConfig(f"{path}: worker_id or worker_secret is missing; remove the file to register anew")


def open_to_others(path: Path) -> bool:
    """Say whether others than its owner can read or change a file, by its mode: Windows has lists instead."""
    return hasattr(os, "getuid") and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def save(folder: Path, credentials: Credentials, keep_private: Callable[[str], None]) -> None:
    """Keep credentials; a crash leaves the old file or the new one, never half of one.

    keep_private: takes a file from everybody but its owner, before anything is in it.
    """
    path, fresh = folder / NAME, folder / f"{NAME}.new"
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        keep_private(str(fresh))
        yaml.safe_dump({"worker_id": credentials.id, "worker_secret": credentials.secret}, file)
        file.flush()
        os.fsync(file.fileno())
    replace(fresh, path)


def forget(folder: Path) -> None:
    (folder / NAME).unlink(missing_ok=True)
