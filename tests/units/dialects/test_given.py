"""What the real service managers give to a process is what the definitions written for them say, hostile or not."""

import json
import pwd
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from managers import plays, room
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
MANAGERS = ("runit", "s6", "openrc", "supervisord")
TARGET = Target()
ON_ONE_LINE = ("supervisord",)

KEEPS = Service(
    "given",
    user="nobody",
    umask=0o027,
    nice=5,
    working_directory=Folder("/usr/share"),
    limits={"NOFILE": Limit(500, 500)},
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


def job_of(name: str, folder: Path) -> Job:
    (folder / "main.script").write_text("facts\nforever\n--\n")
    service = given(folder, name)
    written = render(DIALECTS[name], made(service), TARGET, "native")
    return Job(service.name, written.files, DIALECTS[name].commands(service, TARGET))


@room.needed
@pytest.mark.parametrize("name", MANAGERS)
def test_a_process_is_given_what_was_asked_for(name: str, open_to_all: Path, tmp_path: Path) -> None:
    service = given(open_to_all, name)
    with PROGRAMS[name]([job_of(name, open_to_all)], tmp_path):
        facts = until(lambda: noted(open_to_all / "main.1"), "the process to say what it was given")
    meant = DIALECTS[name].means(service, TARGET)
    assert facts["argv"][3:] == said(service)
    assert service.environment.items() <= environment(facts).items()
    assert (facts["cwd"], facts["umask"], facts["nice"]) == ("/usr/share", "0027", 5)
    assert (facts["limits"]["NOFILE"] == [500, 500]) == bool(meant.limits)
    nobody = pwd.getpwnam("nobody")
    assert (facts["uid"], facts["gid"]) == (nobody.pw_uid, nobody.pw_gid)
    assert len(set(facts["groups"]) - {nobody.pw_gid}) == len(meant.supplementary_groups)


@room.needed
@pytest.mark.parametrize("name", MANAGERS)
def test_its_commands_tell_how_it_is_and_take_it_away(name: str, open_to_all: Path, tmp_path: Path) -> None:
    job, cell = job_of(name, open_to_all), plays.Cell("given", "requested stop", open_to_all)
    with PROGRAMS[name]([job], tmp_path) as manager:
        assert manager.run is not None
        run, commands = manager.run, job.commands
        until(lambda: cell.look()[0], "the process to be there")
        until(lambda: re.search(commands.signs.running, run(*commands.status).stdout, re.M), "its status to tell that")
        for words in commands.uninstall:
            ran = run(*words)
            assert ran.returncode == 0, (words, ran.stdout, ran.stderr)
        until(lambda: not cell.look()[0], "the process to be gone")
        assert not re.search(commands.signs.running, run(*commands.status).stdout, re.M)
    assert cell.look() == (False, 1)


def said(service: Service) -> list[str]:
    return [*(word.replace("$$", "$") for word in service.exec_start[0].words[3:-1]), service.environment["GIVEN0"]]


def environment(facts: dict[str, Any]) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in facts["env"])


def noted(log: Path) -> dict[str, Any] | None:
    lines = map(json.loads, log.read_text().splitlines()) if log.exists() else []
    return next((line for line in lines if line["event"] == "facts"), None)
