"""Sends a message by e-mail."""

import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import Any

from .post import Unsent, reason
from .rules import messages
from .targets import SECURITY, Mailbox, Smtp

# How long each step may take, in seconds.
PATIENCE = 10.0


def send(smtp: Smtp, box: Mailbox, id: str, message: Mapping[str, Any], seconds: float) -> str:
    """Send a message and say how it went; seconds: since the epoch. Raises Unsent."""
    try:
        with _server(smtp) as server:
            refused = server.send_message(written(smtp, box, id, message, seconds), smtp.sender, box.to)
    except smtplib.SMTPResponseException as error:
        raise Unsent(f"the mail server answered {error.smtp_code}") from None
    except smtplib.SMTPNotSupportedError as error:
        raise Unsent(f"the mail server lacks what is needed: {error}") from None
    except smtplib.SMTPRecipientsRefused:
        raise Unsent("the mail server refused all addresses") from None
    except OSError as error:  # as all of smtplib's are
        raise Unsent(f"the mail server: {reason(error)}") from None
    return f"refused for {', '.join(refused)}" if refused else "taken by the mail server"


def written(smtp: Smtp, box: Mailbox, id: str, message: Mapping[str, Any], seconds: float) -> EmailMessage:
    """Make the e-mail; its id is that of the message, so that the same one sent twice is known for what it is."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = messages.subject(message)
    mail["From"] = smtp.sender
    mail["To"] = ", ".join(box.to)
    mail["Date"] = formatdate(seconds)
    mail["Message-ID"] = f"<{id}@{smtp.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_shown(messages.text(message)))
    return mail


def _shown(text: str) -> str:
    lines = ("".join(each if each.isprintable() else "\ufffd" for each in line) for line in text.splitlines())
    return "\n".join(lines) + "\n"


@contextmanager
def _server(smtp: Smtp) -> Iterator[smtplib.SMTP]:
    port = smtp.port or SECURITY[smtp.security]
    context = ssl.create_default_context()
    if smtp.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(smtp.host, port, timeout=PATIENCE, context=context)
    else:
        server = smtplib.SMTP(smtp.host, port, timeout=PATIENCE)
    with server:
        if smtp.security == "starttls":
            server.starttls(context=context)
        if smtp.user:
            server.login(smtp.user, smtp.password())
        yield server
