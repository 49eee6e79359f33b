"""The log of a task, as a file."""

from pathlib import Path

import pytest

from farmhand.manager.storage.files import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def log(files: Files) -> str:
    return files.log_path("job", "task").read_text()


def test_a_text_that_is_there_already_is_not_written_twice(files: Files) -> None:
    for text in ("one\n", "two\nthree"):
        files.append_log("job", "task", text)
        files.append_log("job", "task", text, again=True)
    assert log(files) == "one\ntwo\nthree\n"


def test_one_that_never_arrived_is(files: Files) -> None:
    files.append_log("job", "task", "one\n", again=True)
    files.append_log("job", "task", "two\n", again=True)
    assert log(files) == "one\ntwo\n"


def test_the_same_may_be_said_twice(files: Files) -> None:
    files.append_log("job", "task", "\u00fc \ud800\n")
    files.append_log("job", "task", "\u00fc \ud800\n")
    assert log(files) == "\u00fc \\ud800\n" * 2
