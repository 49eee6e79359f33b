"""Who is told of events: messages that are made once, delivered once, signed, tried again, and given up."""

import base64
import email
import json
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from farm import free_port
from polling import until
from pretended import awake
from receiver import receiving
from stores import DIALECTS, Clock, beside, opened

from farmhand.manager import notify
from farmhand.manager.config import Settings
from farmhand.manager.post import Unsent
from farmhand.manager.rules import messages
from farmhand.manager.rules.crashloop import Limit
from farmhand.manager.rules.notices import GATHER, LASTING
from farmhand.manager.storage import leases, outbox
from farmhand.manager.targets import Mailbox, Notices, Smtp, Webhook

LOST = ("worker.lost",)
SECRET = b"a secret of thirty-two bytes, so"


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def hook(receiver, tmp_path):
    (tmp_path / "secret").write_text(f"whsec_{base64.b64encode(SECRET).decode()}\n")
    return Webhook("operators", (*LOST, "worker.crash-loop"), receiver.url, "json", str(tmp_path / "secret"))


@pytest.fixture(params=DIALECTS)
def store(request, tmp_path, clock, hook):
    settings = Settings(
        without_login=True,
        notices=Notices((hook,), allow=("127.0.0.0/8",), crash_loop=Limit(3, 600_000)),
    )
    with opened(request.param, tmp_path / "data", clock, settings) as store:
        yield store


def lose(store, clock, *names):
    workers = [awake(store, name) for name in names]
    clock.passes(3600)
    for worker in workers:
        assert leases.lose(store, worker.id) == worker.name


def gather(store, since=0):
    return outbox.gather(store, store.settings.notices.topics, since)


def deliver(store, hook):
    due = outbox.claim(store, hook.name)
    assert due is not None
    notify.deliver(store, hook, due)
    return outbox.newest_first(store)[0]


def test_many_that_are_lost_at_once_are_one_message(store, clock, hook, receiver):
    lose(store, clock, *(f"node-{n}" for n in range(210)))
    clock.passes(GATHER / 1000)
    assert gather(store).made == 1
    assert deliver(store, hook).outcome == "it answered 204"
    [got] = receiver.got
    said = json.loads(got.body)
    assert said["data"]["counts"] == {"worker.lost": 210}
    assert said["data"]["summary"] == "210 workers lost: node-0, node-1, node-2 and 207 more"
    assert (len(said["data"]["notices"]), said["data"]["left_out"]) == (200, 10)
    assert said["data"]["notices"][0]["worker"]["name"] == "node-0"
    assert outbox.claim(store, hook.name) is None, "it is delivered"


def test_what_happens_is_gathered_for_a_while_first(store, clock):
    lose(store, clock, "node-1")
    looked = gather(store)
    assert (looked.made, looked.due) == (0, clock.now + GATHER)
    clock.passes(GATHER / 1000)
    assert gather(store, looked.seq).made == 1
    assert gather(store).made == 0, "it was told"


def test_a_message_is_signed_as_standard_webhooks_says(store, clock, hook, receiver):
    outbox.add_test(store, hook.name, "kim")
    deliver(store, hook)
    [got] = receiver.got
    assert got.headers["webhook-id"].startswith("msg_")
    assert got.headers["webhook-timestamp"] == str(clock.now // 1000)
    expected = messages.signed(got.headers["webhook-id"], clock.now // 1000, got.body, SECRET)
    assert got.headers["webhook-signature"] == expected["webhook-signature"]
    assert base64.b64encode(SECRET) not in got.body


def test_what_fails_is_tried_again_with_the_same_id_and_body_until_it_is_taken(store, clock, hook, receiver):
    receiver.answers = [500, 503, 204]
    outbox.add_test(store, hook.name, "kim")
    pauses = []
    for outcome in ("it answered 500", "it answered 503"):
        shown = deliver(store, hook)
        assert shown.outcome == outcome
        assert outbox.claim(store, hook.name) is None, "not at once"
        pauses.append(shown.due_at - clock.now)
        clock.now = shown.due_at
    assert deliver(store, hook).delivered_at == clock.now
    assert 5_000 <= pauses[0] <= 15_000
    assert 10_000 <= pauses[1] <= 30_000
    assert len({(got.headers["webhook-id"], got.body) for got in receiver.got}) == 1
    assert len({got.headers["webhook-timestamp"] for got in receiver.got}) == 3


def test_it_is_given_up_after_a_day_and_can_be_tried_again(store, clock, hook, receiver):
    receiver.answers = [500]
    id = outbox.add_test(store, hook.name, "kim")
    began = clock.now
    while (shown := deliver(store, hook)).due_at is not None:
        clock.now = shown.due_at
    assert LASTING - 2 * 3600_000 < clock.now - began <= LASTING
    assert 24 < shown.attempts < 60
    receiver.answers = [204]
    assert outbox.again(store, id)
    assert deliver(store, hook).delivered_at is not None
    assert not outbox.again(store, id), "it is delivered"


def test_a_hook_that_is_gone_is_given_up_at_once(store, hook, receiver):
    receiver.answers = [410]
    outbox.add_test(store, hook.name, "kim")
    assert deliver(store, hook).due_at is None


def test_who_dies_in_the_middle_of_a_try_leaves_it_to_another(store, clock, hook):
    outbox.add_test(store, hook.name, "kim")
    assert outbox.claim(store, hook.name) is not None
    assert outbox.claim(store, hook.name) is None, "somebody has it"
    clock.passes(outbox.LEASE / 1000)
    assert outbox.claim(store, hook.name) is not None


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_of_two_managers_one_makes_the_message_and_one_delivers_it(store, clock, hook):
    lose(store, clock, "node-1")
    clock.passes(GATHER / 1000)
    with beside(store) as other:
        assert gather(store).made + gather(other).made == 1
        assert [outbox.claim(each, hook.name) is not None for each in (store, other)] == [True, False]


def test_what_was_long_ago_is_not_told(store, clock):
    lose(store, clock, "node-1")
    clock.passes(LASTING / 1000 + 1)
    assert gather(store).made == 0
    assert outbox.newest_first(store) == []


def test_a_worker_that_restarts_again_and_again_is_told_of(store, clock, hook, receiver):
    worker = awake(store, "node-1")
    for _ in range(4):
        clock.passes(60)
        worker.sign_on()
    clock.passes(GATHER / 1000)
    assert gather(store).made == 1
    assert deliver(store, hook).summary == "Worker in a crash loop: node-1"
    [told] = json.loads(receiver.got[0].body)["data"]["notices"]
    assert told["text"] == "node-1 restarted 3 times within 10 min, and nobody asked for it"


def test_a_running_manager_tells_by_itself(store, clock, receiver):
    lose(store, clock, "node-1")
    clock.passes(GATHER / 1000)
    with notify.notifying(store):
        until(lambda: receiver.got, "the message to arrive")
        until(lambda: outbox.newest_first(store)[0].delivered_at, "it to be noted")
    assert len(receiver.got) == 1


class Box:
    """What a mail server keeps of what it is sent."""

    def __init__(self):
        self.got = []

    async def handle_DATA(self, server, session, envelope):
        self.got.append(envelope)
        return "250 OK"


@pytest.fixture
def mail_server():
    box = Box()
    port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield Smtp("127.0.0.1", "farm@example.org", "none", port), box
    finally:
        controller.stop()


HOSTILE = "node\r\nBcc: everybody@example.org\r\n\r\n\x1b[31m<script>\u202e\0"
PEOPLE = Mailbox("people", LOST, ("kim@example.org", "robin@example.org"))


def message(text, farm="Farmhand"):
    return {
        **outbox.message(farm, [outbox.test(1_700_000_000_000, "kim")], "0:0"),
        "summary": text,
        "notices": [{"event": "test", "at": 1_700_000_000_000, "seq": 1, "text": text, "worker": None}],
    }


def test_an_e_mail_says_what_happened_and_no_name_becomes_a_header(mail_server):
    smtp, box = mail_server
    outcome = notify.send(Notices((PEOPLE,), smtp), PEOPLE, "msg_1", message(HOSTILE, HOSTILE), 1_700_000_000_000)
    assert outcome == "taken by the mail server"
    [envelope] = box.got
    assert envelope.rcpt_tos == list(PEOPLE.to)
    got = email.message_from_bytes(envelope.content, policy=default)
    assert "Bcc" not in got
    assert got["Subject"].startswith("[node Bcc: everybody@example.org")
    assert got["Message-ID"] == "<msg_1@example.org>"
    assert (got["Auto-Submitted"], got.get_content_type()) == ("auto-generated", "text/plain")
    for hidden in ("\x1b", "\u202e", "\0"):
        assert hidden not in got.get_content() + got["Subject"]


def test_a_mail_server_without_tls_is_sent_no_password(mail_server, tmp_path):
    smtp, box = mail_server
    (tmp_path / "password").write_text("secret")
    with_password = Smtp(smtp.host, smtp.sender, "starttls", smtp.port, "farm", str(tmp_path / "password"))
    with pytest.raises(Unsent, match="the mail server lacks what is needed"):
        notify.send(Notices((PEOPLE,), with_password), PEOPLE, "msg_1", message("hello"), 0)
    assert box.got == []


@pytest.mark.parametrize(("form", "field"), [("slack", "text"), ("mattermost", "text"), ("discord", "content")])
def test_a_chat_gets_a_line_that_calls_nobody(form, field):
    said = json.loads(messages.body(message("<!channel> @everyone " + "x" * 5000), form))
    assert len(said[field]) < 2000 + 100
    assert "<!channel>" not in said[field] or form != "slack"
    assert form != "discord" or said["allowed_mentions"] == {"parse": []}
    assert form != "mattermost" or all(line.startswith("    ") for line in said[field].splitlines())
