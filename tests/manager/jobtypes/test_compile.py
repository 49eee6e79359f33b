"""Submissions become jobs: what Flamenco's add-on sends makes the tasks that Flamenco makes of it."""

from dataclasses import replace
from datetime import datetime

import pytest

from farmhand.manager.jobtypes.compile import Unusable, compile
from farmhand.manager.jobtypes.library import job_types
from farmhand.worker.wire import JobStatus

TYPES = job_types()
NOW = datetime(2026, 11, 22, 14, 30, 5)

BLENDER = {
    "frames": "1-5, 9",
    "chunk_size": 3,
    "render_output_root": "/render",
    "add_path_components": 0,
    "render_output_path": "/render/shot/{timestamp}/######",
    "blendfile": "/work/shot.flamenco.blend",
    "fps": 23.976,
    "format": "PNG",
    "image_file_extension": ".png",
    "has_previews": False,
    "scene": "Scene",
}


def draft(type, settings, **more):
    return compile(TYPES[type], name="shot", priority=50, settings=settings, metadata={}, now=NOW, **more)


def test_echo_then_sleeps():
    tasks = draft("echo-sleep-test", {"message": "hi", "sleep_repeats": 2, "sleep_duration_seconds": 7}).tasks
    assert [(task.name, task.type, task.needs) for task in tasks] == [
        ("echo", "misc", ()),
        ("sleep", "misc", (0,)),
        ("sleep", "misc", (0,)),
    ]
    assert tasks[0].commands[0].parameters == {"message": "hi"}
    assert tasks[1].commands[0].parameters == {"duration_in_seconds": 7}


def test_a_simple_blender_render():
    job = draft("simple-blender-render", BLENDER)
    first, second, video = job.tasks
    assert (first.name, first.type, first.needs, first.steps) == ("render-1-3", "blender", (), 3)
    [command] = first.commands
    assert command.name == "blender-render"
    assert command.parameters == {
        "exe": "{blender}",
        "exeArgs": "{blenderArgs}",
        "argsBefore": [],
        "blendfile": "/work/shot.flamenco.blend",
        "args": [
            "--scene",
            "Scene",
            "--render-output",
            "/render/shot/2026-11-22_143005/######",
            "--render-format",
            "PNG",
            "--render-frame",
            "1..3",
        ],
    }
    assert second.commands[0].parameters["args"][-1] == "4,5,9"
    assert (video.name, video.type, video.needs) == ("preview-video", "ffmpeg", (0, 1))
    assert video.commands[0].parameters == {
        "exe": "ffmpeg",
        "fps": 23.976,
        "inputGlob": "/render/shot/2026-11-22_143005/*.png",
        "outputFile": "/render/shot/2026-11-22_143005/shot-1-9.mp4",
        "args": [
            "-c:v",
            "h264",
            "-crf",
            "20",
            "-g",
            "18",
            "-vf",
            "pad=ceil(iw/2)*2:ceil(ih/2)*2",
            "-pix_fmt",
            "yuv420p",
            "-r",
            "23.976",
            "-y",
        ],
    }
    assert job.settings["render_output_path"] == "/render/shot/2026-11-22_143005/######"


@pytest.mark.parametrize(
    ("change", "glob"),
    [
        pytest.param({"fps": 0}, None, id="no frame rate, no video"),
        pytest.param({"format": "OPEN_EXR"}, None, id="ffmpeg cannot read EXR"),
        pytest.param({"format": "OPEN_EXR", "has_previews": True}, "*.jpg", id="but the previews"),
        pytest.param({"has_previews": True}, "*.png", id="previews are not needed"),
    ],
)
def test_when_there_is_a_video(change, glob):
    videos = [task for task in draft("simple-blender-render", {**BLENDER, **change}).tasks if task.type == "ffmpeg"]
    assert [task.commands[0].parameters["inputGlob"].rpartition("/")[2] for task in videos] == ([glob] if glob else [])


def test_defaults_may_be_made_of_other_settings():
    settings = {key: value for key, value in BLENDER.items() if key not in ("render_output_path", "chunk_size")}
    job = draft("simple-blender-render", settings)
    assert job.settings["chunk_size"] == 1
    assert job.settings["render_output_path"] == "/render/shot/2026-11-22_143005/######"


@pytest.mark.parametrize(
    ("blendfile", "number", "path"),
    [
        ("/work/shots/010/a.blend", 0, "/render/shot"),
        ("/work/shots/010/a.blend", 2, "/render/shots/010/shot"),
        ("/work/a.blend", 9, "/render/work/shot"),
        ("{share}/shots/a.blend", 9, "/render/shots/shot"),
        ("C:\\work\\shots\\a.blend", 1, "/render/shots/shot"),
    ],
)
def test_the_output_repeats_as_many_folders_of_the_blend_file_as_asked(blendfile, number, path):
    settings = {**BLENDER, "blendfile": blendfile, "add_path_components": number, "render_output_path": ""}
    job = draft("simple-blender-render", settings)
    assert job.settings["render_output_path"] == f"{path}/2026-11-22_143005/######"


def test_all_that_is_missing_is_named():
    with pytest.raises(Unusable) as problem:
        draft("simple-blender-render", {"frames": "1", "scene": "Scene"})
    missing = '"render_output_root", "blendfile", "format", "image_file_extension"'
    assert str(problem.value) == f"the settings {missing} are missing"
    assert problem.value.setting == "render_output_root"


def test_what_a_submitter_writes_is_not_filled_in():
    [task, *_] = draft("echo-sleep-test", {"message": "${sleep_repeats} {jobs} ${nothing}"}).tasks
    assert task.commands[0].parameters == {"message": "${sleep_repeats} {jobs} ${nothing}"}


def test_a_job_may_begin_paused():
    assert draft("echo-sleep-test", {"message": "hi"}, paused=True).status is JobStatus.PAUSED


@pytest.mark.parametrize(
    ("settings", "setting", "message"),
    [
        ({}, "message", 'the setting "message" is missing'),
        ({"message": ""}, "message", "is missing"),
        ({"message": 1}, "message", "must be a string, and is 1"),
        ({"message": "a", "sleep_repeats": True}, "sleep_repeats", "must be an integer"),
        ({"message": "a", "sleep_repeats": -1}, "sleep_repeats", "must be 0 at least"),
        ({"message": "a", "mesage": "b"}, "mesage", 'did you mean "message"?'),
        ({"message": ["a"]}, "message", "must be a string, and is ['a']"),
        ({"message": "a", "xyz": "b"}, "xyz", "it has message, sleep_duration_seconds, sleep_repeats"),
    ],
)
def test_unusable_settings_are_named(settings, setting, message):
    with pytest.raises(Unusable) as problem:
        draft("echo-sleep-test", settings)
    assert message in str(problem.value)
    assert problem.value.setting == setting


@pytest.mark.parametrize("format", ["FFMPEG", "AVI_JPEG"])
def test_frames_are_pictures_not_videos(format):
    with pytest.raises(Unusable, match=f"\"format\" must be none of FFMPEG, AVI_RAW, AVI_JPEG, and is '{format}'"):
        draft("simple-blender-render", {**BLENDER, "format": format})


def test_frames_that_are_none_are_the_submitters_error():
    with pytest.raises(Unusable, match="runs backwards"):
        draft("simple-blender-render", {**BLENDER, "frames": "9-1"})


def test_a_job_without_tasks_is_refused():
    echo_sleep = TYPES["echo-sleep-test"]
    only_sleeps = replace(echo_sleep, tasks=(replace(echo_sleep.tasks[1], after=()),))
    with pytest.raises(Unusable, match="the job would have no tasks"):
        compile(
            only_sleeps, name="n", priority=50, settings={"message": "hi", "sleep_repeats": 0}, metadata={}, now=NOW
        )
