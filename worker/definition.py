"""By what definition this worker runs: what its service manager's files say of themselves, and a hash of each.

It is told to the manager, which judges whether they are still what was made for this worker. Whatever is wrong with
the files, the worker works: what cannot be read has no hash.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..units.carried import FILES, LONGEST_TEXT, MOST_FILES, RECIPE, SEPARATOR, digest

_LARGEST = 1 << 20
_RUN = re.compile(r"[0-9a-f]{32}")


def told(environ: Mapping[str, str]) -> dict[str, object] | None:
    """Return what a sign-on says of it; None for a worker whose definition does not name itself."""
    recipe, paths = environ.get(RECIPE, ""), _paths(environ)
    if not _can_be_told(recipe) or not paths:
        return None
    return {
        "recipe": recipe,
        "files": {path: _digest(path) for path in paths},
        "drop_ins": sorted(name for path in paths for name in _drop_ins(path))[:MOST_FILES],
    }


def run_of(environ: Mapping[str, str]) -> str:
    """Return of which run of a service this process is, "" where no supervisor says so; systemd.exec(5)."""
    said = environ.get("INVOCATION_ID", "")
    return said if _RUN.fullmatch(said) else ""


def _paths(environ: Mapping[str, str]) -> list[str]:
    return [path for path in environ.get(FILES, "").split(SEPARATOR) if _can_be_told(path)][:MOST_FILES]


def _can_be_told(text: str) -> bool:
    """Say whether a text is fit to be sent: bytes that are no UTF-8 are none, and would be refused."""
    return 0 < len(text) <= LONGEST_TEXT and text.isprintable()


def _digest(path: str) -> str | None:
    """Return the SHA-256 of a file's bytes, hexadecimal; None for what is no file that can be read."""
    try:
        place = _place(path)
        if not stat.S_ISREG(place.stat().st_mode):  # a pipe would be waited for
            return None
        with place.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError):
        return None
    return None if len(content) > _LARGEST else digest(content)


def _drop_ins(path: str) -> Iterator[str]:
    """Yield the names of the files that change a unit, from the folder beside it; systemd.unit(5)."""
    try:
        folder = _place(f"{path}.d")
        yield from (name for name in os.listdir(folder) if name.endswith(".conf") and _can_be_told(name))
    except (OSError, ValueError):
        return


def _place(path: str) -> Path:
    """Return where a file is; raises ValueError for a path that depends on where this process runs."""
    place = Path(os.path.expanduser(path))
    if not place.is_absolute():
        raise ValueError(path)
    return place
