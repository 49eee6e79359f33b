"""What a worker's definition tells the worker of itself, in its environment. Standard library only."""

import hashlib

# The paths of the definition's files, with SEPARATOR between them.
FILES = "FARMHAND_UNIT_FILES"
# Of what it was made; recipe.py.
RECIPE = "FARMHAND_UNIT_RECIPE"
# No path of a file has it: a colon is in those of Windows, and a semicolon begins comments in some files.
SEPARATOR = "|"

# The most that a worker tells, and a manager takes: files and drop-ins, and characters of each text.
MOST_FILES = 16
LONGEST_TEXT = 4096


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's bytes, hexadecimal."""
    return hashlib.sha256(content).hexdigest()
