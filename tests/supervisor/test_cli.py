"""The commands, as they are typed: a real supervisor, real services."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from polling import until

FARMHAND = Path(sys.executable).with_name("farmhand")
FILE = """
supervisor:
  LogDirectory: ${HERE}/log
services:
  chatty:
    Description: Says what it hears
    ExecStart: /bin/sh -c 'echo one; echo two; trap "echo heard" HUP; while :; do sleep 0.01; done'
    ExecReload: /bin/kill -HUP $MAINPID
    Restart: on-failure
    ProtectSystem: strict
  once:
    Type: oneshot
    RemainAfterExit: yes
    ExecStart: /bin/sh -c 'echo done'
  failing:
    ExecStart: /bin/sh -c 'echo too little of everything; exit 3'
  worker@:
    instances: [1, 2]
    ExecStart: /bin/sleep 1000
  aside:
    ExecStart: /bin/sh -c 'echo aside; exec sleep 1000'
    StandardOutput: append:${HERE}/aside.txt
"""


class Supervisor:
    """A supervisor in a folder of its own; calling it types a command."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        (folder / "farm.yaml").write_text(FILE.replace("append:${HERE}", f"append:{folder}"))
        self.environ = {**os.environ, "HERE": str(folder), "FARMHAND_CONTROL": str(folder / "control.sock")}
        self.output = folder / "output"
        self.errors = folder / "errors"
        with self.output.open("wb") as out, self.errors.open("wb") as err:
            command = [FARMHAND, "run", "farm.yaml", *options]
            self.process = subprocess.Popen(command, cwd=folder, env=self.environ, stdout=out, stderr=err)
        until(lambda: self("ping").returncode == 0 or self.process.poll() is not None, "the supervisor to answer")

    def __call__(self, *words, **options):
        command = [FARMHAND, *words]
        return subprocess.run(
            command, cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=60, **options
        )

    def state(self, name):
        return self("is-active", name).stdout.strip()

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    supervisor = Supervisor(tmp_path_factory.mktemp("farm"), "--show-output", "chat*")
    until(lambda: supervisor.state("once") == "active" and supervisor.state("failing") == "failed", "the services")
    yield supervisor
    if supervisor.process.poll() is None:
        supervisor.end()


def test_run_tells_what_runs_where_its_output_is_and_how_to_stop(farm):
    errors = farm.errors.read_text()
    assert "running chatty, once, failing, worker@1, worker@2, aside" in errors
    assert f"output is in {farm.folder}/log; 'farmhand logs NAME' shows it" in errors
    assert f"Ctrl-C or 'farmhand shutdown' stops everything; commands come in by {farm.folder}/control.sock" in errors
    assert "chatty: ignoring ProtectSystem=" in errors


def test_run_tells_what_a_service_said_before_it_failed(farm):
    assert "failing said last: too little of everything\n" in farm.errors.read_text()
    assert "once said last" not in farm.errors.read_text()


def test_run_shows_the_output_asked_for(farm):
    assert farm.output.read_text().startswith("chatty: one\nchatty: two\n")
    assert "done" not in farm.output.read_text()


def test_status_shows_state_reason_and_latest_output(farm):
    done = farm("status", "chatty")
    assert done.returncode == 0
    assert re.search(r"State: active \(running\) since ", done.stdout)
    assert re.search(r"Main PID: \d+", done.stdout)
    assert "Restart=on-failure" in done.stdout
    assert "Not in force: ProtectSystem=; 'farmhand check' says more\n" in done.stdout
    assert done.stdout.endswith("one\ntwo\n")
    assert farm("status", "chatty", "-n", "1").stdout.splitlines()[-2:-1] != ["one"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("status", "chatty"), 0),
        (("status", "chatty.service"), 0),
        (("status", "failing"), 3),
        (("status", "nobody"), 4),
        (("is-active", "worker@*"), 0),
        (("is-active", "failing"), 3),
        (("is-failed", "failing"), 0),
        (("is-failed", "chatty"), 1),
        (("start", "once"), 0),
        (("start", "nobody"), 5),
        (("start", "once", "nobody"), 5),
        (("start", "nobody*"), 0),
        (("stop", "nobody"), 5),
        (("kill", "nobody"), 1),
        (("reset-failed", "nobody"), 1),
        (("show", "nobody"), 0),
        (("cat", "nobody"), 1),
        (("is-active", "nobody"), 3),
        (("is-active", "failing", "chatty"), 0),
        (("is-failed", "nobody"), 1),
        (("is-failed", "chatty", "failing"), 0),
        (("is-enabled", "chatty"), 0),
        (("try-reload-or-restart", "failing"), 0),
        (("start", "once", "--job-mode", "flarp"), 2),
        (("reload", "once"), 3),
        (("kill", "chatty", "--signal", "NOSUCH"), 2),
        (("kill", "chatty", "--kill-whom", "nobody"), 2),
        (("logs", "chatty", "-n", "-5"), 2),
        (("list", "--control", ""), 2),
        (("start",), 2),
        (("flarp",), 2),
        ((), 2),
        (("ping", "--control", "/nowhere/control.sock"), 1),
        (("status", "--control", "/nowhere/control.sock"), 4),
    ],
)
def test_exit_codes_are_systemctls(farm, words, code):
    done = farm(*words)
    assert done.returncode == code, done.stderr
    if code in (2, 4) or "/nowhere" in str(words):
        assert done.stderr
        assert not done.stdout


def test_complaints_name_what_is_wrong_and_what_there_is(farm):
    assert (
        "nobody: there is no such service; 'farmhand list' shows those that there are" in farm("stop", "nobody").stderr
    )
    assert (
        "/nowhere/control.sock: no supervisor answers there"
        in farm("ping", "--control", "/nowhere/control.sock").stderr
    )


@pytest.mark.parametrize("verb", ["start", "status", "why", "kill", "logs"])
def test_a_pattern_that_matches_nothing_is_said(farm, verb):
    done = farm(verb, "nobody*")
    assert (done.stdout + done.stderr) == "nobody*: no service that is known matches; 'farmhand list' shows them\n"


def test_a_pattern_that_matches_nothing_leaves_the_answer_to_programs_alone(farm):
    assert farm("is-active", "nobody*").stdout == ""


def test_status_says_why_a_service_is_down(farm):
    lines = farm("status", "failing").stdout.splitlines()
    assert "      Why: failed, not restarted: Restart=no and it ended with exit code 3 (the default)" in lines


def test_status_counts_processes_only_where_there_are_several(farm):
    assert re.search(r"Main PID: \d+\n", farm("status", "worker@1").stdout)


def test_an_option_that_a_command_has_not_is_refused_with_its_usage(farm):
    done = farm("stop", "--bogus", "once")
    assert done.returncode == 2
    assert done.stderr.startswith("usage: farmhand stop ")
    assert done.stderr.endswith("farmhand stop: error: unrecognized arguments: --bogus\n")


def test_what_cannot_be_reloaded_is_said_with_the_reason(farm):
    done = farm("reload", "worker@1", "once")
    assert done.returncode == 3
    assert "worker@1: it cannot be reloaded, for it has no ExecReload=; restart it with" in done.stderr


def test_show_prints_properties_in_systemds_words(farm):
    assert farm("show", "chatty", "-p", "Id,Restart").stdout == "Restart=on-failure\nId=chatty.service\n"
    assert farm("show", "chatty", "--property=Restart", "--value").stdout == "on-failure\n"
    shown = json.loads(farm("show", "chatty", "-o", "json").stdout)
    assert shown["chatty"]["ActiveState"] == "active"


def test_why_names_the_directive(farm):
    assert "Restart=on-failure" in farm("why", "chatty").stdout


def test_list_has_a_line_for_each(farm):
    lines = farm("list").stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [
        ["chatty", "active"],
        ["once", "active"],
        ["failing", "failed"],
        ["worker@1", "active"],
        ["worker@2", "active"],
        ["aside", "active"],
    ]


def test_logs_of_one_and_of_several(farm):
    assert farm("logs", "once").stdout == "done\n"
    assert farm("logs", "chatty", "-n", "1").stdout.splitlines()[-1] in ("two", "heard")
    both = farm("logs", "once", "chatty").stdout.splitlines()
    assert {"once: done", "chatty: one"} <= set(both)


def test_logs_of_a_service_with_a_file_of_its_own(farm):
    assert farm("logs", "aside").stdout == "aside\n"
    assert not (farm.folder / "log" / "aside.log").exists()


def test_logs_go_on_as_they_are_written(farm, tmp_path):
    seen = tmp_path / "seen"
    with seen.open("wb") as file:
        command = [FARMHAND, "logs", "chatty", "-n", "0", "--follow"]
        following = subprocess.Popen(command, env=farm.environ, stdout=file)
    until(lambda: farm("reload", "chatty").returncode == 0 and seen.read_text(), "what it heard", pause=0.1)
    assert seen.read_text().startswith("heard\n")
    following.send_signal(signal.SIGINT)
    assert following.wait(10) == 130


def test_who_reads_only_the_first_lines_gets_no_complaint(farm):
    command = f"{FARMHAND} show | head -1"
    done = subprocess.run(command, shell=True, env=farm.environ, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("Type=")
    assert done.stderr == ""


def test_stop_start_restart_and_kill(farm):
    pid = farm("show", "worker@1", "-p", "MainPID", "--value").stdout
    assert farm("restart", "worker@1").returncode == 0
    assert farm("show", "worker@1", "-p", "MainPID", "--value").stdout != pid
    assert farm("stop", "worker@*").returncode == 0
    assert farm.state("worker@1") == farm.state("worker@2") == "inactive"
    assert farm("start", "worker@1", "worker@2").returncode == 0
    assert farm("kill", "-s", "KILL", "worker@2").returncode == 0
    until(lambda: farm.state("worker@2") == "failed", "the kill")
    assert farm("reset-failed", "worker@2").returncode == 0
    assert farm.state("worker@2") == "inactive"


def test_a_template_runs_as_the_instance_that_is_named_with_the_drop_ins_beside_it(tmp_path):
    (tmp_path / "node@.service").write_text("[Service]\nExecStart=/bin/sleep 1000\n")
    (tmp_path / "node@.service.d").mkdir()
    (tmp_path / "node@.service.d" / "more.conf").write_text("[Service]\nEnvironment=NODE=%i\n")
    supervisor = Supervisor(tmp_path, "node@7.service", "--log-dir", "log")
    assert supervisor("show", "-P", "Environment", "node@7").stdout == "NODE=7\n"
    supervisor.end()
    refused = supervisor("run", "node@.service")
    assert refused.returncode == 2
    assert "name an instance: node@1.service" in refused.stderr


def test_a_second_supervisor_leaves_the_first_alone(farm):
    done = farm("run", "farm.yaml")
    assert done.returncode == 2
    assert re.search("another supervisor, process [0-9]+, has this socket", done.stderr)
    assert farm("ping").returncode == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, "shutdown"])
def test_the_end_leaves_no_process_and_no_socket(tmp_path, how):
    supervisor = Supervisor(tmp_path)
    pid = supervisor("show", "worker@1", "-p", "MainPID", "--value").stdout.strip()
    if how == "shutdown":
        assert supervisor("shutdown").returncode == 0
        assert supervisor.process.wait(30) == 0
    else:
        assert supervisor.end(how) == 0
    assert not Path(f"/proc/{pid}").exists()
    assert not (tmp_path / "control.sock").exists()


BAD_FILES = {
    "unknown.yaml": ("services:\n  a:\n    ExecStrat: /bin/true\n", "unknown.yaml:3: ExecStrat: .*ExecStart"),
    "value.yaml": (
        "services:\n  a:\n    ExecStart: /bin/true\n    RestartSec: 5 sconds\n",
        "value.yaml:4: RestartSec: ",
    ),
    "text.yaml": ("services: [", "text.yaml:1: "),
    "bad.service": ("[Service]\nType=oneshot\nRestart=always\nExecStart=/bin/true\n", "bad.service"),
}


@pytest.mark.parametrize("verb", ["check", "run"])
@pytest.mark.parametrize("name", [*BAD_FILES, "missing.yaml"])
def test_a_bad_file_is_said_with_its_place(tmp_path, verb, name):
    text, words = BAD_FILES.get(name, (None, "missing.yaml: there is no such file"))
    if text is not None:
        (tmp_path / name).write_text(text)
    done = subprocess.run([FARMHAND, verb, name], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert re.search(words, done.stderr), done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_hold_logs_is_said(tmp_path):
    (tmp_path / "farm.yaml").write_text("services:\n  a:\n    ExecStart: /bin/true\n")
    command = [FARMHAND, "run", "farm.yaml", "--log-dir", "farm.yaml/log", "--control", "control.sock"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "farm.yaml/log: the services' output cannot be kept there: Not a directory; choose another" in done.stderr


def test_check_tells_what_is_kept_without_effect(tmp_path):
    unit = tmp_path / "a.service"
    unit.write_text("[Service]\nExecStart=/bin/true\nPrivateTmp=yes\n")
    done = subprocess.run([FARMHAND, "check", unit], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0
    assert f"{unit}:3: PrivateTmp: " in done.stdout
    assert done.stdout.endswith("1 service: a\n")


def test_check_reads_the_drop_ins_beside_a_file_and_names_them(tmp_path):
    unit, drop_in = tmp_path / "a@.service", tmp_path / "a@.service.d" / "more.conf"
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nNise=5\nPrivateTmp=yes\n")
    done = subprocess.run([FARMHAND, "check", unit], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0
    assert f"{drop_in}:2: Nise: " in done.stdout
    assert f"{drop_in}:3: PrivateTmp: " in done.stdout


@pytest.mark.parametrize("verb", ["check", "run"])
def test_a_file_that_is_not_text_is_said_with_its_line(tmp_path, verb):
    (tmp_path / "farm.yaml").write_bytes(b"services:\n  a: \xff\n")
    done = subprocess.run([FARMHAND, verb, "farm.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "farm.yaml:2: it is not UTF-8 text; save it as UTF-8\n" in done.stderr


def test_two_files_with_the_same_service_are_refused(tmp_path):
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text("services:\n  a:\n    ExecStart: /bin/true\n")
    command = [FARMHAND, "run", "one.yaml", "two.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "two.yaml: a: another file has this service too" in done.stderr


def test_a_question_does_not_load_the_supervisor():
    script = "import sys, farmhand.supervisor.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "farmhand.supervisor.control.protocol" in loaded
    assert not {"yaml", "farmhand.supervisor.loop", "farmhand.supervisor.rules.lifecycle"} & set(loaded)


ELSEWHERE = """
import os, sys
sys.platform = "plan9"
for name in ("fcntl", "grp", "pwd", "resource"):
    sys.modules[name] = None
del os.geteuid
from farmhand.supervisor.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("verb", ["run", "status", "check"])
def test_where_services_cannot_be_run_that_is_said_and_files_are_checked(tmp_path, verb):
    (tmp_path / "farm.yaml").write_text("services:\n  a:\n    ExecStart: /bin/true\n")
    command = [sys.executable, "-c", ELSEWHERE, verb, "farm.yaml"]
    environ = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    if verb == "check":
        assert (done.returncode, done.stdout) == (0, "farm.yaml: 1 service: a\n"), done.stderr
    else:
        said = "farmhand: neither services nor tasks can be run on plan9 yet: use Linux, macOS or Windows\n"
        assert (done.returncode, done.stderr) == (2, said)
