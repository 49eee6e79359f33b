"""Where the database is said to be, and what is wrong with it."""

import stat
import sys

import pytest
from postgres import fresh_database, server

from farmhand.manager.config import Settings
from farmhand.manager.opening import alone, open_store
from farmhand.units.errors import BadConfig

SECRET = "hunter2"
ELSEWHERE = f"postgresql://farm:{SECRET}@127.0.0.1:1/farm"


def kind(store):
    store.close()
    return store.database.name


def test_without_a_word_it_is_a_file_in_the_folder(tmp_path):
    assert kind(open_store(tmp_path, Settings(), {})) == "sqlite"
    assert (tmp_path / "farmhand.sqlite").exists()


@pytest.mark.parametrize(("left", "then"), [(0o644, 0o640), (0o666, 0o660), (0o600, 0o600)])
def test_what_an_earlier_version_let_everybody_read_nobody_else_reads(tmp_path, left, then):
    file = tmp_path / "farmhand.sqlite"
    file.touch(mode=0o600)
    file.chmod(left)
    store = open_store(tmp_path, Settings(), {})
    assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.glob("farmhand.sqlite*")} == {then}
    store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no mode there")
def test_others_on_the_machine_see_no_logs_and_pictures(tmp_path):
    open_store(tmp_path, Settings(), {}).close()
    assert stat.S_IMODE((tmp_path / "jobs").stat().st_mode) & 0o027 == 0


def test_a_file_has_one_manager_at_a_time(tmp_path):
    first, second = open_store(tmp_path, Settings(), {}), open_store(tmp_path, Settings(), {})
    refused = pytest.raises(OSError, match="another manager runs with this folder; give each a folder of its own")
    with alone(first, tmp_path), refused, alone(second, tmp_path):
        pass
    with alone(second, tmp_path):
        pass
    first.close()
    second.close()


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path):
    with fresh_database() as url:
        wrong = Settings(database=ELSEWHERE)
        assert kind(open_store(tmp_path, wrong, {"FARMHAND_DATABASE": ELSEWHERE}, url)) == "postgresql"
        assert kind(open_store(tmp_path, wrong, {"FARMHAND_DATABASE": url})) == "postgresql"
        assert kind(open_store(tmp_path, Settings(database=url), {})) == "postgresql"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("here", "--database: its value: it is no URL of a database; write it as postgresql://"),
        ("mysql://db/farm", '--database: mysql://db/farm: "mysql" is no kind of database that is known here'),
        (ELSEWHERE, "everybody on this machine can read its password here; write the URL in FARMHAND_DATABASE"),
    ],
)
def test_what_is_wrong_is_said_without_the_password(tmp_path, url, problem):
    with pytest.raises(BadConfig) as refused:
        open_store(tmp_path, Settings(), {}, url)
    assert problem in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_server_that_is_not_there_is_worth_another_try(tmp_path):
    with pytest.raises(ConnectionError) as refused:
        open_store(tmp_path, Settings(database=ELSEWHERE), {})
    assert str(refused.value).startswith(
        "database: postgresql://farm:***@127.0.0.1:1/farm: the database cannot be used"
    )
    assert SECRET not in str(refused.value)


def test_the_password_may_be_in_a_file_of_its_own(tmp_path, monkeypatch):
    file = tmp_path / "pgpass"
    file.write_text(f"127.0.0.1:{server().port}:*:farmhand:{SECRET}\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    with fresh_database() as url:
        assert kind(open_store(tmp_path, Settings(), {}, url)) == "postgresql"
