"""The secrets of a service: whose files they are, where they come from, and when they go."""

import os
from pathlib import Path

import pytest
from needs import as_root

from farmhand.supervisor.execution import credentials
from farmhand.supervisor.execution.folders import CannotMake
from farmhand.units.spec import Service


@pytest.fixture
def bases(tmp_path):
    return {"t": str(tmp_path / "run")}


def written(service, bases, directive="ExecStart", owner=None):
    """Write them, and return what is there then: name -> bytes."""
    credentials.write(service, directive, bases, owner)
    folder = Path(credentials.folder(service, bases))
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def test_only_their_owner_may_read_them(bases):
    service = Service("a", set_credential={"key": "s3cret\n\udcff"})
    assert written(service, bases) == {"key": b"s3cret\n\xff"}
    folder = credentials.folder(service, bases)
    assert folder == f"{bases['t']}/credentials/a.service"
    assert [f"{os.stat(path).st_mode & 0o7777:04o}" for path in (folder, f"{folder}/key")] == ["0500", "0400"]


@as_root
def test_they_are_the_users_who_runs_it(bases):
    service = Service("a", set_credential={"key": "x"})
    written(service, bases, owner=(65534, 65534))
    folder = credentials.folder(service, bases)
    assert [os.stat(path).st_uid for path in (folder, f"{folder}/key")] == [65534, 65534]
    assert os.stat(os.path.dirname(folder)).st_uid == 0


def test_each_start_writes_them_anew_and_the_end_removes_them(bases, tmp_path):
    (tmp_path / "source").write_text("old")
    service = Service("a", load_credential={"key": str(tmp_path / "source")})
    assert written(service, bases, "ExecStartPre") == {"key": b"old"}
    (tmp_path / "source").write_text("new")
    assert written(service, bases) == {"key": b"new"}
    credentials.remove(service, bases)
    assert not os.path.exists(credentials.folder(service, bases))


@pytest.mark.parametrize("directive", ["ExecCondition", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost"])
def test_other_commands_find_only_what_was_written_for_the_start(bases, directive):
    assert written(Service("a", load_credential={"key": "/nonexistent"}), bases, directive) == {}


def test_a_file_goes_before_a_text_which_stands_in_for_a_missing_one(bases, tmp_path):
    (tmp_path / "source").write_text("from a file")
    service = Service(
        "a",
        load_credential={"both": str(tmp_path / "source"), "missing": "/nonexistent", "passed": "not-there"},
        set_credential={"both": "text", "missing": "text", "alone": "text"},
    )
    assert written(service, bases) == {"both": b"from a file", "missing": b"text", "alone": b"text"}


def test_a_folder_gives_one_for_each_of_its_files(bases, tmp_path):
    for path in ("d/one", "d/sub/two"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(path)
    service = Service("a", load_credential={"all": str(tmp_path / "d")})
    assert written(service, bases) == {"all_one": b"d/one", "all_sub_two": b"d/sub/two"}


def test_one_that_the_supervisor_was_given_is_handed_on(bases, tmp_path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for name in ("db.user", "db.password", "other"):
        (tmp_path / name).write_text(name)
    service = Service("a", load_credential={"mine": "other"}, import_credential=("db.*",))
    assert written(service, bases) == {"mine": b"other", "db.user": b"db.user", "db.password": b"db.password"}


@pytest.mark.parametrize("what", ["missing", "a FIFO", "too large"])
def test_one_that_cannot_be_read_refuses_the_start_without_saying_what_is_in_it(bases, tmp_path, what):
    source = tmp_path / "source"
    if what == "a FIFO":
        os.mkfifo(source)
    elif what == "too large":
        source.write_bytes(b"s3cret" * 200_000)
    with pytest.raises(CannotMake) as refused:
        written(Service("a", load_credential={"key": str(source)}), bases)
    assert refused.value.code == 243
    assert "s3cret" not in str(refused.value)
