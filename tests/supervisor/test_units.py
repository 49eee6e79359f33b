"""Units found in folders: started on demand, read again, and gone, as they are typed to a real supervisor."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from polling import until

FARMHAND = Path(sys.executable).with_name("farmhand")
SLEEP = "[Service]\nExecStart=/bin/sleep 1000\n"
FILES = {
    "app.service": f"[Unit]\nDescription=The app\nRequires=base.service\nAfter=base.service\n{SLEEP}",
    "base.service": f"[Unit]\nUpholds=\n{SLEEP}",
    "extra.service": f"{SLEEP}Restart=no\n[Install]\nWantedBy=multi-user.target\n",
    "worker@.service": "[Service]\nExecStart=/bin/sleep 1%i\n",
    "worker@.service.d/nice.conf": "[Service]\nEnvironment=NODE=%i\n",
    "bad.service": "[Service]\nExecStart=relative/path\n",
    "late.service": "[Unit]\nRequires=missing.service\n" + SLEEP,
    "brief.service": "[Service]\nExecStart=/bin/sh -c 'exit 3'\n",
    "multi-user.target": "[Unit]\nDescription=What runs\n",
}
LINKS = {
    "alias.service": "app.service",
    "masked.service": "/dev/null",
    "default.target": "multi-user.target",
    "multi-user.target.wants/app.service": "../app.service",
    "multi-user.target.wants/worker@1.service": "../worker@.service",
}


class Units:
    """A supervisor of the units in a folder of its own; calling it types a command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "units"
        for name, text in FILES.items():
            self.write(name, text)
        for name, target in LINKS.items():
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).symlink_to(target)
        self.environ = {
            **os.environ,
            "FARMHAND_CONTROL": str(folder / "control.sock"),
            "FARMHAND_UNIT_PATH": str(self.folder),
        }
        self.errors = folder / "errors"
        with self.errors.open("wb") as errors:
            command = [FARMHAND, "run", "--system", "--log-dir", folder / "log"]
            self.process = subprocess.Popen(command, env=self.environ, stdout=errors, stderr=errors)
        until(lambda: self.state("app") == "active" or self.process.poll() is not None, "the services")

    def write(self, name, text):
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def __call__(self, *words):
        return subprocess.run([FARMHAND, *words], env=self.environ, capture_output=True, text=True, timeout=60)

    def state(self, name):
        return self("is-active", name).stdout.strip()

    def show(self, name, key):
        return self("show", "--value", "-p", key, name).stdout.removesuffix("\n")


@pytest.fixture
def units(tmp_path):
    units = Units(tmp_path)
    yield units
    if units.process.poll() is None:
        units.process.send_signal(signal.SIGTERM)
        units.process.wait(30)


def test_what_the_default_target_wants_is_started_with_what_that_needs(units):
    rows = [line.split()[:4] for line in units("list-units").stdout.splitlines()[1:5]]
    assert rows == [
        ["app.service", "loaded", "active", "running"],
        ["base.service", "loaded", "active", "running"],
        ["worker@1.service", "loaded", "active", "running"],
        ["multi-user.target", "loaded", "active", "active"],
    ]
    assert units.state("extra") == "inactive"
    assert units("list-dependencies").returncode == 2
    assert units("list-dependencies", "default.target", "--all").stdout.splitlines() == [
        "multi-user.target",
        "● ├─app.service",
        "● │ └─base.service",
        "● └─worker@1.service",
    ]
    assert units("list-dependencies", "base", "--reverse").stdout.splitlines() == ["base.service", "● └─app.service"]


def test_targets_are_called_what_they_are(units):
    assert units.show("default.target", "Description") == "What runs"
    assert units("list", "default.target").stdout.splitlines()[1].split()[:3] == [
        "multi-user.target",
        "active",
        "active",
    ]
    assert "Log:" not in units("status", "default.target").stdout
    units.write("bare.target", "[Unit]\nWants=base.service\n")
    assert units("start", "bare.target").returncode == 0
    assert units.show("bare.target", "Description") == "bare.target"


def test_units_are_read_when_they_are_named(units):
    assert units("start", "extra", "worker@7").returncode == 0
    assert [units.state(name) for name in ("extra", "worker@7")] == ["active", "active"]
    assert units.show("worker@7", "Environment") == "NODE=7"
    assert units.show("alias", "Names") == "app.service alias.service"
    assert units.show("alias", "MainPID") == units.show("app", "MainPID")
    assert [units("is-enabled", name).stdout.strip() for name in ("app", "extra", "base", "masked")] == [
        "enabled",
        "disabled",
        "static",
        "masked",
    ]


# The unit; its LoadState; the exit codes of start, stop, status, reset-failed, kill; what start says.
CANNOT_START = [
    ("nobody", "not-found", (5, 5, 4, 1, 1), "nobody: there is no such service"),
    ("masked", "masked", (1, 0, 3, 0, 0), "masked.service: it is masked by"),
    ("bad", "bad-setting", (1, 5, 3, 0, 0), "bad.service:2: ExecStart:"),
]


@pytest.mark.parametrize(("name", "state", "codes", "said"), CANNOT_START, ids=[row[0] for row in CANNOT_START])
def test_what_cannot_be_started_says_why(units, name, state, codes, said):
    assert units.show(name, "LoadState") == state
    assert said in units.show(name, "LoadError")
    verbs = ("start", "stop", "status", "reset-failed", "kill")
    assert tuple(units(verb, name).returncode for verb in verbs) == codes
    assert said in units("start", name).stderr


def test_a_need_that_is_missing_is_told_and_nothing_starts(units):
    done = units("start", "late", "extra")
    assert done.returncode == 5
    assert "missing" in done.stderr
    assert [units.state(name) for name in ("late", "extra")] == ["inactive", "active"]


def test_cat_shows_the_files_and_drop_ins_with_their_paths(units):
    assert units("cat", "worker@1").stdout == (
        f"# {units.folder}/worker@.service\n{FILES['worker@.service']}\n"
        f"# {units.folder}/worker@.service.d/nice.conf\n{FILES['worker@.service.d/nice.conf']}"
    )


def test_wait_goes_on_until_the_service_has_ended(units):
    done = units("start", "--wait", "brief")
    assert done.returncode == 1
    assert "exit-code" in done.stderr
    assert units.state("brief") == "failed"


def test_a_reload_leaves_what_runs_alone_and_brings_new_rules(units):
    before = units.show("app", "MainPID")
    assert units.show("app", "NeedDaemonReload") == "no"
    units.write("app.service.d/more.conf", "[Service]\nRestart=always\nRestartSec=0\n")
    assert units.show("app", "NeedDaemonReload") == "yes"
    assert "daemon-reload" in units("status", "app").stdout
    assert units.show("app", "Restart") == "no"
    assert units("daemon-reload").returncode == 0
    assert [units.show("app", key) for key in ("Restart", "NeedDaemonReload", "MainPID")] == ["always", "no", before]
    os.kill(int(before), signal.SIGKILL)
    until(lambda: units.show("app", "NRestarts") == "1", "the restart by the new rule")


def test_a_broken_file_leaves_the_old_definition_in_force(units):
    units.write("app.service", "[Service]\nExecStart=\n")
    units.write("base.service", f"[Unit]\nDescription=New\n{SLEEP}")
    done = units("daemon-reload")
    assert done.returncode == 1
    assert "app.service" in done.stderr
    assert units.show("app", "Description") == "The app"
    assert units.show("base", "Description") == "New"
    assert "what was read of the file before stays in force" in units.errors.read_text()
    assert units("restart", "app").returncode == 0


def test_a_service_whose_file_is_gone_runs_until_it_stops_and_is_gone_then(units):
    units("start", "extra")
    (units.folder / "extra.service").unlink()
    assert units("daemon-reload").returncode == 0
    assert units.state("extra") == "active"
    assert units.show("extra", "LoadState") == "not-found"
    assert units("restart", "extra").returncode == 5
    assert units("stop", "extra").returncode == 0
    assert "extra" not in units("list").stdout
    assert units("start", "extra").returncode == 5


def test_nothing_is_kept_of_a_service_that_is_gone(units):
    def descriptors():
        return len(os.listdir(f"/proc/{units.process.pid}/fd"))

    def files():
        return sorted(path.name for path in (units.folder.parent / "control.sock.d").iterdir())

    before = descriptors(), files()
    for number in range(3):
        units.write(f"new{number}.service", f"{SLEEP}[Service]\nNotifyAccess=all\n")
        assert units("start", f"new{number}").returncode == 0
        (units.folder / f"new{number}.service").unlink()
    assert "new2.json" in files()
    assert units("daemon-reload").returncode == 0
    for number in range(3):
        assert units("stop", f"new{number}").returncode == 0
    until(lambda: (descriptors(), files()) == before, f"{before}; it is {descriptors(), files()}")


def test_shutdown_answers_when_all_has_stopped(units):
    pid = int(units.show("app", "MainPID"))
    assert units("shutdown").returncode == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert units.process.wait(10) == 0


def test_show_tells_what_is_asked_for(units):
    asked = ("show", "app", "base", "-p", "Id,LoadState")
    assert units(*asked).stdout == "Id=app.service\nLoadState=loaded\n\nId=base.service\nLoadState=loaded\n"
    assert units(*asked, "--value").stdout == "app.service\nloaded\n\nbase.service\nloaded\n"
    assert units("show", "app", "-P", "Id").stdout == "app.service\n"


def test_what_is_not_in_force_is_told_when_a_unit_is_first_named(units):
    units.write("strict.service", f"{SLEEP}ProtectSystem=strict\nNoSuchKey=1\n")
    units("start", "strict")
    told = units.errors.read_text()
    assert "strict: ignoring ProtectSystem=" in told
    assert "strict.service:4: NoSuchKey: it is not known in [Service] and is ignored" in told


def test_list_units_can_be_narrowed(units):
    units("start", "brief")
    until(lambda: units.state("brief") == "failed", "the failure")

    def listed(*options):
        return [line.split()[0] for line in units("list-units", *options).stdout.splitlines()[1:-2]]

    assert listed("--failed") == ["brief.service"]
    assert listed("--type", "target") == ["multi-user.target"]
    assert listed("worker@*", "brief") == ["brief.service", "worker@1.service"]
    assert listed("--state=failed,exited") == ["brief.service"]


def test_show_tells_programs_the_same(units):
    shown = json.loads(units("show", "app", "-o", "json").stdout)["app"]
    assert shown["FragmentPath"] == str(units.folder / "app.service")
    assert shown["LoadState"] == "loaded"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("star", 'did you mean "start"?'),
        ("enable", "default.target.wants"),
        ("edit", "farmhand cat NAME"),
        ("reboot", "Farmhand never touches the computer"),
    ],
)
def test_a_command_that_is_not_there_says_what_to_do_instead(word, said):
    done = subprocess.run([FARMHAND, word, "x"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_what_is_needed_and_cannot_be_used_is_told_with_the_reason(units):
    for name, reason in (("masked", "it is masked by"), ("bad", "bad.service:2: ExecStart:")):
        units.write(f"needs-{name}.service", f"[Unit]\nRequires={name}.service\n{SLEEP}")
        done = units("start", f"needs-{name}")
        assert done.returncode == 1
        assert reason in done.stderr


def test_a_template_is_no_unit(units):
    assert units("is-enabled", "worker@").stdout == "static\n"
    units.write("spare@.service", SLEEP)
    assert units("cat", "spare@").returncode == 0
    done = units("start", "spare@")
    assert (done.returncode, "name one: spare@1" in done.stderr) == (1, True)
    assert "@.service" not in units("list-units", "--all").stdout
    assert units("show", "app", "-p", "RequiredBy,WantedBy", "--value").stdout == "\nmulti-user.target\n"
    assert units.show("base", "RequiredBy") == "app.service"


def test_what_is_to_be_listed_has_to_be_known(units):
    done = units("list-units", "-t", "service,foo")
    assert (done.returncode, done.stdout, '"foo" is no type' in done.stderr) == (2, "", True)
    assert "target" in units("list-units", "--type=help").stdout.splitlines()
    assert "stop-sigterm" in units("list-units", "--state=help").stdout.splitlines()


def test_an_answer_and_a_complaint_go_their_own_ways(units):
    done = units("cat", "nobody", "extra")
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, f"# {units.folder}/extra.service")
    assert done.stderr.startswith("nobody: there is no such service")
    done = units("status", "nobody", "masked")
    assert (done.returncode, done.stdout.splitlines()[0], "nobody" in done.stderr) == (4, "○ masked", True)


def test_units_are_checked_by_their_names(units):
    done = units("check", "--system", "bad", "worker@1", "nobody")
    assert done.returncode == 2
    assert "bad.service:2: ExecStart:" in done.stderr
    assert "worker@.service: 1 service" in done.stdout
    assert "nobody: there is no such unit" in done.stderr
