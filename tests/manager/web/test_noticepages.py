"""The page of notices: whom the settings name, what became of messages, a test, and another try."""

import pytest
from receiver import receiving

from farmhand.manager import notify
from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.storage import audit, outbox
from farmhand.manager.storage.outbox import Delivery
from farmhand.manager.storage.store import Store
from farmhand.manager.targets import Notices, Webhook
from farmhand.manager.web.audit.noticepages import delivery_row


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


@pytest.fixture
def store(tmp_path, receiver):
    (tmp_path / "secret").write_text("a secret of thirty-two bytes, so")
    hook = Webhook("ops", ("worker.lost",), f"{receiver.url}/T0/secret-path", "json", str(tmp_path / "secret"))
    opened = Store(tmp_path / "data", Settings(without_login=True, notices=Notices((hook,), allow=("127.0.0.0/8",))))
    yield opened
    opened.close()


@pytest.fixture
def client(store):
    return create_app(store).test_client()


@pytest.mark.parametrize(
    ("attempts", "due_at", "delivered_at", "state"),
    [
        (0, 0, None, "waiting"),
        (1, 60_000, None, "1 try, next in 1 min"),
        (2, 60_000, None, "2 tries, next in 1 min"),
        (1, None, 5, "delivered"),
        (2, None, 5, "delivered, 2 tries"),
        (9, None, None, "given up"),
    ],
)
def test_what_became_of_a_message(attempts, due_at, delivered_at, state):
    it = Delivery("1", "ops", 0, "", {}, attempts, 0, due_at, None, "", delivered_at)
    assert delivery_row(it, now=0).state == state


def deliver(store):
    [hook] = store.settings.notices.to
    notify.deliver(store, hook, outbox.claim(store, hook.name))


def test_it_says_who_is_told_of_what_and_keeps_the_secret_part_of_an_address(client):
    shown = client.get("/notices").text
    for text in ("ops", "webhook, json", "worker lost", "http://127.0.0.1:", "5 restarts of a worker within 10 min"):
        assert text in shown
    assert "secret-path" not in shown


def test_a_test_is_sent_like_any_other_and_its_outcome_is_shown(client, store, receiver):
    assert client.post("/notices/test", data={"target": "ops"}).headers["Location"] == "/notices"
    assert "waiting" in client.get("/notices").text
    deliver(store)
    assert len(receiver.got) == 1
    shown = client.get("/notices").text
    assert "delivered" in shown
    assert "it answered 204" in shown
    assert [row.what for row in audit.in_order(store.database, 10)] == ["notice.tested"]
    assert client.post("/notices/test", data={"target": "nobody"}).status_code == 404


def test_what_was_given_up_can_be_tried_again(client, store, receiver):
    receiver.answers = [410]
    client.post("/notices/test", data={"target": "ops"})
    deliver(store)
    shown = client.get("/notices").text
    assert "given up" in shown
    assert "Try again" in shown
    [given_up] = outbox.newest_first(store)
    client.post("/notices/again", data={"delivery": given_up.id})
    assert "It is tried again." in client.get("/notices").text
    assert "Try again" not in client.get("/notices").text
    client.post("/notices/again", data={"delivery": given_up.id})
    assert "It is not given up" in client.get("/notices").text
