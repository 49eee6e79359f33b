import pytest

from farmhand.manager.jobtypes.frames import chunks, parse


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("47", [47]),
        ("1-3", [1, 2, 3]),
        ("3, 5-7 ,1", [1, 3, 5, 6, 7]),
        ("1-4,3-5", [1, 2, 3, 4, 5]),
        ("-2-1", [-2, -1, 0, 1]),
        ("5-5", [5]),
    ],
)
def test_frames_as_people_write_them(text, frames):
    assert parse(text) == frames


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", 'write them as "1-10, 15"'),
        ("1-", '"1-" is not a frame'),
        ("one", '"one" is not a frame'),
        ("1,,2", '"" is not a frame'),
        ("9-1", "runs backwards"),
        ("1-9999999", "more than 100000 frames"),
    ],
)
def test_what_are_no_frames(text, problem):
    with pytest.raises(ValueError, match=problem):
        parse(text)


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        ("1-10", 4, ["1-4", "5-8", "9,10"]),
        ("1-3", 1, ["1", "2", "3"]),
        ("1-5", 99, ["1-5"]),
        ("1,3-5,9", 3, ["1,3,4", "5,9"]),
        ("1,3-6,9", 5, ["1,3-6", "9"]),
    ],
)
def test_chunks(text, size, expected):
    assert chunks(text, size) == expected


def test_a_chunk_has_a_frame():
    with pytest.raises(ValueError, match="1 frame at least"):
        chunks("1-3", 0)
