"""A program put first on PATH that writes down how it is called, and answers as it is told."""

import json
import os
import sys
from pathlib import Path

import pytest

_PROGRAM = """#!{python} -S
import json, sys
from pathlib import Path
folder, words = Path({folder!r}), sys.argv[1:]
with (folder / "calls").open("a") as file:
    file.write(" ".join(words) + "\\n")
answers = json.loads((folder / "answers").read_text())
said = [answer for answer in answers if words[: len(answer[0].split())] == answer[0].split()] or [["", 0, ""]]
_, code, text = said[0]
if len(said) > 1:  # the next call gets the next answer
    answers.remove(said[0])
    (folder / "answers").write_text(json.dumps(answers))
print(text, end="", file=sys.stderr if code else sys.stdout)
sys.exit(code)
"""


class Recorded:
    """One such program; what it has no answer for succeeds in silence."""

    def __init__(self, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder / f"{name} recorded"
        self._folder.mkdir()
        program = self._folder / name
        program.write_text(_PROGRAM.format(python=sys.executable, folder=str(self._folder)))
        program.chmod(0o755)
        self.answer()
        monkeypatch.setenv("PATH", str(self._folder), prepend=os.pathsep)

    def answer(self, *answers: tuple[str, int, str]) -> None:
        """Answer calls that begin with these words by a code and a text; of several the first, then the next."""
        (self._folder / "answers").write_text(json.dumps(answers))

    @property
    def calls(self) -> list[str]:
        """Return the arguments of each call so far."""
        path = self._folder / "calls"
        return path.read_text().splitlines() if path.exists() else []
