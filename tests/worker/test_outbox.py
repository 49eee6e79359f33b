import pytest

from farmhand.worker import outbox as module
from farmhand.worker.outbox import LARGEST, MOST_PIECES, InUse, Outbox


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
