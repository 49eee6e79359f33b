"""What the real service managers give to a process is what the definitions written for them say, hostile or not."""

import json
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from managers import room
from managers.programs import PROGRAMS, Job
from polling import until

from farmhand.units.definition import made
from farmhand.units.dialect import Target
from farmhand.units.dialects.table import DIALECTS
from farmhand.units.render import render
from farmhand.units.spec import Command, Folder, Limit, Service
from farmhand.units.variables import literal

WORDS = (
    "a  b;c #d",
    "it's",
    '"',
    "$HOME",
    "${HOME}",
    "%(here)s",
    "%",
    "\\",
    "*",
    "`x`",
    "ä€",
    "--x",
    "]]>",
    "\t",
    "",
    "~",
)
LINES = ("one\ntwo", " \n ", "\n")
TEXTS = ("plain", "a  b", "$HOME", "`x`", "%(x)s %", "\\", "ä€", "*", "a,b=c", "it's")
HOSTILE_TEXTS = ("'\"", 'say "it"', "one\ntwo", " ; # ")
ON_ONE_LINE = ("supervisord",)

KEEPS = Service(
    "given",
    user="nobody",
    umask=0o027,
    nice=5,
    working_directory=Folder("/usr/share"),
    limits={"NOFILE": Limit(500, 500)},
    standard_output="null",
)


def given(folder: Path, name: str) -> Service:
    one_line = name in ON_ONE_LINE
    words = (str(folder / "child"), str(folder), "main", *WORDS, *(() if one_line else LINES))
    texts = (*TEXTS, *(() if one_line else HOSTILE_TEXTS))
    return replace(
        KEEPS,
        exec_start=(Command((*map(literal, words), "${GIVEN0}")),),
        environment={f"GIVEN{number}": text for number, text in enumerate(texts)},
        supplementary_groups=("video",),
    )


@pytest.fixture
def open_to_all(child: Path) -> Iterator[Path]:
    """A folder with the child in which any user can leave logs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        shutil.copy(child, folder)
        yield folder


@room.needed
@pytest.mark.parametrize("name", ["runit", "s6", "openrc", "supervisord"])
def test_a_process_is_given_what_was_asked_for(name: str, open_to_all: Path, tmp_path: Path) -> None:
    dialect, target = DIALECTS[name], Target()
    (open_to_all / "main.script").write_text("facts\nforever\n--\n")
    service = given(open_to_all, name)
    written = render(dialect, made(service), target, "native")
    job = Job(service.name, written.files, dialect.commands(service, target))
    with PROGRAMS[name]([job], tmp_path):
        facts = until(lambda: noted(open_to_all / "main.1"), "the process to say what it was given")
    meant = dialect.means(service, target)
    assert facts["argv"][3:] == said(service)
    assert service.environment.items() <= environment(facts).items()
    assert (facts["cwd"], facts["umask"], facts["nice"]) == ("/usr/share", "0027", 5)
    assert (facts["limits"]["NOFILE"] == [500, 500]) == bool(meant.limits)
    nobody = pwd.getpwnam("nobody")
    assert (facts["uid"], facts["gid"]) == (nobody.pw_uid, nobody.pw_gid)
    assert len(set(facts["groups"]) - {nobody.pw_gid}) == len(meant.supplementary_groups)


def said(service: Service) -> list[str]:
    return [*(word.replace("$$", "$") for word in service.exec_start[0].words[3:-1]), service.environment["GIVEN0"]]


def environment(facts: dict[str, Any]) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in facts["env"])


def noted(log: Path) -> dict[str, Any] | None:
    lines = map(json.loads, log.read_text().splitlines()) if log.exists() else []
    return next((line for line in lines if line["event"] == "facts"), None)
