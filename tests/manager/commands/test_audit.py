"""farmhand-manager audit, on the database of a manager."""

import json

import pytest
from sqlalchemy import text

from farmhand.manager.cli import main
from farmhand.manager.config import Settings
from farmhand.manager.storage import audit, tags
from farmhand.manager.storage.store import Store


@pytest.fixture
def data(tmp_path, store):
    for name in ("gpu", "cpu\x1b[31m", "=1+1"):
        tags.add(store, name, "", "kim")
    return tmp_path / "data"


def test_verify_prints_the_head_of_a_whole_log(data, store, capsys):
    assert main(["audit", "verify", "--data", str(data)]) == 0
    head = str(audit.head(store.database))
    assert capsys.readouterr().out == f"the audit log is whole, 3 rows; its head is\n{head}\n"
    tags.add(store, "more", "", "kim")
    assert main(["audit", "verify", "--data", str(data), "--head", head, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["head"] == str(audit.head(store.database))


def test_verify_says_which_row_is_broken_and_ends_with_1(data, store, capsys):
    with store.database.write() as change:
        change.connection.execute(text("DROP TRIGGER audit_refuses_UPDATE"))
        change.connection.execute(text("UPDATE audit SET who = 'robin' WHERE seq = 2"))
    assert main(["audit", "verify", "--data", str(data)]) == 1
    told = capsys.readouterr().err
    assert (
        told == "farmhand-manager: the audit log is broken at row 2 (changed): its hash is not that of what it says\n"
    )


def test_verify_notices_an_end_that_was_cut_off_by_a_head(data, store, capsys):
    assert main(["audit", "verify", "--data", str(data), "--head", f"9:{'0' * 64}"]) == 1
    assert "at row 4 (truncated)" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["verify", "--head", "7"], ["export", "--format", "exe"], ["list", "--limit", "-5"]])
def test_words_that_cannot_be_read_end_with_2(data, words):
    with pytest.raises(SystemExit, match="2"):
        main(["audit", words[0], "--data", str(data), *words[1:]])


def test_a_time_that_is_none_ends_with_2(data, capsys):
    assert main(["audit", "list", "--data", str(data), "--since", "soon"]) == 2
    assert '"soon" is not a time' in capsys.readouterr().err


def test_a_folder_without_a_database_ends_with_2(tmp_path):
    assert main(["audit", "verify", "--data", str(tmp_path)]) == 2


def test_an_earlier_schema_is_told_what_to_do(data, store, capsys):
    with store.database.write() as change:
        change.connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert main(["audit", "list", "--data", str(data)]) == 2
    assert "farmhand-manager migrate" in capsys.readouterr().err


def test_list_shows_rows_without_what_a_terminal_would_obey(data, capsys):
    assert main(["audit", "--data", str(data), "--limit", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:1]] == ["WHEN"]
    assert "tag cpu\ufffd[31m" in lines[1]
    assert len(lines) == 3


def test_export_writes_what_is_asked_for_and_is_written_down(data, store, capsys):
    assert main(["audit", "export", "--data", str(data), "--whom", "gpu"]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["whom"] == "tag gpu"
    assert main(["audit", "export", "--data", str(data), "--format", "csv", "--what", "tag.made"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4
    last = list(audit.in_order(store.database, 1000))[-1]
    assert (last.what, last.way, last.outcome) == ("audit.exported", "command line", "done")


def test_a_sealed_log_needs_its_key_to_be_made_anew(tmp_path, capsys):
    key, config = tmp_path / "audit.key", tmp_path / "manager.yaml"
    key.write_text("0123456789abcdef\n")
    config.write_text("audit_key_file: audit.key\n")
    data = tmp_path / "sealed"
    opened = Store(data, Settings(audit_key_file=str(key)))
    tags.add(opened, "gpu", "", "kim")
    opened.close()
    assert main(["audit", "verify", "--data", str(data), "--config", str(config)]) == 0
    assert "1 row, 1 of them sealed" in capsys.readouterr().out
    key.write_text("another")
    assert main(["audit", "verify", "--data", str(data), "--config", str(config)]) == 1
    assert "its seal was not made with this key" in capsys.readouterr().err
