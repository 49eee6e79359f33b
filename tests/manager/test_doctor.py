"""What the doctor finds, and that it finds nothing where nothing is wrong."""

import json
import os
import subprocess
from contextlib import closing
from dataclasses import replace

import pytest
from farm import BIN, free_port
from manager_server import serving
from pretended import awake, job, register
from sqlalchemy import text
from stores import DIALECTS, Clock, opened

from farmhand.manager import doctor
from farmhand.manager.config import Settings
from farmhand.manager.doctor import Scene
from farmhand.manager.rules.findings import Weight
from farmhand.manager.signin import OpenNetworks
from farmhand.manager.storage import checkup, schema
from farmhand.manager.storage.database import Database
from farmhand.manager.storage.store import Store


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=DIALECTS)
def store(request, tmp_path, clock):
    with opened(request.param, tmp_path, clock) as store:
        yield store


def found(store):
    return [f"{each.where}: {each.what}" for each in checkup.look(store.database, store.clock())]


def test_a_farm_at_work_has_nothing_wrong_in_its_database(store, clock):
    worker = awake(store, "node-1")
    job(store)
    worker.finishes(worker.asks_for_work())
    worker.asks_for_work()
    assert [each for each in found(store) if "clock" not in each] == []


def test_workers_that_are_lost_are_named(store, clock):
    for n in range(5):
        register(store, f"node-{n}").sign_on()
    with store.database.write() as change:
        change.connection.execute(text("UPDATE worker SET status = 'error', lost_from = 'awake'"))
    assert "workers: lost: node-0, node-1, node-2 and 2 more" in found(store)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE queue SET ready = ready + 1", "queue: 1 of its counts are not those of the tasks"),
        ("UPDATE job SET tasks_queued = 99", "jobs: 1 count other tasks than they have"),
        ("UPDATE worker SET task_id = NULL", "tasks: active, and nobody's: Frame 1"),
        ("UPDATE event SET at = at + 99000", "clock: something has happened 99 s in the future"),
        ("UPDATE worker SET waiting = (1 = 1)", "workers: want to join: node-1"),
    ],
)
def test_what_is_inconsistent_is_found(store, statement, said):
    worker = awake(store, "node-1")
    job(store)
    worker.asks_for_work()
    with store.database.write() as change:
        change.connection.execute(text(statement))
    assert said in found(store)


def test_an_earlier_and_a_newer_schema_are_told_apart(tmp_path, clock):
    with closing(Database(f"sqlite:///{tmp_path / 'farmhand.sqlite'}", clock)) as database:
        schema.migrate(database, "0003")
        [pending] = checkup.look(database, clock())
        assert pending.what.startswith("it has schema 0003, and this Farmhand")
        with database.write() as change:
            change.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        [newer] = checkup.look(database, clock())
        assert newer.what == "it has schema 9999, of a newer Farmhand"


# -- the machine, the files, the settings


@pytest.fixture
def scene(tmp_path):
    (tmp_path / "shared").mkdir()
    settings = Settings(shared_storage_path=str(tmp_path / "shared"))
    return Scene(settings, tmp_path, None, ("127.0.0.1", free_port()), False)


def looked(scene, weight=Weight.WRONG):
    return [each.where for each in doctor.look(scene) if each.weight is weight]


def test_a_plain_machine_has_nothing_wrong(scene, monkeypatch):
    monkeypatch.setattr(doctor, "ROOM", 0)
    assert looked(scene) == []
    assert "--listen" in looked(scene, Weight.NOTE)


def test_a_full_disk_is_found(scene, monkeypatch):
    monkeypatch.setattr(doctor, "ROOM", 2**80)
    assert {"--data", "shared_storage_path"} <= set(looked(scene))


def test_a_database_on_a_network_file_system_is_found(scene, monkeypatch):
    monkeypatch.setattr(doctor, "NETWORK_FILE_SYSTEMS", (doctor.file_system(scene.data),))
    assert doctor.file_system(scene.data)
    assert "--data" in looked(scene)
    assert "--data" not in looked(replace(scene, on_a_server=True))


@pytest.mark.skipif(os.name != "posix", reason="there are no modes")
def test_a_secret_that_others_can_read_is_found(scene):
    file = scene.data / "farmhand.sqlite"
    file.touch(mode=0o600)
    assert str(file) not in looked(scene)
    file.chmod(0o644)
    assert str(file) in looked(scene)


def test_a_shared_folder_that_is_not_mounted_is_found(scene):
    settings = replace(scene.settings, shared_storage_path="/mnt/not-mounted")
    assert "shared_storage_path" in looked(replace(scene, settings=settings))


@pytest.mark.parametrize(
    ("settings", "where", "weight"),
    [
        ({"trusted_proxies": ("0.0.0.0/0",)}, "trusted_proxies", Weight.WRONG),
        ({"metrics": ("0.0.0.0/0",)}, "metrics", Weight.WRONG),
        ({"metrics": ("127.0.0.1",)}, "metrics", Weight.NOTE),
        ({"open_networks": OpenNetworks(("10.0.0.0/8",))}, "open_networks", Weight.NOTE),
        ({"trusted_proxies": ("127.0.0.1",)}, "host_names", Weight.NOTE),
        ({"worker_timeout": 15.0}, "worker_timeout", Weight.WRONG),
        ({"task_timeout": 30.0}, "task_timeout", Weight.WRONG),
        ({"push_timeout": 2.0}, "push_timeout", Weight.NOTE),
    ],
)
def test_a_setting_that_does_harm_is_found(scene, settings, where, weight):
    assert where in looked(replace(scene, settings=replace(scene.settings, **settings)), weight)


def test_a_manager_without_login_is_found_where_it_listens(scene, store):
    for without, notes in ((True, {"--without-login"}), (False, set())):
        store.settings = replace(store.settings, without_login=without)
        with serving(store) as url:
            here = replace(scene, address=("127.0.0.1", int(url.rpartition(":")[2])))
            assert set(looked(here, Weight.NOTE)) & {"--without-login", "--listen"} == notes
            assert "--listen" not in looked(here)


# -- the command


def run(*words):
    argv = [str(BIN / "farmhand-manager"), "doctor", *map(str, words), "--listen", f"127.0.0.1:{free_port()}"]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def test_the_exit_code_says_whether_there_is_something_to_do(tmp_path):
    database = tmp_path / "farmhand.sqlite"
    Store(tmp_path, Settings()).close()
    (tmp_path / "shared").mkdir()
    assert run("--data", tmp_path).returncode == 0
    database.chmod(0o644)
    done = run("--data", tmp_path, "--json")
    [wrong] = [each for each in json.loads(done.stdout) if each["weight"] == "wrong"]
    assert (done.returncode, wrong["mend"]) == (1, f"chmod 600 {database}")
    nothing = run("--data", tmp_path / "nothing")
    assert (nothing.returncode, "there is no database in it" in nothing.stderr) == (2, True)
