"""The pictures that a task says it has saved, on their way to the manager."""

import io

import pytest
from flamenco_manager import CUT, manager
from PIL import Image
from worker_process import worker


@pytest.fixture
def farm():
    with manager(push=True) as served:
        yield served


def saving(folder, *names):
    """Make pictures of a colour each, and a command that saves them, one after the other."""
    for number, name in enumerate(names):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / name)
    script = "\n".join(f"echo \"Saved: '{folder / name}'\"" for name in names)
    return ("exec", {"exe": "/bin/sh", "args": ["-c", script]})


def uploads(task):
    return f"POST /api/v3/worker/task/{task}/output-produced"


def test_the_newest_replaces_those_that_wait(farm, tmp_path):
    task = farm.add_task(saving(tmp_path, "1.png"), saving(tmp_path, "2.png"), saving(tmp_path, "3.png"))
    farm.fail[uploads(task)] = lambda _: (
        farm.changed.wait_for(lambda: farm.tasks[task]["status"] == "completed", 5) and None
    )
    with worker(farm.url, tmp_path):
        farm.wait(lambda: len(farm.pictures) == 2)
    assert [content for _, _, content in farm.pictures] == [
        (tmp_path / name).read_bytes() for name in ("1.png", "3.png")
    ]


def test_a_manager_that_has_too_many_gets_it_later(farm, tmp_path):
    task = farm.add_task(saving(tmp_path, "1.png"))
    answers = iter([429, 429])
    farm.fail[uploads(task)] = lambda _: next(answers, None)
    with worker(farm.url, tmp_path):
        farm.wait(lambda: farm.pictures)
    assert farm.pictures == [(task, "image/png", (tmp_path / "1.png").read_bytes())]


def test_the_last_picture_arrives_also_where_the_manager_was_away_meanwhile(farm, tmp_path):
    task = farm.add_task(saving(tmp_path, "1.png"))
    answers = iter([CUT, 502, 503])
    farm.fail[uploads(task)] = lambda _: next(answers, None)
    with worker(farm.url, tmp_path):
        farm.wait(lambda: farm.pictures)


@pytest.mark.parametrize("status", [413, 415, 500])
def test_one_that_is_refused_holds_up_nothing(farm, tmp_path, status):
    task = farm.add_task(saving(tmp_path, "1.png"), saving(tmp_path, "2.png"))
    farm.fail[uploads(task)] = status
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "completed")
        other = farm.add_task(saving(tmp_path, "3.png"))
        farm.wait(lambda: farm.pictures)
    assert [picture[0] for picture in farm.pictures] == [other]


def test_tiff_is_shown_as_jpeg(farm, tmp_path):
    task = farm.add_task(saving(tmp_path, "1.tiff"))
    with worker(farm.url, tmp_path):
        farm.wait(lambda: farm.pictures)
    found, media_type, content = farm.pictures[0]
    assert (found, media_type) == (task, "image/jpeg")
    with Image.open(io.BytesIO(content)) as shown:
        assert shown.size == (8, 8)
