"""The services' output: complete, in whole lines, rotated by size, readable while it is written."""

import itertools
import os
import select
import subprocess
import sys
from io import BytesIO

import pytest
from polling import until

from farmhand.supervisor.logs import Logs, Prefixer, follow, tail


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "log"


def write(logs, name, text):
    """Write as a service does, and let it be copied."""
    os.write(logs.journal(name), text)
    logs.pump()


def readable(watched):
    return bool(select.select(list(watched), [], [], 0)[0])


def test_output_is_in_the_services_file(folder):
    logs = Logs(folder)
    write(logs, "worker@1", b"one\n")
    write(logs, "manager", b"two\n")
    assert logs.path("worker@1") == str(folder / "worker@1.log")
    assert (folder / "worker@1.log").read_bytes() == b"one\n"
    assert (folder / "manager.log").read_bytes() == b"two\n"
    logs.close()


def test_the_next_start_writes_into_the_same_pipe(folder):
    logs = Logs(folder)
    assert logs.journal("a") == logs.journal("a")
    logs.close()


def test_what_was_there_before_stays(folder):
    for text in (b"first\n", b"second\n"):
        logs = Logs(folder)
        write(logs, "a", text)
        logs.close()
    assert (folder / "a.log").read_bytes() == b"first\nsecond\n"


def test_a_name_with_a_slash_stays_in_the_folder(folder):
    logs = Logs(folder)
    assert os.path.dirname(logs.path("../a/b")) == str(folder)
    logs.close()


def test_close_copies_what_is_still_in_the_pipe(folder):
    logs = Logs(folder)
    os.write(logs.journal("a"), b"last words\n")
    logs.close()
    assert (folder / "a.log").read_bytes() == b"last words\n"


def test_a_successor_writes_into_the_folder_that_is_its_own(folder, tmp_path):
    logs = Logs(folder)
    os.write(logs.journal("it"), b"first\n")
    logs.pump()
    (tmp_path / "other").mkdir()
    successor = Logs(tmp_path / "other")
    successor.resume({name: [os.dup(fd) for fd in fds] for name, fds in logs.kept([]).items()})
    os.write(successor.journal("it"), b"second\n")
    successor.pump()
    assert [(place / "it.log").read_bytes() for place in (folder, tmp_path / "other")] == [b"first\n", b"second\n"]


def test_its_descriptor_tells_of_output(folder):
    logs, watched = Logs(folder), {}
    writer = logs.journal("a")
    logs.attach(watched.__setitem__, watched.pop)
    logs.journal("b")
    assert len(watched) == 2
    assert not readable(watched)
    os.write(writer, b"x\n")
    assert readable(watched)
    for copy in watched.values():
        copy()
    assert not readable(watched)
    logs.close()
    assert not watched


@pytest.mark.parametrize("length", [7, 100, 1000])
def test_rotation_loses_nothing_and_cuts_no_line(folder, length):
    logs = Logs(folder, most_bytes=3000, keep=50)
    lines = [b"%0*d\n" % (length - 1, n) for n in range(20_000 // length)]
    text = b"".join(lines)
    for start in range(0, len(text), 333):
        write(logs, "a", text[start : start + 333])
    files = sorted(folder.iterdir(), key=lambda path: -int(path.suffix[1:]) if path.suffix != ".log" else 1)
    assert b"".join(path.read_bytes() for path in files) == text
    assert len(files) > 1
    for path in files:
        assert path.read_bytes().endswith(b"\n")
        assert path.stat().st_size <= 3000 + length
    logs.close()


def test_rotation_keeps_so_many_files(folder):
    logs = Logs(folder, most_bytes=100, keep=2)
    for n in range(100):
        write(logs, "a", b"%030d\n" % n)
    assert sorted(path.name for path in folder.iterdir()) == ["a.log", "a.log.1", "a.log.2"]
    assert tail(folder / "a.log", 1) == [b"%030d\n" % 99]
    logs.close()


def test_output_without_line_ends_is_rotated_too(folder):
    logs = Logs(folder, most_bytes=1000, keep=2)
    for _ in range(50):
        write(logs, "a", b"." * 100)
    assert all(path.stat().st_size <= 2200 for path in folder.iterdir())
    logs.close()


def test_a_full_disk_does_not_stop_anybody(folder):
    if not os.access("/dev/full", os.W_OK):
        pytest.skip("needs /dev/full")
    folder.mkdir()
    (folder / "a.log").symlink_to("/dev/full")
    logs, watched = Logs(folder), {}
    logs.attach(watched.__setitem__, watched.pop)
    write(logs, "a", b"lost\n")
    write(logs, "a", b"lost too\n")
    assert not readable(watched)
    logs.close()


@pytest.mark.parametrize(("wanted", "found"), [(0, []), (1, [5]), (3, [3, 4, 5]), (99, [1, 2, 3, 4, 5])])
def test_tail_reads_back_into_rotated_files(folder, wanted, found):
    folder.mkdir()
    (folder / "a.log.2").write_bytes(b"line 1\n")
    (folder / "a.log.1").write_bytes(b"line 2\nline 3\n")
    (folder / "a.log").write_bytes(b"line 4\nline 5\n")
    assert tail(folder / "a.log", wanted) == [b"line %d\n" % n for n in found]


def test_tail_of_a_long_file_and_of_none(folder):
    folder.mkdir()
    (folder / "a.log").write_bytes(b"".join(b"%099d\n" % n for n in range(5000)))
    assert tail(folder / "a.log", 1000) == [b"%099d\n" % n for n in range(4000, 5000)]
    assert tail(folder / "none.log", 10) == []


def test_follow_goes_on_over_rotations(folder):
    logs = Logs(folder, most_bytes=300, keep=100)
    write(logs, "a", b"before 1\nbefore 2\n")
    followed = follow(logs.path("a"), 1)
    assert next(followed) == b"before 2\n"
    assert next(followed) == b""
    seen = b""
    for n in range(30):
        write(logs, "a", b"%030d\n" % n)
        seen += b"".join(itertools.takewhile(bool, followed))
    assert seen == b"".join(b"%030d\n" % n for n in range(30))
    logs.close()


def test_follow_waits_for_the_first_output(folder):
    logs = Logs(folder)
    followed = follow(logs.path("a"), 10)
    assert next(followed) == b""
    write(logs, "a", b"hello\n")
    assert next(followed) == b"hello\n"
    logs.close()


def test_prefixes_stand_before_whole_lines():
    out = BytesIO()
    show = Prefixer(out)
    show("a", b"one\ntw")
    show("b", b"other\n")
    show("a", b"o\n\n")
    assert out.getvalue() == b"a: one\nb: other\na: two\na: \n"


def test_a_chatty_process_is_copied_whole(folder):
    logs = Logs(folder, most_bytes=3 << 20, keep=100)
    script = "import os\nfor n in range(20000): os.write(1, b'%099d\\n' % n)"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=logs.journal("a"))
    until(lambda: logs.pump() or process.poll() is not None, "the process to end", pause=0)
    logs.close()
    assert tail(folder / "a.log", 20000) == [b"%099d\n" % n for n in range(20000)]
