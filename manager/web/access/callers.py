"""Who asks: what is known of the caller of a request, whichever way it became known."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from flask import g, has_request_context

from ...rules import access
from ...rules.access import EVERYWHERE, Grant, Need, Permission
from .peers import NOBODY, Peer


class Kind(Enum):
    """How a caller is known."""

    PERSON = "person"
    TOKEN = "token"
    NETWORK = "network"
    NOBODY_HAS_TO = "nobody-has-to"  # the manager runs without login
    STRANGER = "stranger"


@dataclass(frozen=True)
class Caller:
    """Who asks. name: what is written as "by"; id: of the person or token; session: the id of that of a browser.

    One with a session was brought by a cookie, which browsers send by themselves: it has to prove its unsafe requests.
    """

    name: str
    kind: Kind
    grants: Sequence[Grant] = ()
    id: str = ""
    session: str = ""

    def may(self, need: Need, tags: Collection[str] | None = access.ANYTHING) -> Permission:
        return access.may(self.grants, need, tags)

    @property
    def called(self) -> str:
        """Say what the caller is, as "an operator of gpu"."""
        return access.called(self.grants)

    @property
    def everywhere(self) -> bool:
        """Whether nothing limits what an operator may do to some tags."""
        return self.may(Need.OPERATE, access.FARM).granted


STRANGER = Caller("nobody", Kind.STRANGER)


@dataclass(frozen=True)
class Call:
    """A request as far as it tells who asks; of Flask's and of Starlette's alike. Header names may be in any case.

    counts: somebody did this, and not an open page by itself.
    """

    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    address: str
    path: str
    is_https: bool = False
    peer: Peer = NOBODY
    counts: bool = False


class Unknown(Exception):
    """The credentials that came along are nobody's, or are none any more; the text says why."""


def anybody(address: str) -> Caller:
    """Return who calls a manager that nobody has to sign in to."""
    return Caller(address or "unknown", Kind.NOBODY_HAS_TO, EVERYWHERE)


def caller() -> Caller:
    """Return who asks; STRANGER where nobody is known, as in what is rendered for all."""
    found: Caller = g.get("caller", STRANGER) if has_request_context() else STRANGER
    return found
