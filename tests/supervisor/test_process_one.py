"""The supervisor as process 1 of a namespace of its own, as in a container; and as the child of a service manager."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import needs
import psutil
import pytest
from polling import until

FARMHAND = Path(sys.executable).with_name("farmhand")

# Nothing can be written but for the folder of the test; there is no HOME and no /run.
BOX = """
export PATH=/usr/sbin:/usr/bin:/bin
mount --make-rprivate / && mount --bind / /mnt && mount -o remount,bind,ro /mnt && mount --rbind /proc /mnt/proc &&
mount --rbind /dev /mnt/dev && mount -t tmpfs -o ro none /mnt/run && mount -t tmpfs -o $SHM none /mnt/dev/shm &&
mount --bind $HERE /mnt$HERE && exec chroot /mnt "$@"
"""


def farm(**services):
    lines = ["services:"]
    for name, script in services.items():
        lines += [f"  {name}:", "    ExecStart: '" + script.replace("'", "''").replace("$", "$$") + "'"]
    return "\n".join(lines) + "\n"


class Box:
    """A container's namespaces; process is that of unshare(1), whose only child is process 1 in there."""

    def __init__(self, folder: Path, text: str, *options: str, shm: str = "rw") -> None:
        self.folder = folder
        (folder / "farm.yaml").write_text(text)
        command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--mount", "sh", "-c", BOX, "sh"]
        environ = {"PATH": os.defpath + ":/usr/sbin", "SHM": shm, "HERE": str(folder)}
        environ |= {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        with (folder / "output").open("wb") as out:
            self.process = subprocess.Popen(
                [*command, str(FARMHAND), "run", str(folder / "farm.yaml"), *options],
                cwd=folder,
                env=environ,
                stdout=out,
                stderr=out,
            )

    def says(self, text: str) -> str:
        return until(lambda: (said := (self.folder / "output").read_text()) and text in said and said, text)

    def first(self) -> psutil.Process:
        """Return process 1, as it is seen from outside."""
        return until(lambda: next(iter(psutil.Process(self.process.pid).children()), None), "process 1")


@pytest.fixture
def box(tmp_path):
    made = []

    def make(text, *options, **settings):
        made.append(Box(tmp_path, text, *options, **settings))
        return made[-1]

    yield make
    for each in made:
        each.process.kill()
        each.process.wait()


pid_one = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="namespaces of its own need Linux, root and unshare",
)


@pid_one
@pytest.mark.parametrize(
    ("script", "code"), [("exit 47", 47), ("exit 0", 0), ("kill -KILL $$", 137), ("kill -TERM $$", 143)]
)
def test_it_ends_as_the_chosen_service_did(box, script, code):
    container = box(farm(main=f'sh -c "{script}"', other="sleep 1000"), "--exit-with", "main", shm="ro")
    assert container.process.wait(20) == code
    assert "other: stop-sigterm -> dead" in container.says("main has ended for good")


@pid_one
def test_a_restart_is_no_end_of_the_chosen_service(box):
    text = farm(main='sh -c "echo run; [ $(grep -c run $HERE/output) -ge 3 ] && exit 3; exit 47"')
    container = box(
        text.replace("main:", "main:\n    RestartForceExitStatus: 47\n    RestartSec: 50ms"),
        "--exit-with",
        "main",
        shm="ro",
    )
    assert container.process.wait(20) == 3


@pid_one
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGRTMIN+3"])
def test_the_engines_stop_signals_stop_everything(box, name):
    container = box(farm(one="sleep 1000", two='sh -c "echo up; exec sleep 1000"'))
    container.says("two: up")
    base, _, more = name.partition("+")
    container.first().send_signal(signal.Signals[base] + int(more or 0))
    assert container.process.wait(20) == 0
    assert "one: stop-sigterm -> dead" in container.says("two: stop-sigterm -> dead")


def names_below(process):
    """Return the names of all its descendants; nothing if one of them ended meanwhile."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [child.name() for child in process.children(recursive=True)]
    return None


@pid_one
def test_it_reaps_strangers_and_survives_signals_that_it_does_not_know(box):
    begets = '(setsid sh -c \\"(sleep 0.01 &); exit 3\\" &)'
    orphans = f'sh -c "for i in 1 2 3 4 5; do {begets}; done; echo begot; exec sleep 1000"'
    container = box(farm(one=orphans))
    container.says("one: begot")
    first = container.first()
    for number in (signal.SIGUSR1, signal.SIGQUIT, signal.SIGALRM, signal.SIGRTMIN + 5):
        first.send_signal(number)
    until(lambda: names_below(first) == ["sleep"], "the orphans to be gone")


@pid_one
def test_a_chosen_service_that_is_not_there_is_refused(box):
    container = box(farm(one="sleep 1000"), "--exit-with", "nobody")
    assert container.process.wait(20) == 2
    container.says("nobody: there is no such service")


@pytest.mark.parametrize("burst", [1, 2, 3])
def test_a_chosen_service_that_is_not_started_again_ends_the_supervisor(tmp_path, burst):
    limit = f"StartLimitBurst: {burst}, StartLimitIntervalSec: 1000"
    (tmp_path / "farm.yaml").write_text(
        f"services: {{s: {{ExecStart: sh -c 'exit 5', Restart: always, RestartSec: 0, {limit}}}}}\n"
    )
    where = ["--control", tmp_path / "control.sock", "--log-dir", tmp_path / "log"]
    command = [FARMHAND, "run", tmp_path / "farm.yaml", *where, "--exit-with", "s"]
    assert subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 5


@pytest.fixture
def parent(tmp_path):
    """A service manager's notify socket; returns what is said there, by "KEY=value" lines."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(20)
        yield listener


def hear(listener, word):
    """Return the message that has a line which begins with the word, and those before it."""
    heard = []
    while not any(line.startswith(word) for line in (heard or [""])[-1].splitlines()):
        heard.append(listener.recv(4096).decode())
    return heard


def run(folder, text, **environ):
    (folder / "farm.yaml").write_text(text)
    command = [FARMHAND, "run", "farm.yaml", "--control", folder / "control.sock", "--log-dir", folder / "log"]
    environ = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify"), **environ}
    with (folder / "output").open("wb") as out:
        return subprocess.Popen(command, cwd=folder, env=environ, stdout=out, stderr=out)


def test_whoever_started_it_is_told_what_goes_on(tmp_path, parent):
    with run(tmp_path, farm(one="sleep 1000", two="/bin/false")) as process:
        ready = hear(parent, "READY=1")[-1].splitlines()
        assert {f"MAINPID={process.pid}", "READY=1"} <= set(ready)
        assert "1 failed" in hear(parent, "STATUS=supervising 2 services, 1")[-1]
        again = [FARMHAND, "reexec", "--control", tmp_path / "control.sock"]
        subprocess.run(again, check=True, capture_output=True)
        reloading = hear(parent, "RELOADING=1")[-1].splitlines()
        assert any(line.startswith("MONOTONIC_USEC=") for line in reloading)
        assert f"MAINPID={process.pid}" in hear(parent, "READY=1")[-1]
        process.terminate()
        hear(parent, "STOPPING=1")
        assert process.wait(20) == 0


def test_a_failure_that_a_service_only_passes_through_is_not_told(tmp_path, parent):
    loops = "/bin/false, Restart: always, RestartSec: 0, StartLimitBurst: 4, StartLimitIntervalSec: 1000"
    with run(tmp_path, f"services:\n  one: {{ExecStart: sleep 1000}}\n  two: {{ExecStart: {loops}}}\n") as process:
        hear(parent, "READY=1")
        told = hear(parent, "STATUS=supervising 2 services, 1")
        assert [line for line in told if line.startswith("STATUS=")] == told[-1:]
        process.terminate()


def test_it_shows_signs_of_life_as_often_as_is_asked_for(tmp_path, parent):
    with run(tmp_path, farm(one="sleep 1000"), WATCHDOG_USEC="200000") as process:
        for _ in range(3):
            hear(parent, "WATCHDOG=1")
        subprocess.run([FARMHAND, "reexec", "--control", tmp_path / "control.sock"], check=True, capture_output=True)
        for _ in range(3):
            hear(parent, "WATCHDOG=1")
        process.terminate()


def test_a_watchdog_of_another_process_is_none_of_its_business(tmp_path, parent):
    with run(tmp_path, farm(one="sleep 1000"), WATCHDOG_USEC="1000", WATCHDOG_PID="1") as process:
        assert len(hear(parent, "READY=1")) == 1
        process.terminate()


def test_whoever_started_it_is_told_of_a_reload(tmp_path, parent):
    with run(tmp_path, farm(one="sleep 1000")) as process:
        hear(parent, "READY=1")
        (tmp_path / "farm.yaml").write_text(farm(one="sleep 1000", two="sleep 1000"))
        reload = [FARMHAND, "daemon-reload", "--control", tmp_path / "control.sock"]
        subprocess.run(reload, check=True, capture_output=True)
        told = hear(parent, "READY=1")
        assert told[0].splitlines()[0] == "RELOADING=1"
        assert told[0].splitlines()[1].startswith("MONOTONIC_USEC=")
        assert "STATUS=supervising 2 services" in told[-1]
        process.terminate()


def test_what_a_file_says_for_the_supervisor_is_read_again(tmp_path):
    text = (
        "supervisor: {DefaultEnvironment: {COLOUR: %s}, DefaultStandardOutput: %s}\nservices:\n  one: {ExecStart: %s}\n"
    )
    program = "sh -c 'echo $$COLOUR > colour; exec sleep 1000', WorkingDirectory: " + str(tmp_path)
    colour = tmp_path / "colour"

    def ask(*words):
        done = subprocess.run(
            [FARMHAND, *words, "--control", tmp_path / "control.sock"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    with run(tmp_path, text % ("red", "null", program)) as process:
        until(lambda: colour.exists() and colour.read_text() == "red\n", "the first start")
        (tmp_path / "farm.yaml").write_text(text.replace("{D", "{LogDirectory: /tmp, D") % ("blue", "journal", program))
        assert "LogDirectory has changed: logs stay where they are" in ask("daemon-reload")
        assert ask("show", "one", "-P", "StandardOutput") == "journal\n"
        ask("restart", "one")
        until(lambda: colour.read_text() == "blue\n", "the second start")
        process.terminate()


@needs.program("prlimit")
def test_where_files_are_short_only_starts_are_refused(tmp_path):
    (tmp_path / "farm.yaml").write_text(
        f"services:\n  it@: {{instances: [{', '.join(map(str, range(30)))}], ExecStart: sleep 1000}}\n"
    )
    control = ["--control", tmp_path / "control.sock"]
    command = ["prlimit", "--nofile=100:100", FARMHAND, "run", "farm.yaml", *control, "--log-dir", tmp_path / "log"]

    def ask(*words):
        return subprocess.run([FARMHAND, *words, *control], capture_output=True, text=True, timeout=60)

    with (
        (tmp_path / "output").open("wb") as out,
        subprocess.Popen(command, cwd=tmp_path, stdout=out, stderr=out) as one,
    ):
        try:
            until(lambda: ask("is-active", "it@0").returncode == 0, "the first of them")
            until(lambda: ask("is-failed", "it@9").returncode == 0, "the last of them")
            assert ask("show", "it@9", "-P", "Result").stdout == "resources\n"
            assert "too many files are open" in (tmp_path / "output").read_text()
            crowd = [subprocess.Popen([FARMHAND, "list", *control], stdout=subprocess.DEVNULL) for _ in range(12)]
            assert [each.wait(60) for each in crowd] == [0] * 12
            assert ask("reexec").returncode == 0
            assert ask("restart", "it@0").returncode == 0
            assert ask("shutdown").returncode == 0
            assert one.wait(20) == 0
        finally:
            one.kill()
