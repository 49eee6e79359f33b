"""Reads the files that people have written, or says why they cannot be read."""

import os

from .errors import BadConfig


def read_drop_ins(path: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """Return the drop-ins beside a unit file, (path, text) each, in their order; raises BadConfig."""
    folder = f"{os.fspath(path)}.d"
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [
        (file, read_text(file)) for file in (os.path.join(folder, name) for name in names if name.endswith(".conf"))
    ]


def read_text(path: str | os.PathLike[str]) -> str:
    """Return a file's text; raises BadConfig."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        raise BadConfig(str(path), 0, "", "there is no such file", "name one that is there") from None
    except OSError as error:
        raise BadConfig(str(path), 0, "", f"it cannot be read: {error.strerror}", "name a file") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BadConfig(str(path), line, "", "it is not UTF-8 text", "save it as UTF-8") from None
