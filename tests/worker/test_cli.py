import re

import pytest

from farmhand.worker.cli import NO_MANAGER, configuration, main, parser
from farmhand.worker.config import TASK_TYPES
from farmhand.worker.wire import DENIED_EXIT_CODE

MANAGER = ("--manager", "127.0.0.1:1")


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLAMENCO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FLAMENCO_WORKER_NAME", raising=False)


def told(*argv):
    return configuration(parser().parse_args(argv))


@pytest.mark.parametrize(
    "options",
    [
        ["-restart-exit-code", "47"],
        ["--restart-exit-code", "47"],
        ["-restart-exit-code=47"],
        ["--restart-exit-code=47"],
        ["-restart-exit-status", "47"],
        ["--restart-exit-status=47"],
    ],
)
def test_every_way_to_write_the_restart_code(options):
    assert told(*MANAGER, *options).restart_exit_code == 47


def test_no_restart_code_is_0_as_in_flamenco(tmp_path):
    (tmp_path / "flamenco-worker.yaml").write_text("restart_exit_code: 48\n")
    assert told(*MANAGER, "-restart-exit-code", "0").restart_exit_code is None
    (tmp_path / "flamenco-worker.yaml").write_text("restart_exit_code: 0\n")
    assert told(*MANAGER).restart_exit_code is None


@pytest.mark.parametrize("options", [["-manager", "h:1"], ["--manager", "h:1"], ["-manager=h:1"], ["--manager=h:1"]])
def test_every_way_to_write_the_manager(options):
    assert told(*options).manager_url == "http://h:1/"


def test_the_file_in_the_current_folder_is_read(tmp_path):
    (tmp_path / "flamenco-worker.yaml").write_text(
        "worker_name: from-file\nmanager_url: farm:8080\nrestart_exit_code: 48\ntask_types: [misc]\n"
    )
    read = told()
    assert (read.name, read.manager_url, read.restart_exit_code) == ("from-file", "http://farm:8080/", 48)
    assert (read.task_types, read.data) == (("misc",), tmp_path / "home")


def test_options_win_over_the_file_that_is_named(tmp_path):
    (tmp_path / "other.yaml").write_text("worker_name: a\nmanager_url: b\nrestart_exit_code: 48\n")
    read = told("--config", "other.yaml", "--name", "x", "--manager", "y", "-restart-exit-code", "49", "--data", "d")
    assert (read.name, read.manager_url, read.restart_exit_code) == ("x", "http://y/", 49)
    assert (str(read.data), read.task_types) == ("d", TASK_TYPES)
    assert (tmp_path / "d").is_dir()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([*MANAGER, "-restart-exit-code", "1"], "1 cannot be the restart code: 1 is how any program reports"),
        ([*MANAGER, "-restart-exit-code", "2"], "2 cannot be the restart code: 2 reports wrong usage"),
        ([*MANAGER, "-restart-exit-code", "137"], "137 cannot be the restart code: 128 to 165"),
        ([*MANAGER, "-restart-exit-code", "203"], "203 cannot be the restart code: 200 to 245"),
        ([*MANAGER, "-restart-exit-code", "256"], "256 cannot be the restart code: exit codes go from 0 to 255"),
        ([*MANAGER, "-restart-exit-code", "-1"], "-1 cannot be the restart code"),
        ([*MANAGER, "-restart-exit-code", "4x"], "'4x' is not a whole number"),
        ([*MANAGER, "-restart-exit-code"], "--restart-exit-code: expected one argument; see --help\n"),
        ([*MANAGER, "--restart-exit-cod", "47"], "did you mean --restart-exit-code?"),
        ([*MANAGER, "-regster"], "did you mean --register?"),
        ([*MANAGER, "extra"], "unrecognized arguments: extra"),
        (["--manager", "ftp://x"], "'ftp://x' is no address of a manager"),
        (
            [*MANAGER, "--name", " "],
            "--name: a name cannot be empty; leave the option out for the name of this computer\n",
        ),
        ([*MANAGER, "--name", "a\nb"], "--name: 'a\\nb' holds a character that cannot be shown; take it out\n"),
        ([*MANAGER, "--name", "\udcff"], "holds a character that cannot be shown"),
        ([*MANAGER, "-restart-exit-status", "1"], "farmhand-worker: --restart-exit-code: 1 cannot be the restart code"),
        ([*MANAGER, "--config", "no.yaml"], "no.yaml: is not there"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(argv, message, capsys):
    try:
        code = main(argv)
    except SystemExit as exit:
        code = exit.code
    said = capsys.readouterr().err
    assert code == 2
    assert said.startswith("farmhand-worker: ")
    assert message in said
    assert said.count("\n") == 1


def test_a_search_can_be_broken_off(monkeypatch, capsys):
    def interrupted(alive):
        raise KeyboardInterrupt

    monkeypatch.setattr("farmhand.worker.discovery.find", interrupted)
    assert main(["--find-manager"]) == main([]) == NO_MANAGER
    assert "Traceback" not in capsys.readouterr().err


def test_credentials_that_cannot_be_read_are_an_error_of_configuration(tmp_path, capsys):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "flamenco-worker-credentials.yaml").write_text("worker_id: x\n")
    assert main(MANAGER) == 2
    assert "worker_secret is missing; remove the file to register anew" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["-version", "--version"])
def test_version(option, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([option])
    assert re.match(r"farmhand-worker \S+", capsys.readouterr().out)


def test_help_tells_the_exit_codes(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert f"{DENIED_EXIT_CODE} the manager does not know" in " ".join(capsys.readouterr().out.split())
