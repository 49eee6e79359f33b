"""The end of a file that grows."""

from pathlib import Path

import pytest

from farmhand.manager.storage.tails import NOTHING, Piece, last_lines, since


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\nthree\nfour")
    return path


@pytest.mark.parametrize(
    ("lines", "data"), [(1, b"four"), (2, b"three\nfour"), (4, b"one\ntwo\nthree\nfour"), (9, b"one\ntwo\nthree\nfour")]
)
def test_so_many_of_the_last_lines(log: Path, lines: int, data: bytes) -> None:
    piece = last_lines(log, lines, 1000)
    assert piece.data == data
    assert piece.begins == 18 - len(data)


def test_the_end_of_the_last_line_is_no_line(log: Path) -> None:
    log.write_bytes(b"one\ntwo\n")
    assert last_lines(log, 1, 1000).data == b"two\n"


def test_of_lines_that_are_too_much_the_end_from_a_lines_begin_on(log: Path) -> None:
    assert last_lines(log, 9, 12) == Piece(b"three\nfour", 8, 8)


def test_what_was_added(log: Path) -> None:
    assert since(log, 14, 1000) == Piece(b"four", 14)
    assert since(log, 18, 1000) == Piece(b"", 18)


def test_of_too_much_the_end_and_how_much_is_left_out(log: Path) -> None:
    assert since(log, 4, 6) == Piece(b"four", 14, 10)


def test_a_line_longer_than_all_that_is_read_is_cut_where_it_is(log: Path) -> None:
    assert since(log, 0, 3) == Piece(b"our", 15, 15)


def test_a_file_that_is_shorter_than_it_was_is_another(log: Path) -> None:
    assert since(log, 100, 1000).begins == 0


def test_no_file_has_nothing(tmp_path: Path) -> None:
    assert since(tmp_path / "none", 7, 1000) == last_lines(tmp_path / "none", 7, 1000) == NOTHING
