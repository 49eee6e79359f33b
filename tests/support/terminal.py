"""Our command line as it is used: words in, exit code and what was said out."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from farmhand.manager.cli import main


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> Said:
    """Run `farmhand-manager WORDS`, in this process and against whatever FARMHAND_MANAGER names."""
    capsys.readouterr()
    try:
        code = main(words)
    except SystemExit as end:
        code = int(str(end.code))
    said = capsys.readouterr()
    return Said(code, said.out, said.err)
