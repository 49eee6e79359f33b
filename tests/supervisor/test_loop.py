"""The supervisor with real processes: it starts, restarts, stops, listens and answers."""

import os
import signal
import time

import psutil
import pytest
from polling import until
from supervised import Supervised

NOTIFY = """
import os, socket, time
address = os.environ["NOTIFY_SOCKET"]
socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
socket.connect(chr(0) + address[1:] if address[0] == "@" else address)
tell = lambda text: socket.send(text.encode())
"""


def farm(**services):
    """Write a YAML text; a value is an ExecStart line or a mapping of directives."""
    lines = ["services:"]
    for name, directives in services.items():
        lines.append(f"  {name}:")
        for key, value in ({"ExecStart": directives} if isinstance(directives, str) else directives).items():
            lines.append(f"    {key}: {_quoted(value)}")
    return "\n".join(lines) + "\n"


def _quoted(value):
    return "'" + str(value).replace("'", "''").replace("\n", "\n\n      ") + "'"


def worker(script, **directives):
    return {"ExecStart": f'sh -c "{script}"', "Restart": "on-failure", "RestartForceExitStatus": 47, **directives}


@pytest.fixture
def run(tmp_path):
    """Run services; the processes get $FOLDER, a folder for their traces."""
    running = []

    def start(**services):
        running.append(Supervised(tmp_path, farm(**services)))
        return running[-1]

    yield start
    for supervised in running:
        supervised.__exit__()


@pytest.fixture
def notifies(tmp_path):
    """Write a program that tells what it does with tell(text), and give the directives of its service."""

    def write(code, **directives):
        path = tmp_path / "program.py"
        path.write_text(NOTIFY + code)
        return {"Type": "notify", "ExecStart": f"python3 {path}", **directives}

    return write


COUNTING = "echo x >> $FOLDER/runs; [ $(wc -l < $FOLDER/runs) -ge 2 ] && exec sleep 100;"


def test_exit_47_comes_back(run):
    supervised = run(worker=worker(f"{COUNTING} exit 47"))
    line = supervised.sees("running -> auto-restart")
    assert line == "worker: running -> auto-restart in 0.1s (exit code 47 is in RestartForceExitStatus=)"
    supervised.sees("auto-restart -> running, pid [0-9]+ .restart 1.")
    assert supervised.show("worker")["NRestarts"] == "1"


def test_exit_0_stays_down(run):
    supervised = run(worker=worker("exit 0"))
    supervised.sees("worker: running -> dead")
    shown = supervised.show("worker")
    assert [shown[key] for key in ("ActiveState", "Result", "NRestarts")] == ["inactive", "success", "0"]
    assert shown["ExecMainStatus"] == "0"


@pytest.mark.parametrize("type", ["simple", "exec"])
def test_what_the_system_refuses_is_said_once(run, type):
    supervised = run(worker=worker("exec sleep 100", WorkingDirectory="/nowhere", Nice=3, Type=type, Restart="no"))
    supervised.sees("-> failed")
    assert sum("cannot change to /nowhere: No such file or directory" in line for line in supervised.lines) == 1


def test_a_killed_worker_comes_back(run):
    supervised = run(worker=worker("exec sleep 100"))
    supervised.sees("-> running")
    pid = int(supervised.show("worker")["MainPID"])
    os.kill(pid, signal.SIGKILL)
    supervised.sees("auto-restart -> running")
    assert int(supervised.show("worker")["MainPID"]) not in (0, pid)


def test_a_crash_loop_ends_at_the_start_limit(run, tmp_path):
    supervised = run(worker=worker("echo x >> $FOLDER/runs; exit 1", RestartSec="10ms", StartLimitBurst=3))
    line = supervised.sees("-> failed")
    assert "StartLimitBurst=3" in line
    assert (tmp_path / "runs").read_text().count("x") == 3
    assert "StartLimitBurst=3" in supervised.ask("why", "worker")[1][0]


def test_a_start_is_answered_when_the_service_is_ready(run, notifies):
    supervised = run(worker=notifies("time.sleep(0.3); tell('READY=1\\nSTATUS=rendering'); time.sleep(100)"))
    assert supervised.ask("restart", "worker")[0] == 0
    shown = supervised.show("worker")
    assert (shown["SubState"], shown["StatusText"]) == ("running", "rendering")
    assert supervised.sees("worker says: ").endswith("worker says: rendering")


def test_a_service_that_shows_no_sign_of_life_is_restarted(run, notifies):
    supervised = run(worker=notifies("tell('READY=1'); time.sleep(100)", WatchdogSec="300ms", Restart="always"))
    line = supervised.sees("running -> stop-watchdog")
    assert "WatchdogSec=0.3s" in line
    supervised.sees("auto-restart -> ")


def test_a_stop_that_is_ignored_ends_with_sigkill(run):
    supervised = run(worker=worker("trap : TERM; while :; do sleep 0.1; done", TimeoutStopSec="300ms"))
    supervised.sees("-> running")
    began = time.monotonic()
    assert supervised.ask("stop", "worker")[0] == 0
    assert 0.3 <= time.monotonic() - began < 5
    assert supervised.show("worker")["Result"] == "timeout"


def test_a_stop_leaves_no_process_behind(run, tmp_path):
    forks = "(setsid sleep 300 & echo $! > $FOLDER/pid); exec sleep 300"
    supervised = run(worker=worker(forks))
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), "the descendant")
    descendant = psutil.Process(int((tmp_path / "pid").read_text()))
    assert supervised.ask("stop", "worker")[0] == 0
    assert not descendant.is_running() or descendant.status() == psutil.STATUS_ZOMBIE


def test_a_missing_program_is_a_failed_run_with_a_reason(run):
    supervised = run(worker={"ExecStart": "/nonexistent/program"})
    supervised.sees("cannot execute /nonexistent/program")
    supervised.sees("running -> failed, exit-code")
    assert supervised.show("worker")["ExecMainStatus"] == "203"


def test_a_missing_environment_file_means_that_nothing_ran(run):
    supervised = run(worker={"ExecStart": "/bin/true", "EnvironmentFile": "/nonexistent/file"})
    supervised.sees("worker: dead -> failed, resources")


def test_services_start_in_order_and_stop_in_reverse(run, notifies):
    supervised = run(
        worker={"ExecStart": "sleep 100", "After": "manager", "Requires": "manager"},
        manager=notifies("time.sleep(0.2); tell('READY=1'); time.sleep(100)"),
    )
    supervised.sees("worker: dead -> running")
    supervised.process.send_signal(signal.SIGTERM)
    assert supervised.process.wait(10) == 0
    supervised.__exit__()
    told = [line.partition(" (")[0] for line in supervised.lines if "->" in line]
    order = [line for line in told if "running" in line.split("->")[1] or "-> dead" in line]
    assert [line.partition(",")[0] for line in order] == [
        "manager: start -> running",
        "worker: dead -> running",
        "worker: stop-sigterm -> dead",
        "manager: stop-sigterm -> dead",
    ]


def test_what_needs_a_service_that_fails_does_not_start(run):
    supervised = run(
        worker={"ExecStart": "sleep 100", "After": "manager", "Requires": "manager"},
        manager={"Type": "exec", "ExecStart": "/nonexistent/program"},
    )
    supervised.sees("manager: start -> failed")
    assert supervised.show("worker")["ActiveState"] == "inactive"
    code, lines, _ = supervised.ask("start", "worker")
    assert (code, "dependency" in lines[0]) == (1, True)


def test_a_second_signal_kills_at_once(run):
    supervised = run(worker=worker("trap : TERM; while :; do sleep 0.1; done", TimeoutStopSec="1h"))
    supervised.sees("-> running")
    supervised.process.send_signal(signal.SIGINT)
    supervised.sees("running -> stop-sigterm")
    supervised.process.send_signal(signal.SIGINT)
    assert supervised.process.wait(10) == 0


def test_the_environment_tells_a_service_of_its_run(run, tmp_path):
    code = "env > $FOLDER/env.tmp; mv $FOLDER/env.tmp $FOLDER/env; exit 3"
    supervised = run(
        worker={
            "ExecStart": f'sh -c "echo $NAME $$1 $$INVOCATION_ID; {code.replace("$FOLDER", "$$FOLDER")}"',
            "Environment": "NAME=value",
            "ExecStopPost": 'sh -c "echo $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS > $$FOLDER/post"',
        }
    )
    supervised.sees("-> failed")
    env = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines() if "=" in line)
    assert env["NAME"] == "value"
    assert len(env["INVOCATION_ID"]) == 32
    assert (tmp_path / "post").read_text() == "exit-code exited 3\n"


def test_a_reload_and_a_signal_reach_the_service(run, tmp_path):
    script = "trap 'echo hup >> $FOLDER/got' HUP; while :; do sleep 0.05; done"
    supervised = run(worker=worker(script, ExecReload="sh -c 'kill -HUP $$MAINPID'"))
    supervised.sees("-> running")
    got = tmp_path / "got"
    assert supervised.ask("reload", "worker")[0] == 0
    until(got.exists, "the reload")
    assert supervised.ask("kill", "worker", signal="HUP", kill_whom="main")[0] == 0
    until(lambda: got.read_text().count("hup") == 2, "the second signal")


def test_requests_that_make_no_sense_say_so(run):
    supervised = run(worker="sleep 100")
    assert supervised.ask("stop", "wroker")[:2] == [5, ['wroker: there is no such service; did you mean "worker"?']]
    assert supervised.ask("dance", "worker")[0] == 2
    assert supervised.ask("stop")[0] == 2
    assert supervised.ask("reload", "worker")[0] == 3
    assert supervised.ask("kill", "worker", signal="NONE")[0] == 2


def test_what_may_only_come_with_another_service_is_refused(run):
    supervised = run(worker={"ExecStart": "sleep 100", "RefuseManualStop": "yes"})
    supervised.sees("-> running")
    assert supervised.ask("stop", "worker")[0] == 4
    assert supervised.ask("restart", "worker")[0] == 4
    assert supervised.ask("start", "worker")[0] == 0
    assert supervised.show("worker")["ActiveState"] == "active"


def test_a_refused_restart_is_refused_also_of_what_does_not_run(run):
    supervised = run(worker={"ExecStart": "true", "RefuseManualStop": "yes"})
    supervised.sees("-> dead")
    assert supervised.ask("try-restart", "worker")[0] == 4


@pytest.mark.parametrize(("mode", "status"), [(0o755, "203"), (0o644, "0"), (None, "0")])
def test_only_what_is_no_program_is_forgiven_without_a_trace(run, tmp_path, mode, status):
    program = tmp_path / "program"
    if mode is not None:
        program.write_text("#!/nowhere")
        program.chmod(mode)
    supervised = run(worker=f"-{program}")
    supervised.sees("-> dead")
    shown = supervised.show("worker")
    assert (shown["Result"], shown["ExecMainStatus"]) == ("success", status)


def test_list_and_status_show_every_service(run):
    supervised = run(worker="sleep 100", other="/bin/false")
    supervised.sees("other: running -> failed")
    code, lines, data = supervised.ask("list")
    assert code == 0
    assert [line.split()[:3] for line in lines[1:]] == [["worker", "active", "running"], ["other", "failed", "failed"]]
    assert [row["Id"] for row in data] == ["worker.service", "other.service"]
    assert supervised.ask("status", "worker")[0] == 0
    assert supervised.ask("status", "other")[0] == 3


def test_the_process_that_a_pid_file_names_is_the_service(run, tmp_path):
    script = "(sleep 0.1; echo $$BASHPID > $$FOLDER/pid; exec sleep 0.2) & exit 0"
    supervised = run(worker={"Type": "forking", "PIDFile": f"{tmp_path}/pid", "ExecStart": f"bash -c '{script}'"})
    supervised.sees("start -> running")
    supervised.sees("running -> dead")
    assert not (tmp_path / "pid").exists()


def test_nothing_is_started_any_more_once_it_stops(run):
    supervised = run(worker={"ExecStart": "sleep 100", "OnSuccess": "after"}, after="sleep 100")
    supervised.sees("worker: .*-> running")
    supervised.sees("after: .*-> running")
    assert supervised.ask("stop", "after")[0] == 0
    supervised.send("shutdown")
    supervised.sees("after: it is not started: the supervisor is stopping")
    supervised.process.wait(10)


def test_each_limit_can_be_set(run):
    supervised = run(worker={"ExecStart": "sleep 100", "LimitLOCKS": 5, "LimitRSS": "1M"})
    supervised.sees("-> running")
    shown = supervised.show("worker")
    assert (shown["LimitLOCKS"], shown["LimitRSSSoft"], shown["LimitNOFILESoft"]) == ("5", "1048576", "1024")
    until(lambda: psutil.Process(int(shown["MainPID"])).name() == "sleep", "the program to be executed")
