"""E-mail over TLS to a real mail server: it is who its certificate says, and nobody else is told anything."""

import email
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from certificates import certificate
from farm import free_port

from farmhand.manager.mail import send
from farmhand.manager.post import Unsent
from farmhand.manager.storage import outbox
from farmhand.manager.targets import Mailbox, Smtp

KIM = Mailbox("people", ("worker.lost",), ("kim@example.org",))
MESSAGE = outbox.message("Farmhand", [outbox.test(1_700_000_000_000, "kim")], "0:0")


class Box:
    """What a mail server was told; words: names and passwords."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.words: list[tuple[bytes, bytes]] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        self.got.append(envelope)
        return "250 OK"

    def check(self, _server: object, _session: object, _envelope: object, _way: str, said: Any) -> AuthResult:
        self.words.append((said.login, said.password))
        return AuthResult(success=said.password == b"correct", handled=False)


@contextmanager
def mail_server(folder: Path, security: str, host: str = "localhost") -> Iterator[tuple[Smtp, Box]]:
    """Run a mail server that wants a password, and tells its certificate at once (tls) or when asked (starttls)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(folder, host))
    at_once: dict[str, Any] = {"ssl_context": context, "auth_require_tls": False}
    when_asked: dict[str, Any] = {"tls_context": context, "require_starttls": True, "auth_required": True}
    box, port = Box(), free_port()
    how = at_once if security == "tls" else when_asked
    server = Controller(box, hostname="localhost", port=port, authenticator=box.check, **how)
    (folder / "password").write_text("correct\n")
    server.start()
    try:
        yield Smtp("localhost", "farm@example.org", security, port, "farm", str(folder / "password")), box
    finally:
        server.stop()


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "localhost.pem"))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_an_e_mail_goes_over_tls_with_a_name_and_a_password(tmp_path, security):
    with mail_server(tmp_path, security) as (smtp, box):
        assert send(smtp, KIM, "msg_1", MESSAGE, 1_700_000_000) == "taken by the mail server"
    assert box.words == [(b"farm", b"correct")]
    [envelope] = box.got
    assert (envelope.mail_from, envelope.rcpt_tos) == ("farm@example.org", ["kim@example.org"])
    got = email.message_from_bytes(envelope.content, policy=default)
    assert got["Subject"] == "[Farmhand] Test"


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_server_that_nobody_vouches_for_gets_no_password(tmp_path, security):
    untrusted = pytest.raises(Unsent, match="its certificate is not to be trusted: self-signed certificate")
    with mail_server(tmp_path, security) as (smtp, box), untrusted:
        send(smtp, KIM, "msg_1", MESSAGE, 0)
    assert (box.words, box.got) == ([], [])


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_of_another_host_is_none(tmp_path, monkeypatch, security):
    with mail_server(tmp_path, security, "mail.example.org") as (smtp, box):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "mail.example.org.pem"))
        with pytest.raises(Unsent, match="its certificate is not to be trusted: Hostname mismatch"):
            send(smtp, KIM, "msg_1", MESSAGE, 0)
    assert (box.words, box.got) == ([], [])


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_told_by_its_code(tmp_path):
    with mail_server(tmp_path, "starttls") as (smtp, box):
        (tmp_path / "password").write_text("wrong")
        with pytest.raises(Unsent, match=r"^the mail server answered 535$"):
            send(smtp, KIM, "msg_1", MESSAGE, 0)
    assert box.got == []


def test_a_server_that_is_not_there_or_has_no_tls_is_said_in_words():
    plain, port = Controller(Box(), hostname="localhost", port=free_port()), free_port()
    with pytest.raises(Unsent, match=r"^the mail server: the connection failed: Connection refused$"):
        send(Smtp("localhost", "farm@example.org", "starttls", port), KIM, "msg_1", MESSAGE, 0)
    plain.start()
    try:
        with pytest.raises(Unsent, match=r"^the mail server lacks what is needed: STARTTLS extension not supported"):
            send(Smtp("localhost", "farm@example.org", "starttls", plain.port), KIM, "msg_1", MESSAGE, 0)
    finally:
        plain.stop()
