"""Supervisors that follow one another: replaced in place, or killed and started again, with services in every state."""

import json
import os
import random
import signal
import subprocess
import time

import psutil
import pytest
from polling import until
from successive import FARMHAND, Succession

NOTIFY = """
import os, socket, sys, time
address = os.environ["NOTIFY_SOCKET"]
socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
def tell(text):
    socket.sendto(text.encode(), chr(0) + address[1:] if address[0] == "@" else address)
def wait(name):
    while not os.path.exists(name):
        time.sleep(0.01)
"""
SINGLE = "exec 9>>$FOLDER/lock; flock -n 9 || echo twice >> $FOLDER/complaints;"
PASSAGES = {"replaced": Succession.reexec, "killed": Succession.kill_and_start}


def farm(**services):
    lines = ["services:"]
    for name, directives in services.items():
        lines.append(f"  {name}:")
        lines += [f"    {key}: '{str(value).replace(chr(39), chr(39) * 2)}'" for key, value in directives.items()]
    return "\n".join(lines) + "\n"


def sh(script):
    return f'sh -c "cd $FOLDER; {script}"'.replace("$", "$$")


def waits_for(name):
    return f"while [ ! -e {name} ]; do sleep 0.01; done"


@pytest.fixture
def run(tmp_path):
    """Run one service, called "it", by its directives; more of them by name."""
    running = []

    def start(more=None, options=(), **directives):
        services = {"it": {"ExecStart": sh(f"{SINGLE} exec sleep 1000"), **directives}, **(more or {})}
        running.append(Succession(tmp_path, farm(**services), *options))
        return running[-1]

    yield start
    for succession in running:
        succession.__exit__()
    assert not (tmp_path / "complaints").exists(), "it ran twice at once"


@pytest.fixture
def notifies(tmp_path):
    def write(code, **directives):
        (tmp_path / "program.py").write_text(NOTIFY + code)
        return {"Type": "notify", "ExecStart": f"python3 -S -E {tmp_path}/program.py", **directives}

    return write


@pytest.fixture(params=PASSAGES)
def passes(request):
    return PASSAGES[request.param]


def same(before, after, *names):
    assert {name: after[name] for name in names} == {name: before[name] for name in names}


def test_what_runs_goes_on_and_is_restarted_when_it_ends(run, passes):
    farm = run(Restart="on-failure")
    before = farm.until_state("running")
    passes(farm)
    after = farm.show()
    same(before, after, "MainPID", "InvocationID", "NRestarts", "SubState", "ExecMainStartTimestamp")
    os.kill(int(after["MainPID"]), signal.SIGKILL)
    after = until(lambda: (shown := farm.show())["NRestarts"] == "1" and shown, "the restart")
    assert farm.until_state("running")["MainPID"] != before["MainPID"]


def test_how_it_ended_is_known_although_it_is_nobodys_child_here(run, passes):
    farm = run(ExecStart=sh(f"{waits_for('go')}; exit 47"), RestartForceExitStatus=47, RestartSec="1h")
    farm.until_state("running")
    passes(farm)
    farm.touch("go")
    shown = farm.until_state("auto-restart")
    assert (shown["ExecMainStatus"], shown["Result"]) == ("47", "exit-code")


def test_a_start_goes_on_where_it_was(run, passes):
    farm = run(ExecStartPre=sh(f"echo pre >> pre; {waits_for('go')}"))
    before = farm.until_state("start-pre")
    passes(farm)
    same(before, farm.show(), "ControlPID", "SubState", "InvocationID")
    farm.touch("go")
    farm.until_state("running")
    assert farm.lines("pre") == ["pre"]


def test_whoever_gets_ready_is_heard(run, notifies, passes):
    farm = run(**notifies("wait('go'); tell('READY=1\\nSTATUS=working'); time.sleep(1000)"))
    before = farm.until_state("start")
    passes(farm)
    same(before, farm.show(), "MainPID", "SubState")
    farm.touch("go")
    assert farm.until_state("running")["StatusText"] == "working"


def test_a_message_sent_in_between_is_not_lost(run, notifies):
    farm = run(**notifies("wait('go')\nwhile True:\n    tell('READY=1\\nWATCHDOG=1'); time.sleep(0.05)", WatchdogSec=1))
    farm.touch("go")
    before = farm.until_state("running")
    for _ in range(4):
        farm.reexec()
    same(before, farm.show(), "MainPID", "SubState")


def test_a_stop_goes_on_where_it_was(run, passes):
    farm = run(ExecStart=sh(f"{SINGLE} trap : TERM; echo ready > ready; {waits_for('go')}"))
    before = farm.until_state("running")
    until(lambda: farm.lines("ready"), "the trap")
    farm.ask("stop", "it", no_block=True)
    farm.until_state("stop-sigterm")
    passes(farm)
    same(before, farm.show(), "MainPID")
    assert farm.show()["SubState"] == "stop-sigterm"
    farm.touch("go")
    until(lambda: not psutil.pid_exists(int(before["MainPID"])) or farm.show()["SubState"] != "stop-sigterm", "its end")
    assert farm.until_state("dead")["Result"] == "success"


def test_a_command_of_a_stop_goes_on(run, passes):
    farm = run(ExecStop=sh(f"echo stop >> stops; {waits_for('go')}"), TimeoutStopSec="1h")
    farm.until_state("running")
    farm.ask("stop", "it", no_block=True)
    before = farm.until_state("stop")
    passes(farm)
    same(before, farm.show(), "MainPID", "ControlPID", "SubState")
    farm.touch("go")
    until(lambda: farm.show()["MainPID"] != before["MainPID"], "the end of its main process")
    assert farm.lines("stops") == ["stop"]


def timer(farm):
    """Return when the service's time is up, in monotonic seconds: written down after each event."""
    before = farm.record().stat().st_mtime_ns
    farm.ask("reset-failed", "it")
    until(lambda: farm.record().stat().st_mtime_ns != before, "the record")
    return json.loads(farm.record().read_text())["unit"]["life"]["timer"]


@pytest.mark.parametrize(
    ("state", "directives"),
    [
        ("auto-restart", {"ExecStart": sh("exit 1"), "Restart": "always", "RestartSec": "1h"}),
        ("running", {"RuntimeMaxSec": "1h"}),
        ("start", {"Type": "notify", "TimeoutStartSec": "1h"}),
        ("start-pre", {"ExecStartPre": sh("sleep 1000"), "TimeoutStartSec": "1h"}),
        ("stop", {"ExecStop": sh(waits_for("go")), "TimeoutStopSec": "1h"}),
    ],
)
def test_no_time_limit_is_begun_anew(run, passes, state, directives):
    farm = run(**directives)
    if state == "stop":
        farm.until_state("running")
        farm.ask("stop", "it", no_block=True)
    farm.until_state(state)
    deadline = timer(farm)
    passes(farm)
    assert (farm.show()["SubState"], timer(farm)) == (state, deadline)
    farm.touch("go")


def test_time_limits_are_kept_afterwards(run, passes):
    farm = run(Restart="always", RestartSec="900ms", RuntimeMaxSec="900ms")
    began = time.monotonic()
    farm.until_state("running")
    passes(farm)
    until(lambda: farm.show()["NRestarts"] == "1", "the restart")
    assert time.monotonic() - began >= 1.6  # it began a little before it was seen to
    assert "RuntimeMaxSec=" in farm.output


def test_the_watchdog_watches_on(run, notifies, passes):
    farm = run(**notifies("tell('READY=1')\nwait('go')\ntime.sleep(1000)", WatchdogSec="700ms", Restart="no"))
    farm.until_state("running")
    passes(farm)
    assert farm.until_state("failed")["Result"] == "watchdog"


def test_starts_are_counted_on(run, passes):
    farm = run(Restart="always", StartLimitBurst=2, StartLimitIntervalSec="1h", RestartSec="0")
    os.kill(int(farm.until_state("running")["MainPID"]), signal.SIGKILL)
    until(lambda: farm.show()["NRestarts"] == "1", "the restart")
    pid = int(farm.until_state("running")["MainPID"])
    passes(farm)
    os.kill(pid, signal.SIGKILL)
    farm.until_state("failed")


def test_an_end_that_nobody_saw_counts_as_a_failure(run):
    farm = run(Restart="on-failure", RestartSec="1h")
    pid = int(farm.until_state("running")["MainPID"])
    farm.kill()
    farm.edit_record(lambda data: data["unit"]["trees"]["MAIN"].update(start=1.0))
    os.kill(pid, signal.SIGKILL)
    farm.start()
    assert farm.until_state("auto-restart")["Result"] == "resources"
    assert "an exit that nobody saw" in farm.ask("why", "it").lines[0]


def test_no_line_of_output_is_lost(run, passes):
    farm = run(ExecStart=sh("seq 1 100000; echo done > done; exec sleep 1000"))
    passes(farm)
    passes(farm)
    until(lambda: farm.lines("done"), "the end of the output")
    wanted = [str(number) for number in range(1, 100001)]
    until(lambda: len(farm.lines("log/it.log")) >= len(wanted), "the log")
    assert farm.lines("log/it.log") == wanted


def test_no_exit_is_lost_while_being_replaced(run):
    farm = run(
        ExecStart=sh(f"{SINGLE} echo run >> runs; echo said"),
        Restart="always",
        RestartSec="5ms",
        StartLimitIntervalSec="0",
    )
    for _ in range(5):
        farm.reexec()
    farm.ask("stop", "it")
    shown = farm.show()
    assert len(farm.lines("runs")) in (int(shown["NRestarts"]) + 1, int(shown["NRestarts"]))
    assert len(farm.lines("log/it.log")) == len(farm.lines("runs")) > 5


def test_whoever_waits_for_a_job_is_answered_by_the_next_program(run, notifies):
    farm = run(**notifies("wait('go'); tell('READY=1'); time.sleep(1000)"))
    farm.until_state("start")
    command = [FARMHAND, "start", "it", "--control", str(farm.control)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as waiting:
        until(lambda: len(psutil.Process(farm.process.pid).net_connections("unix")) >= 3, "the request to arrive")
        farm.reexec()
        assert waiting.poll() is None
        farm.touch("go")
        assert waiting.wait(10) == 0, waiting.stderr.read()


@pytest.mark.parametrize(("code", "said"), [(0, ""), (3, "it: it failed, exit-code\n")])
def test_whoever_waits_for_an_end_is_answered_by_the_next_program(run, code, said):
    farm = run(ExecStart=sh(f"{waits_for('go')}; exit {code}"))
    before = farm.show()["MainPID"]
    command = [FARMHAND, "restart", "--wait", "it", "--control", str(farm.control)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as waiting:
        until(lambda: farm.until_state("running")["MainPID"] != before, "the request to arrive")
        farm.reexec()
        assert waiting.poll() is None
        farm.touch("go")
        assert (waiting.wait(10), waiting.stderr.read()) == (min(code, 1), said)


def test_a_stop_of_all_goes_on(run):
    farm = run(ExecStart=sh(f"trap : TERM; echo ready > ready; {waits_for('go')}"))
    until(lambda: farm.lines("ready"), "the trap")
    farm.process.send_signal(signal.SIGTERM)
    farm.until_state("stop-sigterm")
    assert farm.ask("reexec").exit_code == 1
    farm.touch("go")
    assert farm.process.wait(10) == 0


def test_a_program_that_cannot_take_over_is_not_executed(run):
    farm = run()
    before = farm.until_state("running")
    farm.file.write_text("services: {it: {ExecStart: 5, Nonsense: 1}}")
    reply = farm.ask("reexec")
    assert (reply.exit_code, "nothing has changed" in reply.lines[0]) == (1, True)
    assert "Nonsense" in farm.output
    same(before, farm.show(), "MainPID", "SubState")


def test_a_second_supervisor_is_told_who_has_the_place(run):
    farm = run()
    before = farm.until_state("running")
    first = farm.process
    farm.start(wait=False)
    assert farm.process.wait(10) == 2
    assert f"another supervisor, process {first.pid}" in farm.output
    farm.process = first
    same(before, farm.show(), "MainPID")


def test_what_is_in_no_file_any_more_is_stopped(run, passes):
    farm = run(more={"other": {"ExecStart": "sleep 1000"}})
    pid = int(farm.until_state("running", "other")["MainPID"])
    farm.file.write_text(farm.file.read_text().partition("  other:")[0])
    passes(farm)
    if passes is Succession.kill_and_start:
        until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie", "its end")
    else:
        assert psutil.Process(pid).is_running()
        farm.ask("stop", "other")
        assert farm.show("other")["SubState"] in ("dead", "failed")


def test_a_changed_file_holds_from_now_on(run, passes):
    farm = run(Restart="no")
    before = farm.until_state("running")
    farm.file.write_text(farm.file.read_text().replace("Restart: 'no'", "Restart: 'always'"))
    passes(farm)
    same(before, farm.show(), "MainPID")
    os.kill(int(before["MainPID"]), signal.SIGKILL)
    until(lambda: farm.show()["NRestarts"] == "1", "the restart")


def test_what_is_taken_over_is_told(run):
    farm = run()
    farm.until_state("running")
    assert "left by a supervisor" not in farm.output
    farm.kill_and_start()
    assert "farmhand: left by a supervisor that was killed: it\n" in farm.output


def test_leftovers_are_stopped_if_one_says_so(run):
    farm = run()
    pid = int(farm.until_state("running")["MainPID"])
    farm.kill_and_start("--leftovers", "stop")
    after = until(lambda: (shown := farm.show())["MainPID"] not in ("0", str(pid)) and shown, "the restart")
    assert after["SubState"] == "running"


def test_a_process_that_has_got_the_id_of_ours_is_left_alone(run):
    farm = run()
    pid = int(farm.until_state("running")["MainPID"])
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as stranger:
        farm.kill()
        os.kill(pid, signal.SIGKILL)
        farm.edit_record(
            lambda data: data["unit"]["trees"]["MAIN"].update(pid=stranger.pid, session=stranger.pid, group="")
        )
        farm.start("--leftovers", "stop")
        assert farm.until_state("running")["MainPID"] not in (str(pid), str(stranger.pid))
        farm.ask("stop", "it")
        assert stranger.poll() is None
        stranger.kill()


def test_what_is_from_before_the_machine_started_means_nothing(run):
    farm = run()
    pid = int(farm.until_state("running")["MainPID"])
    farm.kill()
    farm.edit_record(lambda data: data.update(epoch="another"))
    os.kill(pid, signal.SIGKILL)
    farm.start()
    shown = farm.until_state("running")
    assert (shown["NRestarts"], shown["MainPID"] != str(pid)) == ("0", True)


def test_a_process_that_was_started_too_late_to_be_remembered_is_ended(run):
    farm = run(Restart="always", RestartSec="0")
    pid = int(farm.until_state("running")["MainPID"])
    farm.kill()

    def as_before_the_start(data):
        unit = data["unit"]
        unit["trees"], unit["following"], unit["invocation"] = {}, unit["invocation"], "0" * 32
        unit["life"] = {"is": "Life", "state": {"is": "State", "name": "AUTO_RESTART"}, "timer": 1.0}

    farm.edit_record(as_before_the_start)
    farm.start()
    assert f"ending process {pid}" in farm.output
    assert farm.until_state("running")["MainPID"] != str(pid)


def test_a_first_run_that_was_begun_too_late_to_be_remembered_is_ended(run):
    farm = run(Restart="always", RestartSec="0")
    pid = int(farm.until_state("running")["MainPID"])
    farm.kill()
    farm.record().unlink()
    farm.start()
    assert f"ending process {pid}" in farm.output
    assert farm.until_state("running")["MainPID"] != str(pid)


def test_nothing_is_left_in_the_folder_at_a_clean_end(run):
    farm = run()
    farm.until_state("running")
    assert farm.record().stat().st_mode & 0o777 == 0o600
    assert farm.state.stat().st_mode & 0o777 == 0o700
    farm.ask("shutdown")
    assert farm.process.wait(10) == 0
    assert not farm.state.exists()


def test_killed_at_any_moment_nothing_ever_runs_twice(run):
    crashing = {"Restart": "always", "RestartSec": "0", "StartLimitIntervalSec": "0"}
    script = "exec 9>>$FOLDER/NAME.lock; flock -n 9 || echo NAME twice >> $FOLDER/complaints; sleep 0.0TIME"
    names = [f"unit{number}" for number in range(4)]
    more = {
        name: {"ExecStart": sh(script.replace("NAME", name).replace("TIME", str(3 * at))), **crashing}
        for at, name in enumerate(names)
    }
    more["unit3"]["ExecStartPre"] = more["unit3"]["ExecStopPost"] = more["unit3"]["ExecStart"]
    farm = run(more=more)
    moments = random.Random(47)
    for _ in range(8):
        deadline = time.monotonic() + moments.uniform(0, 0.2)
        until(lambda: time.monotonic() >= deadline, "the moment", pause=0.001)  # noqa: B023
        farm.kill_and_start()
        for name in names:
            assert farm.show(name)["ActiveState"] in ("active", "activating", "deactivating")
