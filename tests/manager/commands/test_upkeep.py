"""What is done to the database itself: nothing is made or upgraded by mistake, and nothing half is left behind."""

import resource
import sqlite3
import subprocess
import sys

import pytest

from farmhand.manager.cli import main
from farmhand.manager.clock import wall_clock
from farmhand.manager.storage.database import Database
from farmhand.manager.storage.schema import migrate, standing
from farmhand.manager.storage.store import FILE

HERE = ("--data", "farm")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def farm(folder, capsys):
    main(["migrate", *HERE])
    capsys.readouterr()
    return folder / "farm" / FILE


@pytest.mark.parametrize(
    "words",
    [
        ["people", "list"],
        ["people", "add", "kim", "--role", "admin"],
        ["tokens", "list"],
        ["audit", "verify"],
        ["backup", "."],
        ["migrate", "--check"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_a_mistyped_folder_is_no_new_farm(folder, words, capsys):
    assert main([*words, *HERE]) == 2
    assert "farm: there is no database in it; name the folder of a manager" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("words", [["people", "list"], ["tokens", "list"], ["audit", "list"]], ids=" ".join)
def test_a_look_brings_no_schema_up_to_date_under_a_manager_of_an_earlier_version(folder, words, capsys):
    (folder / "farm").mkdir()
    database = Database(f"sqlite:///{folder}/farm/{FILE}", wall_clock)
    migrate(database, "0008")
    assert main([*words, *HERE]) == 2
    assert "earlier schema, 0008; start this version's manager, or run farmhand-manager migrate" in (
        capsys.readouterr().err
    )
    with database.read() as connection:
        assert standing(connection).current == "0008"
    database.close()


@pytest.mark.parametrize(
    ("target", "said"),
    [("there.zip", "there.zip: it is there already;"), ("no/such/file.zip", "no/such is no folder;")],
)
def test_a_place_that_is_none_for_a_backup_is_exit_code_2(farm, folder, target, said, capsys):
    (folder / "there.zip").write_text("kept")
    assert main(["backup", target, *HERE]) == 2
    assert said in capsys.readouterr().err
    assert (folder / "there.zip").read_text() == "kept"


@pytest.mark.parametrize("file", ["none.zip", "."])
def test_a_backup_that_cannot_be_read_is_exit_code_2(folder, file, capsys):
    assert main(["restore", file, *HERE]) == 2
    assert f"{file}: backup: it cannot be read: " in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_a_disk_that_takes_no_more_is_named_and_nothing_is_left_on_it(farm, folder):
    (folder / "disk").mkdir()

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    words = [sys.executable, "-m", "farmhand.manager", "backup", "disk", *HERE]
    ended = subprocess.run(words, preexec_fn=little, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("farmhand-manager: disk: ")
    assert len(ended.stderr.splitlines()) == 1
    assert list((folder / "disk").iterdir()) == []


def test_of_a_damaged_database_no_backup_is_made_that_could_not_be_restored(farm, folder, capsys):
    with sqlite3.connect(farm) as connection:
        connection.execute("INSERT INTO worker_tag (worker_id, tag_id) VALUES ('gone', 'gone')")
    connection.close()
    assert main(["backup", "farm.zip", *HERE]) == 2
    assert "the database is damaged; nothing was kept of it; restore an earlier backup" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["farm"]


def test_a_database_that_breaks_while_it_is_used_is_told_in_a_line(farm, capsys):
    with sqlite3.connect(farm) as connection:
        connection.execute("DROP TABLE person_grant")
    connection.close()
    assert main(["people", "list", *HERE]) == 2
    said = capsys.readouterr().err
    assert "farm: the database in it cannot be used: no such table: person_grant; restore a backup" in said
