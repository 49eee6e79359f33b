"""The command line against a real manager on a real port."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from polling import until
from pretended import awake

from farmhand.manager.cli import OneLine, is_loopback, main
from farmhand.manager.clock import wall_clock
from farmhand.manager.storage.database import Database
from farmhand.manager.storage.schema import migrate, revisions
from farmhand.worker.wire import RESTART_EXIT_CODE, Request, Status

JOBS = Path(__file__).parents[2] / "config" / "jobs"

ECHO = """\
name: Try it
type: echo-sleep-test
settings:
  message: hello
"""


@contextmanager
def page(status: int, text: str) -> Iterator[str]:
    """Serve what a proxy without a manager behind it shows, a Flamenco Manager, or somebody else altogether."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *said: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def write(folder, text):
    path = folder / "job.yaml"
    path.write_text(text)
    return str(path)


# -- submitting


def test_submitting_says_where_to_look(url, store, tmp_path, capsys):
    assert main(["submit", write(tmp_path, ECHO)]) == 0
    [job] = store.jobs()
    assert capsys.readouterr().out == f"job {job.id} (Try it) is queued: {url}/jobs/{job.id}\n"
    assert job.settings["message"] == "hello"


def test_the_command_line_wins_over_the_file(url, store, tmp_path, capsys):
    file = write(tmp_path, ECHO)
    assert main(["submit", file, "--set", "message=7", "--set", "sleep_repeats=3", "--json"]) == 0
    job = json.loads(capsys.readouterr().out)
    assert job["settings"] == {"message": "7", "sleep_repeats": 3, "sleep_duration_seconds": 1}


@pytest.mark.parametrize("name", ["mandelbrot.yaml", "blender.yaml"])
def test_the_example_jobs_are_taken_and_their_paths_are_from_their_folder(url, store, name):
    assert main(["submit", str(JOBS / name)]) == 0
    [job] = store.jobs()
    assert Path(str(job.settings["script"])) == JOBS / Path(str(job.settings["script"])).name
    assert Path(str(job.settings["script"])).is_file()
    assert str(job.settings["folder"]).startswith("{jobs}/")
    assert sum(job.tally.values()) > 20


def test_a_path_on_the_command_line_is_from_the_current_folder(url, store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["submit", str(JOBS / "mandelbrot.yaml"), "--set", "folder=out"]) == 0
    assert store.jobs()[0].settings["folder"] == str(tmp_path / "out")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("name:", "nmae:", 1, 'nmae: it is not known; did you mean "name"?'),
        ("type: echo-sleep-test", "", 1, "type: it is missing"),
        ("echo-sleep-test", "echo-sleep", 2, 'type: there is no job type "echo-sleep"; write one of '),
        ("message:", "mesage:", 4, 'settings.mesage: "mesage" is not a setting of echo-sleep-test'),
        ("hello", "7", 4, 'settings.message: the setting "message" must be a string, and is 7'),
        ("  message: hello", "  sleep_repeats: 1", 3, 'settings.message: the setting "message" is missing'),
        ("settings:", "settings: ]", 3, "it is not YAML"),
        ("echo-sleep-test", "a/../b?c", 2, 'type: there is no job type "a/../b?c"; write one of '),
        (
            "hello",
            "2020-01-01",
            4,
            "settings.message: 2020-01-01 is no text and no number for YAML; write it in quotes",
        ),
    ],
)
def test_a_bad_job_file_is_named_with_its_line(url, store, tmp_path, capsys, old, new, line, message):
    file = write(tmp_path, ECHO.replace(old, new, 1))
    assert main(["submit", file]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.startswith(f"farmhand-manager: {file}:{line}: ")
    assert store.jobs() == []


def test_a_bad_value_on_the_command_line_is_named(url, tmp_path, capsys):
    file = write(tmp_path, ECHO)
    assert main(["submit", file, "--set", "sleep_repeats=x"]) == 2
    assert "--set: sleep_repeats: " in capsys.readouterr().err
    assert main(["submit", file, "--set", "sleep_repeats"]) == 2
    assert "write --set KEY=VALUE" in capsys.readouterr().err
    for text in ("[", "2020-01-01"):
        assert main(["submit", file, "--set", f"sleep_repeats={text}"]) == 2
        assert "--set: sleep_repeats: " in capsys.readouterr().err


def test_a_manager_that_is_not_there_is_named(tmp_path, capsys):
    assert main(["submit", write(tmp_path, ECHO), "--manager", "http://127.0.0.1:9/"]) == 1
    assert "no manager answers at http://127.0.0.1:9/: Connection refused; name another" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (502, "<h1>Bad Gateway</h1>", "answered 502, and not as Farmhand's does"),
        (200, "<h1>Hello</h1>", "answered without JSON"),
        (404, '{"message": "Not Found"}', "answered 404, and not as Farmhand's does"),
    ],
)
def test_what_is_no_manager_of_ours_is_named(capsys, status, text, said):
    with page(status, text) as url:
        assert main(["workers", "--manager", url]) == 1
    told = f"no manager answers at {url}: what is there {said}; name another with --manager"
    assert capsys.readouterr().err == f"farmhand-manager: {told}\n"


# -- lists


def test_workers_and_jobs_are_listed(url, store, tmp_path, capsys):
    worker = awake(store, "node-1")
    store.act([worker.id], Request(Status.ASLEEP, lazy=True), "kim")
    main(["submit", write(tmp_path, ECHO)])
    capsys.readouterr()
    assert main(["workers"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["NAME", "STATUS", "PENDING", "DOING", "TAGS", "VERSION", "ID"]
    assert row.split() == ["node-1", "awake", "asleep", "after", "task", "Free", "-", "0.1.0", worker.id]
    assert main(["jobs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["name"] == "Try it"


def test_what_asks_a_manager_needs_no_database() -> None:
    code = "import sys, farmhand.manager.cli; print({'sqlalchemy', 'flask', 'alembic'} & sys.modules.keys())"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


# -- without login


@pytest.mark.parametrize("listen", ["0.0.0.0:0", ":0", "[::]:0", "10.20.4.14:0", "farm.example.org:0"])
def test_without_login_nobody_on_the_network_is_let_in(listen, tmp_path, capsys):
    data = tmp_path / "data"
    assert main(["run", "--data", str(data), "--listen", listen, "--without-login"]) == 2
    said = capsys.readouterr().err
    assert "can be reached over the network; write --listen 127.0.0.1:8080, or leave out --without-login" in said
    assert not data.exists()


def test_without_login_no_proxy_brings_the_network_in(tmp_path, capsys):
    config = tmp_path / "manager.yaml"
    config.write_text("trusted_proxies: [127.0.0.1]\n")
    words = ["run", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0", "--without-login"]
    assert main([*words, "--config", str(config)]) == 2
    assert "trusted_proxies: a proxy lets the network in" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_what_is_this_machine_alone(host):
    assert is_loopback(host)


# -- options


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "--data", "x", "--listen", "8080"], '"8080" is no address to listen at; write HOST:PORT'),
        (["run", "--data", "x", "--listen", "a:99999"], "is no address to listen at"),
        (["run"], "--data"),
        (["workers", "--manager", "ftp://x"], "is no address of a manager"),
        (["workers", "--manager", "http://[::1"], "is no address of a manager"),
        (["workers", "--manager", "http://x:port/"], "is no address of a manager"),
        (["workers", "--manager", "http://x/ y"], "is no address of a manager"),
        (["workers", "--manager", ""], "is no address of a manager"),
        (["run", "--data", ""], "it is empty; name a folder"),
        ([], "COMMAND"),
        (["rollouts", "show", "nope"], "is no rolling action's id; take one from farmhand-manager rollouts list"),
        (["workers", "apply", "nope"], '"nope" is no token; take one from farmhand-manager workers ACTION --dry-run'),
        (["rollouts", "start", "restart", "--all", "--watch", "infinity"], '"infinity" has no end; write a time span'),
        (["rollouts", "start", "wake", "--all", "--at-latest", "18:00"], 'write it as "90s" or "1h 30min"'),
        (["workers", "sleep", "--all", "--until", "soon"], 'write a time as "20min" or "18:00"'),
    ],
)
def test_wrong_usage_is_exit_code_2(words, message, capsys):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_a_bad_configuration_is_exit_code_2(tmp_path, capsys):
    config = tmp_path / "manager.yaml"
    config.write_text("worker_timeout: soon\n")
    assert main(["run", "--data", str(tmp_path / "data"), "--config", str(config), "--listen", "127.0.0.1:0"]) == 2
    assert f"{config}:1: worker_timeout: " in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_a_mistake_in_a_job_type_is_exit_code_2(tmp_path, capsys):
    config, job_type = tmp_path / "manager.yaml", tmp_path / "types" / "sheet.yaml"
    job_type.parent.mkdir()
    job_type.write_text("tasks:\n  sheet: {type: misc, commands: echo}\n")
    config.write_text("job_types: types\n")
    assert main(["run", "--data", str(tmp_path / "data"), "--config", str(config), "--listen", "127.0.0.1:0"]) == 2
    expected = f"farmhand-manager: {job_type}:2: tasks.sheet.commands: 'echo' is not a list; write a list\n"
    assert capsys.readouterr().err == expected


def test_a_folder_that_cannot_hold_the_data_is_exit_code_2(tmp_path, capsys):
    file, broken = tmp_path / "file", tmp_path / "broken"
    file.touch()
    broken.mkdir()
    (broken / "farmhand.sqlite").write_text("no database, but long enough to be looked at" * 100)
    assert main(["migrate", "--data", str(file)]) == 2
    assert f"--data: {file}: it cannot be used: File exists; choose another folder" in capsys.readouterr().err
    assert main(["migrate", "--data", str(broken)]) == 2
    assert f"--data: {broken}: the database in it cannot be used: file is not a database" in capsys.readouterr().err


def test_migrating_names_the_schema(tmp_path, capsys):
    assert main(["migrate", "--data", str(tmp_path)]) == 0
    assert f"has schema {list(revisions())[-1]}" in capsys.readouterr().out


def test_migrating_can_be_looked_at_before(tmp_path, capsys):
    earlier, *missing = list(revisions())[-3:]
    with closing(Database(f"sqlite:///{tmp_path / 'farmhand.sqlite'}", wall_clock)) as database:
        migrate(database, earlier)
    check = ["migrate", "--check", "--data", str(tmp_path)]
    assert main(check) == 1
    first, *others = capsys.readouterr().out.splitlines()
    assert first == f"{tmp_path}: the database has schema {earlier}"
    assert [line.split()[0] for line in others] == missing
    assert main(check[:1] + check[2:]) == 0
    assert main(check) == 0


def test_a_backup_is_made_and_put_back(tmp_path, capsys):
    data, file = tmp_path / "data", tmp_path / "farm.zip"
    assert main(["migrate", "--data", str(data)]) == 0
    assert main(["backup", str(file), "--data", str(data)]) == 0
    assert main(["backup", str(file), "--data", str(data)]) == 2
    assert "it is there already; choose another name" in capsys.readouterr().err
    assert main(["restore", str(file), "--data", str(data)]) == 2
    assert "--replace" in capsys.readouterr().err
    assert main(["restore", str(file), "--data", str(data), "--replace"]) == 0
    said = capsys.readouterr().out
    assert "farmhand.sqlite.before-" in said
    assert "it hands out no task for 60 s" in said
    assert main(["backup", str(tmp_path), "--data", str(data), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (Path(made["file"]).parent, made["counts"]["worker"]) == (tmp_path, 0)


# -- from end to end


def test_a_manager_and_a_worker_make_the_example_frames(tmp_path):
    """The real programs: two frames of the example that every machine can make, the pictures told to the manager."""
    folder = Path(sys.executable).parent
    log = (tmp_path / "log").open("wb")
    manager = subprocess.Popen(
        [folder / "farmhand-manager", "run", "--without-login", "--listen", "127.0.0.1:0", "--data", tmp_path / "data"],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    url = manager.stdout.readline().partition(" at ")[2].partition("workers")[0]
    code = str(RESTART_EXIT_CODE)
    words = ["--manager", url, "--restart-exit-code", code, "--name", "node-1", "--data", tmp_path / "worker"]
    worker = subprocess.Popen([folder / "farmhand-worker", *words], stdout=log, stderr=log)
    try:
        words = [folder / "farmhand-manager", "submit", JOBS / "mandelbrot.yaml", "--manager", url, "--wait"]
        done = subprocess.run(
            [*words, "--set", "frames=1,2", "--set", f"folder={tmp_path / 'out'}"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["frame-0001.png", "frame-0002.png"]
        until(lambda: len(list((tmp_path / "data" / "jobs").rglob("*.png"))) == 2, "the pictures to arrive")
    finally:
        for process in (worker, manager):
            process.terminate()
            process.wait(timeout=20)
        log.close()


def test_nobody_forges_a_line_of_the_log() -> None:
    record = logging.LogRecord("x", logging.WARNING, "", 0, "GET %s failed", ("/a\nERROR: forged\x1b[31m",), None)
    assert OneLine("%(levelname)s: %(message)s").format(record) == "WARNING: GET /a\ufffdERROR: forged\ufffd[31m failed"
