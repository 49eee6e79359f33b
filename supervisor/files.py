"""The files that services are written in, as text."""

from pathlib import Path

from ..units.errors import BadConfig


def text(file: Path) -> str:
    """Read a file; raises BadConfig."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise BadConfig(str(file), 0, "", f"it cannot be read: {error.strerror}", "name a file") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BadConfig(str(file), line, "", "it is not UTF-8 text", "save it as UTF-8") from None
