"""What a message looks like where it arrives, and that the reference tells it as it is."""

import json
import re
from pathlib import Path

import pytest

from farmhand.manager import targets
from farmhand.manager.document import parse
from farmhand.manager.rules import messages, notices
from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.notices import TOPICS, Happened, Notice, notice, pause, summary
from farmhand.manager.storage.outbox import message

DOCS = Path(__file__).parents[3] / "docs"
LOST = Happened(7, 1_700_000_000_000, Kind.WORKER_LOST, {"from": "awake", "silent": 15_000}, "id-1", "node-1")


def block(page, language):
    [found] = re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    return found


def lost(count):
    return [Notice("worker.lost", 1_700_000_000_000 + n, n, "was lost", f"id-{n}", f"node-{n}") for n in range(count)]


def test_the_receiver_of_the_reference_knows_what_is_genuine():
    receiver: dict[str, object] = {}
    exec(block("reference/notices.md", "python"), receiver)
    body, secret, now = messages.body(message("Farmhand", lost(2), "0:0"), "json"), b"x" * 32, 1_700_000_000

    def is_genuine(body=body, secret=secret, later=0, **headers):
        sent = {**messages.signed("msg_1", now, body, b"x" * 32), **headers}
        return receiver["is_genuine"](sent, body, secret, now=lambda: now + later)

    assert is_genuine()
    assert is_genuine(
        **{"webhook-signature": f"v1,other {messages.signed('msg_1', now, body, secret)['webhook-signature']}"}
    )
    assert not is_genuine(body=body + b" ", **messages.signed("msg_1", now, body, secret))
    assert not is_genuine(secret=b"y" * 32)
    assert not is_genuine(later=301)
    assert not is_genuine(**{"webhook-id": "msg_2"})
    assert not is_genuine(**{"webhook-timestamp": str(now + 1)})


def test_the_body_is_as_the_reference_shows_it():
    said = messages.as_json(message("Farmhand", [notice(LOST), *lost(1)], "0:0"))
    shown = json.loads(block("reference/notices.md", "json"))

    def shape(it):
        return {key: shape(each) for key, each in it.items()} if isinstance(it, dict) else type(it)

    assert shape(said) == {**shape(shown), "data": {**shape(shown["data"]), "counts": {"worker.lost": int}}}
    assert shape(said["data"]["notices"][0]) == shape(shown["data"]["notices"][0])
    assert said["data"]["notices"][0]["text"] == shown["data"]["notices"][0]["text"]


def test_the_settings_of_the_guide_are_taken(tmp_path):
    guide = (DOCS / "how-to/notices.md").read_text(encoding="utf-8")
    text = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)[0].replace("/etc/farmhand", tmp_path.as_posix())
    (tmp_path / "operators.url").write_text("https://chat.example.org/hooks/abc\n")
    for name in ("pager.secret", "mail.password"):
        (tmp_path / name).write_text("0123456789abcdef0123456789abcdef\n")
    document = parse(tmp_path / "manager.yaml", text)
    found = targets.read(document, ("notices",), document.value["notices"])
    assert [target.name for target in found.to] == ["operators", "pager", "night-shift"]


def test_every_event_that_can_be_asked_for_is_in_the_guide():
    guide = (DOCS / "how-to/notices.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([\w.-]+)` \|", guide, re.MULTILINE)) == TOPICS.keys() - {"test"}


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        (LOST, "node-1 was lost: nothing was heard of it for 15 s; if it had a task, that is queued again"),
        (Happened(1, 0, Kind.WORKER_BACK, {"to": "awake"}, "id", "node-1"), "node-1 is heard of again"),
        (
            Happened(1, 0, Kind.WORKER_REGISTERED, {"name": "node-9", "waiting": True}, "id"),
            "node-9 wants to join",
        ),
        (Happened(1, 0, Kind.WORKER_REGISTERED, {"name": "node-9"}, "id"), None),
        (
            Happened(
                1, 0, Kind.TICKET_ENDED, {"verb": "start", "outcome": "failed", "text": "no such unit"}, "id", "node-1"
            ),
            "node-1 could not be started by its agent: no such unit",
        ),
        (Happened(1, 0, Kind.TICKET_ENDED, {"verb": "start", "outcome": "done", "text": ""}, "id", "node-1"), None),
        (
            Happened(1, 0, Kind.ROLLOUT_WORKER, {"to": "failed", "why": "it did not come back"}, "id", "node-1"),
            "node-1 failed in a rolling action: it did not come back",
        ),
        (Happened(1, 0, Kind.ROLLOUT_WORKER, {"to": "done", "why": ""}, "id", "node-1"), None),
        (Happened(1, 0, Kind.ROLLOUT_STATUS, {"to": "halted", "why": "2 failed"}), "a rolling action halted: 2 failed"),
        (Happened(1, 0, Kind.ROLLOUT_STATUS, {"to": "done", "why": ""}), None),
    ],
)
def test_an_event_is_told_in_a_sentence_or_not_at_all(happened, said):
    found = notice(happened)
    assert (found and found.sentence) == said
    assert found is None or found.topic in TOPICS


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "Worker lost: node-0"),
        (3, "3 workers lost: node-0, node-1, node-2"),
        (200, "200 workers lost: node-0, node-1, node-2 and 197 more"),
    ],
)
def test_a_summary_names_the_first_and_counts_the_rest(count, said):
    assert summary(lost(count)) == said


def test_a_message_is_tried_less_and_less_often():
    assert [pause(attempts, 0.5) for attempts in (1, 2, 3, 9, 10, 10_000)] == [
        10_000, 20_000, 40_000, 2_560_000, 3_600_000, 3_600_000,
    ]  # fmt: skip
    assert (pause(1, 0.0), pause(1, 1.0)) == (5_000, 15_000)


def test_all_events_that_are_looked_for_are_told():
    assert {kind.value.partition(".")[0] for kind in notices.KINDS} == {"worker", "ticket", "rollout"}
