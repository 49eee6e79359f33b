"""A real worker and a scripted manager: from registration to the end of a task."""

import signal
import stat
import sys

import pytest
import yaml
from flamenco_manager import manager
from worker_process import wait_until, worker

from farmhand.units.carried import FILES, RECIPE

OK = ("exec", {"exe": sys.executable, "args": ["-c", "print('fine')"]})


def shell(script):
    return ("exec", {"exe": "/bin/sh", "args": ["-c", script]})


@pytest.fixture(params=[False, True], ids=["flamenco", "farmhand"])
def either_manager(request):
    with manager(push=request.param) as served:
        yield served


@pytest.fixture
def farm():
    with manager(push=True) as served:
        yield served


def test_the_first_start_registers_and_the_second_does_not(either_manager, tmp_path):
    farm = either_manager
    for sign_ons in (1, 2):
        with worker(farm.url, tmp_path, "--name", "node-1", "-restart-exit-code", "47") as started:
            farm.wait(lambda: farm.workers and farm.worker()["status"] == "awake")
            assert (farm.worker()["sign_ons"], farm.worker()["can_restart"]) == (sign_ons, True)
            started.process.send_signal(signal.SIGTERM)
            assert started.exit_code() == 0
            assert farm.worker()["status"] == "offline"
    assert farm.paths()[:4] == [
        "POST /api/v3/worker/register-worker",
        "POST /api/v3/worker/sign-on",
        *farm.paths()[2:4],
    ]
    registration = farm.calls[0][3]
    assert registration["name"] == "node-1"
    assert registration["platform"] == "linux"
    assert registration["supported_task_types"] == ["blender", "ffmpeg", "file-management", "misc"]


def test_credentials_are_for_the_user_alone(farm, tmp_path):
    with worker(farm.url, tmp_path):
        farm.wait_status("awake")
    path = tmp_path / "data" / "flamenco-worker-credentials.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = yaml.safe_load(path.read_text())
    assert kept == {"worker_id": farm.worker()["id"], "worker_secret": farm.worker()["secret"]}
    assert len(kept["worker_secret"]) == 64


def test_the_status_is_told_before_the_first_fetch(either_manager, tmp_path):
    farm = either_manager
    with worker(farm.url, tmp_path):
        farm.wait(lambda: "POST /api/v3/worker/task" in farm.paths())
    told = farm.paths("/api/v3").index("POST /api/v3/worker/state-changed")
    assert told < farm.paths("/api/v3").index("POST /api/v3/worker/task")


def test_a_task_from_beginning_to_end(either_manager, tmp_path):
    farm = either_manager
    task = farm.add_task(("echo", {"message": "hello"}), shell("echo out; echo err >&2"), ("echo", {"message": "bye"}))
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "completed")
    done = farm.tasks[task]
    log = done["log"].splitlines()
    pid = log[5].partition(" ")[0]
    assert log == [
        'echo: "hello"',
        "going to run:",
        "",
        "    /bin/sh -c 'echo out; echo err >&2'",
        "",
        f"{pid} > out",
        f"{pid} > err",
        'echo: "bye"',
    ]
    assert pid.startswith("pid=")
    assert done["steps_completed"] == 3
    assert done["activity"] == "Completed"
    assert done["updates"][0] == {"activity": "Started", "taskStatus": "active", "steps_completed": 0}


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (shell("exit 3"), "Failed: command exited abnormally with code 3"),
        (shell("kill -SEGV $$"), "Failed: command was ended by signal SIGSEGV"),
        (("exec", {"exe": "no-such-program"}), "Failed: exec: 'no-such-program' is not there, or is no program"),
        (("exec", {"args": ["x"]}), "Failed: exec: exe: is missing"),
        (("dance", {}), "Failed: dance: is no command of this worker, which has blender-render, copy-file"),
        (("sleep", {"duration_in_seconds": "long"}), "Failed: sleep: duration_in_seconds: 'long' is not a number"),
    ],
)
def test_a_task_that_fails_says_why_and_skips_the_rest(farm, tmp_path, command, reason):
    task = farm.add_task(command, ("echo", {"message": "never"}))
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "failed")
    assert farm.tasks[task]["activity"].startswith(reason)
    assert reason in farm.tasks[task]["log"]
    assert "never" not in farm.tasks[task]["log"]


def test_the_next_task_comes_without_a_pause(farm, tmp_path):
    tasks = [farm.add_task(OK, name=f"task {number}") for number in range(4)]
    with worker(farm.url, tmp_path):
        farm.wait(lambda: all(farm.tasks[task]["status"] == "completed" for task in tasks))
    calls = farm.calls
    ends = [at for at, _, _, body in calls if isinstance(body, dict) and body.get("taskStatus") == "completed"]
    starts = [at for at, _, _, body in calls if isinstance(body, dict) and body.get("taskStatus") == "active"]
    assert max(start - end for end, start in zip(ends, starts[1:], strict=False)) < 0.5


def test_the_bell_brings_work_to_an_idle_worker_at_once(farm, tmp_path):
    with worker(farm.url, tmp_path):
        farm.wait(lambda: farm.paths().count("POST /api/v3/worker/task") == 1)
        task = farm.add_task(OK)
        assert farm.wait_task(task, "completed") < 1


def test_without_a_bell_work_comes_within_seconds(tmp_path):
    with manager() as farm, worker(farm.url, tmp_path):
        farm.wait(lambda: farm.paths().count("POST /api/v3/worker/task") == 1)
        task = farm.add_task(OK)
        farm.wait_task(task, "completed", 7)


def test_output_of_a_silent_program_arrives_within_two_seconds(farm, tmp_path):
    task = farm.add_task(shell("echo line; printf 'no end'; exec sleep 60"))
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "active")
        assert farm.wait(lambda: "> line" in farm.tasks[task]["log"]) < 2
        assert farm.wait(lambda: "> no end" in farm.tasks[task]["log"]) < 2


def test_a_line_that_grows_is_shown_meanwhile_and_none_is_cut_that_comes_as_a_whole(farm, tmp_path):
    script = "while true; do printf .; sleep 0.3; done & while true; do yes line | head -n 40; sleep 0.02; done"
    dots, lines = farm.add_task(shell(script.partition("&")[0])), farm.add_task(shell(script.rpartition("& ")[2]))
    with worker(farm.url, tmp_path / "a"), worker(farm.url, tmp_path / "b"):
        farm.wait(lambda: "> ..." in farm.tasks[dots]["log"], 30)
        farm.wait(lambda: farm.tasks[lines]["log"].count("> line\n") > 3000)
    shown = farm.tasks[lines]["log"].splitlines()[5:]
    assert {line.rpartition(" ")[2] for line in shown} == {"line"}


def test_any_bytes_and_any_amount_arrive(farm, tmp_path):
    script = (
        "import sys; out = sys.stdout.buffer\n"
        "out.write(bytes(range(256)) + b'\\n')\n"
        "for n in range(100_000): out.write(b'line %d\\n' % n)"
    )
    task = farm.add_task(("exec", {"exe": sys.executable, "args": ["-c", script]}))
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "completed", 30)
    numbers = [line.rpartition(" ")[2] for line in farm.tasks[task]["log"].splitlines() if " > line " in line]
    assert numbers == [str(number) for number in range(100_000)]
    assert "\ufffd" in farm.tasks[task]["log"]


def test_a_later_program_of_a_task_is_read_as_soon_as_it_writes(farm, tmp_path):
    """Its descriptors have the numbers of those of the program before, and no report wakes the worker meanwhile."""
    gate, done = tmp_path / "gate", tmp_path / "done"
    flood = f"i=0; while [ $i -lt 60000 ]; do echo {'x' * 50}; i=$((i+1)); done; touch {done}"
    task = farm.add_task(shell(f"while [ ! -e {gate} ]; do sleep 0.02; done"), shell(flood))
    with worker(farm.url, tmp_path):
        farm.wait(lambda: "while" in farm.tasks[task]["log"])
        farm.fail[f"POST /api/v3/worker/task/{task}"] = lambda _: farm.changed.wait_for(done.exists, 8) and None
        gate.touch()
        assert wait_until(done.exists, 30) < 5


def test_a_task_may_have_any_number_of_commands(farm, tmp_path):
    task = farm.add_task(*[("echo", {"message": number}) for number in range(2000)])
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "completed", 30)
    assert farm.tasks[task]["steps_completed"] == 2000
    assert farm.tasks[task]["log"].splitlines()[-1] == 'echo: "1999"'


def test_a_refused_log_never_blocks_the_program(farm, tmp_path):
    farm.fail["POST /api/v3/worker/task/"] = lambda body: 500 if isinstance(body, dict) and "log" in body else None
    done = tmp_path / "done"
    task = farm.add_task(shell(f"i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; touch {done}"))
    with worker(farm.url, tmp_path):
        assert wait_until(done.exists) < 10
        farm.wait_task(task, "completed", 20)
    assert farm.tasks[task]["log"] == ""


def test_frames_are_counted_and_shown(farm, tmp_path):
    picture = tmp_path / "frame.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"pixels")
    fake = tmp_path / "blender"
    fake.write_text(
        "#!/bin/sh\n"
        'echo "$@"\n'
        f"""for frame in 1 2; do echo "Saved: '{picture}'"; echo " Time: 00:01.2$frame (Saving: 00:00.10)"; done\n"""
        """echo 'skipping existing frame "x"'\n"""
    )
    fake.chmod(0o755)
    render = {
        "exe": str(fake),
        "exeArgs": "--factory-startup 'one word'",
        "argsBefore": ["-b"],
        "blendfile": "scene.blend",
        "args": ["--render-frame", "1..3"],
    }
    task = farm.add_task(("blender-render", render, 3), ("echo", {"message": "end"}))
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "completed")
        farm.wait(lambda: farm.pictures)
    done = farm.tasks[task]
    assert [update["steps_completed"] for update in done["updates"] if "steps_completed" in update] == [0, 1, 2, 3, 4]
    assert "> --factory-startup one word -b scene.blend --render-frame 1..3" in done["log"]
    assert farm.pictures[0] == (task, "image/png", picture.read_bytes())


def test_files_are_made_moved_and_copied(farm, tmp_path):
    old, new, copy = tmp_path / "a" / "b", tmp_path / "final", tmp_path / "c" / "copy.txt"
    new.mkdir()
    (new / "earlier").touch()
    source = tmp_path / "source.txt"
    source.write_text("content")
    task = farm.add_task(
        ("make-directory", {"path": str(old)}),
        ("move-directory", {"src": str(old), "dest": str(new)}),
        ("copy-file", {"src": str(source), "dest": str(copy)}),
    )
    with worker(farm.url, tmp_path):
        farm.wait(lambda: farm.tasks[task]["status"] in ("completed", "failed"))
    assert farm.tasks[task]["status"] == "completed", farm.tasks[task]["log"]
    assert (new.is_dir(), list(new.iterdir()), old.exists()) == (True, [], False)
    assert [(kept / "earlier").exists() for kept in tmp_path.glob("final-*")] == [True]
    assert copy.read_text() == "content"


def test_reports_repeat_the_attempt_where_the_manager_counts(farm, tmp_path):
    task = farm.add_task(OK)
    farm.tasks[task]["attempt"] = 3
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "completed")
    assert {update["attempt"] for update in farm.tasks[task]["updates"]} == {3}


def test_children_do_not_speak_for_the_worker(farm, tmp_path):
    task = farm.add_task(shell("env"))
    told = {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "9000000", RECIPE: "system=systemd", FILES: "/etc/x"}
    with worker(farm.url, tmp_path, env={**told, "FARMHAND_ENROLMENT_CODE": "K7QF-9M2X", "KEPT": "yes"}):
        farm.wait_task(task, "completed")
    signed_on = next(body for _, _, path, body in farm.calls if path.endswith("/sign-on"))
    assert signed_on["unit"] == {"recipe": "system=systemd", "files": {"/etc/x": None}, "drop_ins": []}
    log = farm.tasks[task]["log"]
    assert "KEPT=yes" in log
    assert "NOTIFY_SOCKET" not in log
    assert "WATCHDOG" not in log
    assert "FARMHAND_UNIT" not in log
    assert "K7QF" not in log


def test_any_text_arrives_as_it_was(farm, tmp_path):
    message = "\u00fc \U0001f600 \x00"
    task = farm.add_task(("echo", {"message": message}))
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "completed")
    assert farm.tasks[task]["log"] == f'echo: "{message}"\n'
