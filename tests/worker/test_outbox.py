import pytest

from farmhand.worker import outbox as module
from farmhand.worker.outbox import BROKEN, LARGEST, MOST_PIECES, NAME, InUse, Outbox


@pytest.fixture
def outbox(tmp_path):
    box = Outbox(tmp_path)
    yield box
    box.close()


def deliver_all(outbox):
    delivered = []
    while report := outbox.first():
        delivered.append((report.task, dict(report.body)))
        outbox.drop(report)
    return delivered


def test_reports_leave_in_the_order_in_which_they_came(outbox):
    reports = [("a", {"taskStatus": "active"}), ("a", {"log": "1\n"}), ("a", {"taskStatus": "completed"}), ("b", {})]
    for task, body in reports:
        outbox.put(task, body)
    assert outbox.waiting
    assert deliver_all(outbox) == reports
    assert not outbox.waiting


def test_output_that_waits_is_put_together(outbox):
    for line in ("1\n", "2\n", "3\n"):
        outbox.put("a", {"log": line, "attempt": 1})
    outbox.put("a", {"log": "4\n", "attempt": 2})
    outbox.put("b", {"log": "5\n", "attempt": 2})
    outbox.put("b", {"log": "6\n", "taskStatus": "failed"})
    outbox.put("b", {"log": "7\n"})
    assert [body["log"] for _, body in deliver_all(outbox)] == ["1\n2\n3\n", "4\n", "5\n", "6\n", "7\n"]


def test_but_not_without_limit(outbox):
    for _ in range(MOST_PIECES + 1):
        outbox.put("a", {"log": "x"})
    for _ in range(4):
        outbox.put("a", {"log": "y" * (LARGEST - 100)})
    sizes = [len(body["log"]) for _, body in deliver_all(outbox)]
    assert sizes[0] == MOST_PIECES
    assert max(sizes) < 3 * LARGEST


def test_a_report_that_comes_while_another_is_on_its_way_is_not_lost(outbox):
    outbox.put("a", {"log": "1\n"})
    sent = outbox.first()
    outbox.put("a", {"log": "2\n"})
    outbox.drop(sent)
    assert outbox.waiting
    assert deliver_all(outbox) == [("a", {"log": "2\n"})]


def test_reports_outlast_the_process(tmp_path):
    first = Outbox(tmp_path)
    first.put("a", {"log": "kept \u00fc\x00\n"})
    first.close()
    second = Outbox(tmp_path)
    assert second.waiting
    assert deliver_all(second) == [("a", {"log": "kept \u00fc\x00\n"})]
    second.close()


def test_a_folder_has_one_outbox(outbox, tmp_path):
    with pytest.raises(InUse, match="give each its own --data"):
        Outbox(tmp_path)
    outbox.put("a", {})
    assert outbox.waiting


def test_a_flood_is_cut_but_nothing_else_is_lost(outbox, monkeypatch):
    monkeypatch.setattr(module, "MOST_LOG", 1000)
    for _ in range(100):
        outbox.put("a", {"log": "x" * 100, "attempt": 1})
    outbox.put("a", {"taskStatus": "completed", "attempt": 1})
    delivered = deliver_all(outbox)
    text = "".join(body.get("log", "") for _, body in delivered)
    assert text.endswith("could not be reached for too long]\n")
    assert text.count("[output is left out") == 1
    assert len(text) < 2000
    assert delivered[-1][1]["taskStatus"] == "completed"
    outbox.put("a", {"log": "again"})
    assert deliver_all(outbox) == [("a", {"log": "again"})]


def has_no_room(outbox):
    """Let the file of an outbox grow no more, as on a full disk."""
    (pages,) = outbox._db.execute("PRAGMA page_count").fetchone()
    outbox._db.execute(f"PRAGMA max_page_count = {pages}")


def has_room(outbox):
    outbox._db.execute("PRAGMA max_page_count = 1000000")


def test_where_the_disk_is_full_reports_wait_in_memory_and_leave_in_order(outbox, caplog):
    outbox.put("a", {"log": "on disk\n"})
    has_no_room(outbox)
    sent = [f"{number}" + "x" * 1000 for number in range(20)]
    for text in sent:
        outbox.put("a", {"log": text})
    has_room(outbox)
    outbox.put("a", {"taskStatus": "completed"})
    assert caplog.messages == ["reports are kept in memory until the manager has them: database or disk is full"]
    delivered = deliver_all(outbox)
    assert "".join(body.get("log", "") for _, body in delivered) == "on disk\n" + "".join(sent)
    assert delivered[-1] == ("a", {"taskStatus": "completed"})
    outbox.put("b", {"log": "on disk again"})
    assert not outbox._in_memory
    assert deliver_all(outbox) == [("b", {"log": "on disk again"})]


def test_memory_takes_no_flood(outbox, monkeypatch):
    monkeypatch.setattr(module, "MOST_IN_MEMORY", 10_000)
    has_no_room(outbox)
    for _ in range(100):
        outbox.put("a", {"log": "x" * 1000})
    outbox.put("a", {"taskStatus": "completed"})
    delivered = deliver_all(outbox)
    text = "".join(body.get("log", "") for _, body in delivered)
    assert len(text) < 20_000
    assert text.endswith("could not be reached for too long]\n")
    assert delivered[-1] == ("a", {"taskStatus": "completed"})


def test_a_file_that_cannot_be_read_is_put_aside(tmp_path, caplog):
    (tmp_path / NAME).write_bytes(b"no database at all" * 1000)
    box = Outbox(tmp_path)
    box.put("a", {"log": "1"})
    assert deliver_all(box) == [("a", {"log": "1"})]
    box.close()
    assert "is put aside as farmhand-worker.sqlite.broken: its reports are lost" in caplog.text
    assert (tmp_path / BROKEN).read_bytes().startswith(b"no database")


def test_a_file_with_a_broken_page_is_put_aside(tmp_path):
    box = Outbox(tmp_path)
    for _ in range(100):
        box.put("a", {"log": "x" * 2000})
    box.close()
    content = bytearray((tmp_path / NAME).read_bytes())
    content[20_000:60_000] = b"\xff" * 40_000
    (tmp_path / NAME).write_bytes(content)
    again = Outbox(tmp_path)
    assert not again.waiting
    again.close()


def test_the_processes_of_a_folder_keep_their_name(tmp_path):
    marks = []
    for folder in ("a", "a", "b"):
        (tmp_path / folder).mkdir(exist_ok=True)
        box = Outbox(tmp_path / folder)
        marks.append(box.mark)
        box.close()
    assert marks[0] == marks[1] != marks[2]


def test_less_can_be_asked_for_at_once(outbox):
    for letter in "abcd":
        outbox.put("t", {"log": letter * 100})
    whole = outbox.first()
    assert whole.kept == 4
    assert [outbox.first(whole.size // 2).kept, outbox.first(1).kept] == [2, 1]
