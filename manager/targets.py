"""Who is told of events, and how: the settings under notices:."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from . import fields
from .document import Document, Place
from .rules.crashloop import Limit
from .rules.notices import TOPICS

FORMS = ("json", "slack", "mattermost", "discord")

# How a mail server is spoken to, and at which port unless another is named.
SECURITY: Mapping[str, int] = {"starttls": 587, "tls": 465, "none": 25}

_PREFIX = "whsec_"
_ADDRESS = re.compile(r"[^\s@<>,;:\"\x00-\x1f\x7f-\x9f]+@[A-Za-z0-9.\[\]:-]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True)
class Webhook:
    """An address that is posted to. The URL may be a secret itself, as that of a chat is: it may be in a file."""

    name: str
    events: tuple[str, ...]
    url: str
    form: str = "json"
    secret_file: str = ""

    @property
    def where(self) -> str:
        """Name it without what may be secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}/…"

    def secret(self) -> bytes:
        """Return the key of the signature, as it is in the file now. Raises OSError."""
        text = Path(self.secret_file).read_text(encoding="utf-8").strip() if self.secret_file else ""
        return base64.b64decode(text.removeprefix(_PREFIX)) if text.startswith(_PREFIX) else text.encode()


@dataclass(frozen=True)
class Mailbox:
    """People who get an e-mail."""

    name: str
    events: tuple[str, ...]
    to: tuple[str, ...]

    @property
    def where(self) -> str:
        return ", ".join(self.to)


Target = Webhook | Mailbox


@dataclass(frozen=True)
class Smtp:
    """The mail server."""

    host: str
    sender: str
    security: str = "starttls"
    port: int = 0
    user: str = ""
    password_file: str = ""

    def password(self) -> str:
        return Path(self.password_file).read_text(encoding="utf-8").strip() if self.password_file else ""


@dataclass(frozen=True)
class Notices:
    """All of it. allow: networks that webhooks may reach though they are not public."""

    to: tuple[Target, ...] = ()
    smtp: Smtp | None = None
    allow: tuple[str, ...] = ()
    crash_loop: Limit = field(default_factory=Limit)

    @property
    def topics(self) -> dict[str, Sequence[str]]:
        """Return what each target is told, by its name."""
        return {target.name: target.events for target in self.to}


# -- reading them


def read(document: Document, place: Place, value: object) -> Notices:
    said = _mapping(document, place, value, ("to", "smtp", "webhooks", "crash_loop"))
    smtp = None if said.get("smtp") is None else _smtp(document, (*place, "smtp"), said["smtp"])
    webhooks = _mapping(document, (*place, "webhooks"), said.get("webhooks", {}), ("allow",))
    to = _mapping(document, (*place, "to"), said.get("to", {}), None)
    targets = tuple(_target(document, (*place, "to", name), name, each) for name, each in to.items())
    if smtp is None and any(isinstance(target, Mailbox) for target in targets):
        document.refuse((*place, "smtp"), "there is no mail server for e-mail", "write host: and sender: below smtp:")
    return Notices(
        to=targets,
        smtp=smtp,
        allow=fields.networks(document, (*place, "webhooks", "allow"), webhooks.get("allow", [])),
        crash_loop=_crash_loop(document, (*place, "crash_loop"), said.get("crash_loop", {})),
    )


def _target(document: Document, place: Place, name: str, value: object) -> Target:
    if not _NAME.fullmatch(name):
        document.refuse(place, f'"{name}" is no name', "write letters, digits, dots and dashes")
    said = _mapping(document, place, value, ("webhook", "webhook_file", "form", "secret_file", "email", "events"))
    events = _events(document, (*place, "events"), said.get("events"))
    ways = [key for key in ("webhook", "webhook_file", "email") if said.get(key) is not None]
    if len(ways) != 1:
        document.refuse(place, "it says not one way", "write one of webhook:, webhook_file: and email:")
    if ways == ["email"]:
        for key in ("form", "secret_file"):
            if key in said:
                document.refuse((*place, key), "an e-mail has none", "leave it out")
        return Mailbox(name, events, _addresses(document, (*place, "email"), said["email"]))
    return _webhook(document, place, Webhook(name, events, _url(document, place, said)), said)


def _webhook(document: Document, place: Place, made: Webhook, said: Mapping[str, object]) -> Webhook:
    form = said.get("form", made.form)
    if form not in FORMS:
        document.refuse((*place, "form"), f"{form!r} is not a form", f"write one of {', '.join(FORMS)}")
    if form != "json":
        return Webhook(made.name, made.events, made.url, str(form))
    where = (*place, "secret_file")
    if said.get("secret_file") is None:
        document.refuse(where, "nothing signs what is sent", "name a file with a secret, as `openssl rand -base64 32`")
    found = Webhook(made.name, made.events, made.url, form, fields.secret_file(document, where, said["secret_file"]))
    try:
        size = len(found.secret())
    except binascii.Error:
        document.refuse(where, "what follows whsec_ is not base64", "write the secret as it was given")
    if size < 16:
        document.refuse(where, f"a secret of {size} bytes can be guessed", "write one of 24 bytes or more")
    return found


def _url(document: Document, place: Place, said: Mapping[str, object]) -> str:
    if said.get("webhook_file") is not None:
        place = (*place, "webhook_file")
        url = Path(fields.secret_file(document, place, said["webhook_file"])).read_text(encoding="utf-8").strip()
    else:
        place = (*place, "webhook")
        url = fields.text(document, place, said["webhook"])
    if not _is_address(url):
        document.refuse(place, "it is no address of a webhook", "write it as https://hooks.example.org/farmhand")
    if "@" in urlsplit(url).netloc:
        document.refuse(place, "it has a name or a password in it", "leave it out; what is sent is signed")
    return url


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is none, or a bracket is missing
        return False
    return known and url.isascii() and url.isprintable() and " " not in url


def _events(document: Document, place: Place, value: object) -> tuple[str, ...]:
    known = [topic for topic in TOPICS if topic != "test"]
    found = fields.names(document, place, value, known[0])
    for index, event in enumerate(found):
        if event not in known:
            document.refuse((*place, index), f'"{event}" is nothing to be told of', f"write some of {', '.join(known)}")
    return found


def _addresses(document: Document, place: Place, value: object) -> tuple[str, ...]:
    found = fields.names(document, place, value, "kim@example.org")
    for index, address in enumerate(found):
        _address(document, (*place, index), address)
    return found


def _address(document: Document, place: Place, value: object) -> str:
    address = fields.text(document, place, value)
    if not _ADDRESS.fullmatch(address):
        document.refuse(place, f'"{address}" is no e-mail address', "write it as farm@example.org")
    return address


def _smtp(document: Document, place: Place, value: object) -> Smtp:
    said = _mapping(document, place, value, ("host", "port", "security", "user", "password_file", "sender"))
    security = said.get("security", "starttls")
    if security not in SECURITY:
        document.refuse((*place, "security"), f"{security!r} is not known", f"write one of {', '.join(SECURITY)}")
    user = said.get("user")
    if user is not None and security == "none":
        document.refuse((*place, "user"), "a password would be sent in the open", "write security: starttls or tls")
    password = said.get("password_file")
    if (user is None) != (password is None):
        document.refuse(place, "user and password_file belong together", "write both, or neither")
    return Smtp(
        host=fields.text(document, (*place, "host"), said.get("host")),
        sender=_address(document, (*place, "sender"), said.get("sender")),
        security=str(security),
        port=fields.count(document, (*place, "port"), said.get("port", SECURITY[str(security)])),
        user="" if user is None else fields.text(document, (*place, "user"), user),
        password_file="" if password is None else fields.secret_file(document, (*place, "password_file"), password),
    )


def _crash_loop(document: Document, place: Place, value: object) -> Limit:
    said = _mapping(document, place, value, ("restarts", "within"))
    default = Limit()
    within = fields.seconds(document, (*place, "within"), said.get("within", f"{default.within // 1000}s"))
    restarts = fields.count(document, (*place, "restarts"), said.get("restarts", default.restarts))
    return Limit(restarts, round(within * 1000))


def _mapping(document: Document, place: Place, value: object, known: Sequence[str] | None) -> Mapping[str, object]:
    if not isinstance(value, dict):
        document.refuse(place, "it must be a mapping", 'write lines of "name: value" below it')
    if known is not None:
        document.refuse_unknown(place, value, known)
    return value
