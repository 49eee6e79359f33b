"""What each command comes down to, by its parameters alone."""

import json
import os

import pytest

from farmhand.worker.commands import blender_render, frames_to_video
from farmhand.worker.commands.steps import BadParameters, Run, Say, Wait
from farmhand.worker.commands.table import PLANS
from farmhand.worker.rules.output import ends_frame


@pytest.mark.parametrize(
    ("command", "parameters", "step"),
    [
        ("echo", {"message": "hi"}, Say('echo: "hi"')),
        ("echo", {"message": 5}, Say('echo: "5"')),
        ("echo", {"message": [True, "ü"]}, Say('echo: "[true, "ü"]"')),
        ("sleep", {"duration_in_seconds": 2}, Wait(2, "slept 2s")),
        ("sleep", {"duration_in_seconds": 2.9}, Wait(2, "slept 2s")),
        ("sleep", {"duration_in_seconds": 0}, Wait(0, "slept 0s")),
        ("sleep", {"duration_in_seconds": 61}, Wait(61, "slept 1m1s")),
        ("sleep", {"duration_in_seconds": 7200}, Wait(7200, "slept 2h0m0s")),
    ],
)
def test_what_the_worker_does_itself(command, parameters, step):
    assert PLANS[command](parameters) == step


@pytest.mark.parametrize(
    ("command", "parameters", "argv"),
    [
        ("exec", {"exe": "ls"}, ["ls"]),
        ("exec", {"exe": "ls", "args": ["-l", "a b"]}, ["ls", "-l", "a b"]),
        ("exec", {"exe": "ls", "args": ["-n", 5, 1.5]}, ["ls", "-n", "5", "1.5"]),
        ("blender-render", {"exe": "blender", "blendfile": ""}, ["blender"]),
        (
            "blender-render",
            {"exe": "b", "exeArgs": "-a 'b c'", "argsBefore": ["-d"], "blendfile": "e", "args": ["f"]},
            ["b", "-a", "b c", "-d", "e", "f"],
        ),
        (
            "frames-to-video",
            {"exe": "/bin/ffmpeg", "fps": 24, "inputGlob": "*.png", "outputFile": "o.mp4"},
            ["/bin/ffmpeg", "-r", "24", "-pattern_type", "glob", "-i", "*.png", "-r", "24", "o.mp4"],
        ),
        (
            "frames-to-video",
            {
                "exe": "f",
                "exeArgs": "-v 1",
                "fps": 29.97,
                "inputGlob": "*.png",
                "outputFile": "o",
                "argsBefore": ["-b"],
                "args": ["-c"],
            },
            ["f", "-v", "1", "-b", "-r", "29.97", "-pattern_type", "glob", "-i", "*.png", "-c", "-r", "29.97", "o"],
        ),
    ],
)
def test_what_is_run(command, parameters, argv, monkeypatch):
    monkeypatch.setattr(frames_to_video, "system", lambda: "linux")
    step = PLANS[command](parameters)
    assert isinstance(step, Run)
    assert list(step.argv) == argv
    assert (step.ends_step is ends_frame) is (command == "blender-render")


def test_the_log_shows_what_can_be_pasted_into_a_shell():
    assert PLANS["exec"]({"exe": "ls", "args": ["a b"]}).announce == "going to run:\n\n    ls 'a b'\n"


@pytest.mark.parametrize(
    ("command", "parameters", "problem"),
    [
        ("echo", {}, "message: is missing"),
        ("sleep", {}, "duration_in_seconds: is missing"),
        ("sleep", {"duration_in_seconds": "5"}, "'5' is not a number"),
        ("sleep", {"duration_in_seconds": True}, "True is not a number"),
        ("sleep", {"duration_in_seconds": -1}, "-1 is not a time to wait"),
        ("sleep", {"duration_in_seconds": float("nan")}, "nan is not a time to wait"),
        ("exec", {"exe": ""}, "exe: is empty"),
        ("exec", {"exe": 5}, "exe: 5 is not text"),
        ("exec", {"exe": "ls", "args": "-l"}, "args: '-l' is not a list of words"),
        ("exec", {"exe": "ls", "args": [["-l"]]}, "is not a list of words"),
        ("blender-render", {"exe": "blender"}, "blendfile: is missing"),
        ("blender-render", {"exe": "b", "exeArgs": "'", "blendfile": "x"}, 'exeArgs: "\'" cannot be split into words'),
        ("frames-to-video", {"exe": "f", "fps": 0, "inputGlob": "*", "outputFile": "o"}, "fps: 0 is not a frame rate"),
        ("frames-to-video", {"exe": "f", "fps": "24", "inputGlob": "*", "outputFile": "o"}, "'24' is not a number"),
        ("frames-to-video", {"exe": "f", "fps": 24, "outputFile": "o"}, "inputGlob: is missing"),
        ("make-directory", {}, "path: is missing"),
        ("move-directory", {"src": "a"}, "dest: is missing"),
        ("copy-file", {"src": os.path.abspath("a"), "dest": "b"}, "dest: 'b' is not an absolute path"),
        ("copy-file", {"src": "a", "dest": os.path.abspath("b")}, "src: 'a' is not an absolute path"),
    ],
)
def test_parameters_that_make_no_sense_are_named(command, parameters, problem):
    with pytest.raises(BadParameters) as caught:
        PLANS[command](parameters)
    assert problem in str(caught.value)


def test_ffmpeg_beside_the_worker_comes_first(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", [str(tmp_path / "farmhand-worker")])
    monkeypatch.setattr(frames_to_video, "system", lambda: "linux")
    monkeypatch.setattr(frames_to_video, "_machine", lambda: "x86_64")
    parameters = {"exe": "ffmpeg", "fps": 24, "inputGlob": "*", "outputFile": "o"}
    tools = tmp_path / "tools"
    tools.mkdir()
    found = [PLANS["frames-to-video"](parameters).argv[0]]
    for name in ("ffmpeg", "ffmpeg-linux", "ffmpeg-linux-amd64"):
        (tools / name).touch()
        found.append(frames_to_video.plan(parameters).argv[0])
    assert found == ["ffmpeg", *(str(tools / name) for name in ("ffmpeg", "ffmpeg-linux", "ffmpeg-linux-amd64"))]


def test_where_ffmpeg_knows_no_patterns_there_is_a_program_around_it(monkeypatch):
    monkeypatch.setattr(frames_to_video, "system", lambda: "windows")
    parameters = {
        "exe": "f",
        "fps": 24,
        "inputGlob": r"C:\*.png",
        "outputFile": "o",
        "argsBefore": ["-b"],
        "args": ["-c"],
    }
    step = PLANS["frames-to-video"](parameters)
    assert step.argv[-2] == "frames-to-video"
    around = {"before": ["f", "-b"], "inputGlob": r"C:\*.png", "fps": 24, "after": ["-c", "-r", "24", "o"]}
    assert json.loads(step.argv[-1]) == around


@pytest.mark.parametrize(
    ("exe", "registered", "program"),
    [
        ("blender", None, "blender"),
        ("blender", os.path.join("apps", "blender.exe"), os.path.join("apps", "blender.exe")),
        ("blender", os.path.join("apps", "blender-launcher.exe"), os.path.join("apps", "blender.exe")),
        (os.path.join("my", "blender"), os.path.join("apps", "blender.exe"), os.path.join("my", "blender")),
    ],
)
def test_blender_is_what_opens_its_files_where_it_is_not_on_the_path(monkeypatch, tmp_path, exe, registered, program):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(blender_render, "opener", {".blend": registered}.get)
    assert PLANS["blender-render"]({"exe": exe, "blendfile": ""}).argv == (program,)
