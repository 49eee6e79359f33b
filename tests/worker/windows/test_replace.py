import threading

import pytest

from farmhand.worker import replace


@pytest.fixture
def files(tmp_path):
    fresh, old = tmp_path / "fresh", tmp_path / "old"
    fresh.write_text("fresh")
    old.write_text("old")
    return fresh, old


@pytest.mark.parametrize("which", [0, 1], ids=["fresh", "old"])
def test_a_file_that_somebody_looks_at_is_replaced_when_he_is_done(files, which):
    looking = files[which].open()
    done = threading.Timer(3 * replace.PAUSE, looking.close)
    done.start()
    replace.replace(*files)
    done.join()
    assert files[1].read_text() == "fresh"


def test_one_that_is_kept_open_is_an_error_in_the_end(files, monkeypatch):
    monkeypatch.setattr(replace, "TRIES", 2)
    with files[1].open(), pytest.raises(PermissionError):
        replace.replace(*files)
    assert [file.read_text() for file in files] == ["fresh", "old"]
