"""The small pictures of a job's newest one, made of real files."""

import threading

import pytest
from drawn import bomb, picture
from PIL import Image
from polling import until
from pretended import awake, job

from farmhand.manager.rules.facts import Kind
from farmhand.manager.storage import calls, jobcare
from farmhand.manager.storage.pictures import SIZES, WAITING, Pictures, TooLarge, check, shrink


def sizes(folder):
    return [Image.open(folder / name).size for name in SIZES]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param((3840, 2160), [(1920, 1080), (600, 338), (200, 112)], id="wide"),
        pytest.param((1000, 4000), [(270, 1080), (84, 338), (28, 112)], id="high"),
        pytest.param((320, 200), [(320, 200), (320, 200), (179, 112)], id="none is made larger"),
    ],
)
def test_a_picture_is_made_as_large_as_may_be(tmp_path, size, expected):
    shrink(picture(size, format="JPEG"), tmp_path / "job")
    found = sizes(tmp_path / "job")
    for one, other in zip(found, expected, strict=True):
        assert abs(one[0] - other[0]) <= 1
        assert abs(one[1] - other[1]) <= 1


@pytest.mark.parametrize(
    ("mode", "format", "colour", "expected"),
    [
        pytest.param("RGBA", "PNG", (200, 100, 50, 255), (200, 100, 50), id="with transparency"),
        pytest.param("I;16", "PNG", 32768, (128, 128, 128), id="16 bits of grey"),
        pytest.param("L", "PNG", 77, (77, 77, 77), id="grey"),
        pytest.param("P", "PNG", 0, (0, 0, 0), id="a palette"),
        pytest.param("CMYK", "JPEG", (0, 0, 0, 255), (0, 0, 0), id="a printer's colours"),
    ],
)
def test_what_renderers_write_can_be_shown(tmp_path, mode, format, colour, expected):
    shrink(picture((16, 16), mode, format, colour), tmp_path)
    shown = Image.open(tmp_path / "last-rendered.jpg").getpixel((8, 8))
    assert all(abs(one - other) <= 3 for one, other in zip(shown, expected, strict=True))


@pytest.mark.parametrize("size", [(9000, 9000), (60_000, 60_000)])
def test_a_small_file_with_more_pixels_than_memory_is_refused(size):
    with pytest.raises(TooLarge, match="pixels"):
        check(bomb(*size))


@pytest.mark.parametrize("content", [picture(), picture(format="JPEG"), bomb(8000, 8000), b"\x89PNG\r\n\x1a\n", b""])
def test_what_is_small_enough_or_no_picture_at_all_is_not(content):
    check(content)


def test_three_wait_and_a_fourth_is_refused(tmp_path):
    pictures, begun, go_on = Pictures(), threading.Event(), threading.Event()
    made = []

    def first():
        begun.set()
        go_on.wait(10)

    assert pictures.offer(picture(), tmp_path, first)
    assert begun.wait(10)
    assert [pictures.offer(picture(), tmp_path, lambda: made.append(1)) for _ in range(WAITING + 1)] == [
        *[True] * WAITING,
        False,
    ]
    go_on.set()
    until(lambda: len(made) == WAITING, "the three that waited")
    pictures.close()


def test_who_ends_waits_for_one_picture_only(tmp_path):
    pictures, begun, go_on, made = Pictures(), threading.Event(), threading.Event(), []

    def first():
        begun.set()
        go_on.wait(10)
        made.append(1)

    assert pictures.offer(picture(), tmp_path, first)
    assert begun.wait(10)
    assert pictures.offer(picture(), tmp_path, lambda: made.append(2))
    ending = threading.Thread(target=pictures.close)
    ending.start()
    assert pictures.ending.wait(10)
    go_on.set()
    ending.join(10)
    assert made == [1]


def test_what_is_no_picture_does_not_keep_the_next_from_being_one(tmp_path, caplog):
    pictures, made = Pictures(), []
    for content in (b"\x89PNG\r\n\x1a\nnothing", bomb(90, 90), picture()):
        assert pictures.offer(content, tmp_path, lambda: made.append(1))
    until(lambda: made == [1], "the picture among them")
    pictures.close()
    assert caplog.text.count("a job's picture could not be made smaller: ") == 2


# -- in a farm


def shows(store, worker, content):
    """Have a worker take a task and send a picture of it; return the job."""
    work = worker.asks_for_work()
    calls.add_picture(store, worker, work.task.id, content, "image/png")
    until(lambda: store.job(work.task.job_id).picture_at, "the small pictures")
    return work.task.job_id


def test_the_job_and_the_farm_know_their_newest_picture(store, clock):
    assert jobcare.last_pictured(store) is None
    worker, other = awake(store, "node-1"), awake(store, "node-2")
    job(store, tasks=1)
    job(store, tasks=1)
    before = store.newest()
    first = shows(store, worker, picture())
    clock.passes(1)
    second = shows(store, other, picture())
    assert jobcare.last_pictured(store).id == second != first
    told = [event.job_id for event in store.events_after(before) if event.kind is Kind.JOB_PICTURE]
    assert told == [first, second]
    assert all(store.files.picture_of_job(second, name).is_file() for name in SIZES)


def test_a_job_deleted_meanwhile_leaves_no_pictures(store):
    job_id = job(store)
    shrink(picture(), store.files.folder(job_id))
    store.delete_job(job_id, "kim")
    shrink(picture(), store.files.folder(job_id))
    jobcare.note_picture(store, job_id)
    assert not store.files.folder(job_id).exists()


def test_a_picture_that_is_refused_is_not_kept(store):
    worker = awake(store, "node-1")
    job(store, tasks=1)
    work = worker.asks_for_work()
    with pytest.raises(TooLarge):
        calls.add_picture(store, worker, work.task.id, bomb(9000, 9000), "image/png")
    assert store.picture_path(work.task) is None
    assert store.task(work.task.id).picture_at is None
