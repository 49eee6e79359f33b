"""The commands that touch files, run as the worker runs them."""

import os
import re
import subprocess

import pytest

from farmhand.worker.commands.table import PLANS


@pytest.fixture
def do():
    """Carry out a command; return its exit code and what it wrote."""

    def carry_out(command, **parameters):
        done = subprocess.run(
            PLANS[command]({key: str(value) for key, value in parameters.items()}).argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    return carry_out


def test_make_directory(do, tmp_path):
    path = tmp_path / "a" / "b"
    assert do("make-directory", path=path) == (0, "")
    assert path.is_dir()
    assert do("make-directory", path=path) == (0, ""), "one that exists is no failure"
    (tmp_path / "file").touch()
    assert do("make-directory", path=tmp_path / "file" / "x")[0] == 1


def test_move_directory(do, tmp_path):
    src, dest = tmp_path / "src", tmp_path / "dest"
    src.mkdir()
    (src / "frame").touch()
    assert do("move-directory", src=src, dest=dest) == (0, "")
    assert (dest / "frame").exists()
    code, said = do("move-directory", src=src, dest=dest)
    assert (code, said) == (1, f"move-directory: src: '{src}' does not exist\n")
    assert (dest / "frame").exists()


def test_move_directory_keeps_what_is_in_the_way(do, tmp_path):
    dest = tmp_path / "dest"
    for number in range(3):
        src = tmp_path / f"src{number}"
        src.mkdir()
        (src / f"frame{number}").touch()
        os.utime(src, (1_000_000_000, 1_000_000_000))
        assert do("move-directory", src=src, dest=dest)[0] == 0
    kept = {path.name: {frame.name for frame in path.iterdir()} for path in tmp_path.iterdir()}
    assert kept.pop("dest") == {"frame2"}
    first, second = sorted(kept)
    assert re.fullmatch(r"dest-2001-09-0\d_\d{6}", first)
    assert second == f"{first}-001"
    assert [kept[first], kept[second]] == [{"frame0"}, {"frame1"}]


def test_copy_file(do, tmp_path):
    src, dest = tmp_path / "src", tmp_path / "new" / "dest"
    src.write_bytes(b"\x00content")
    assert do("copy-file", src=src, dest=dest) == (0, "")
    assert dest.read_bytes() == b"\x00content"
    assert [path.name for path in dest.parent.iterdir()] == ["dest"]
    src.write_text("other")
    code, said = do("copy-file", src=src, dest=dest)
    assert (code, said) == (1, f"copy-file: dest: '{dest}' exists already\n")
    assert dest.read_bytes() == b"\x00content"


def test_copy_file_after_a_copy_that_was_aborted(do, tmp_path):
    src, dest = tmp_path / "src", tmp_path / "dest"
    src.write_text("content")
    (tmp_path / ".dest.part").write_text("cont")
    assert do("copy-file", src=src, dest=dest) == (0, "")
    assert dest.read_text() == "content"


def test_copy_file_that_is_not_there(do, tmp_path):
    code, said = do("copy-file", src=tmp_path / "src", dest=tmp_path / "dest")
    assert code == 1
    assert "No such file" in said
    assert not (tmp_path / "dest").exists()
