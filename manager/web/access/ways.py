"""How somebody is known who has no session here: by a token, by a proxy's word, by a network."""

import base64
import binascii
import logging

from ....worker.wire import API
from ...rules import deeds, tokens
from ...rules.access import Grant, Role
from ...rules.deeds import Deed
from ...rules.tasks import Refused
from ...rules.vouched import Vouched
from ...signin import Allowed
from ...storage import standing
from ...storage import tokens as kept_tokens
from ...storage.store import Store
from ..moments import Moment
from .callers import Call, Caller, Kind, Unknown
from .naming import is_own_name, own_names
from .peers import is_in

log = logging.getLogger(__name__)

# What submits jobs, beside what shows things: the calls of Flamenco's add-on.
SUBMITTING = frozenset({f"{API}/jobs", f"{API}/jobs/check"})

# As whom the proxy vouches for people.
PROXY = "the proxy"


# -- a token


def by_token(store: Store, call: Call) -> Caller | None:
    """Know a program by its token, as a bearer's or as a password; raises Unknown for one that holds no more."""
    text = token_in(call.headers.get("authorization", ""))
    if not text:
        return None
    if not tokens.is_token(text):
        raise Unknown("the token is not written as it was made; copy it again")
    holder = kept_tokens.known(store, text, call.address)
    if holder is None:
        raise Unknown("the token is not known here; make another one")
    token = holder.token
    if token.revoked_at is not None:
        raise Unknown(f'the token "{token.name}" was revoked; make another one')
    if not token.holds(store.clock()):
        raise Unknown(
            f'the token "{token.name}" ended on {Moment(token.expires_at, store.clock()).full}; make another one'
        )
    return Caller(f"{token.owner} (token {token.name})", Kind.TOKEN, holder.grants, token.id)


def token_in(header: str) -> str:
    """Return the token in an Authorization header; empty where there is none, as with what a proxy's Basic has."""
    scheme, _, said = header.partition(" ")
    words = [said.strip()]
    if scheme.lower() == "basic":
        try:
            words = base64.b64decode(said, validate=True).decode().split(":", 1)
        except (binascii.Error, UnicodeDecodeError):
            return ""
    elif scheme.lower() != "bearer":
        return ""
    return next((word for word in reversed(words) if word.startswith(tokens.PREFIX)), "")


# -- the word of a proxy


def by_proxy(store: Store, call: Call) -> Caller | None:
    """Know a person by the header of a trusted proxy; raises Unknown for who is not let in. Ignores it from others."""
    login, peer = store.settings.proxy_login, call.peer
    if login is None:
        return None
    if peer.pretends:
        _note_pretender(store, peer.address, login.header)
        return None
    if not peer.person:
        return None
    try:
        found = standing.admit(store, Vouched(PROXY, peer.person, peer.person, peer.groups), login.roles)
    except Refused as error:
        raise Unknown(str(error)) from None
    # A browser sends by itself what the proxy knows it by: its unsafe requests have to prove that they are meant.
    return Caller(found.name, Kind.PERSON, found.grants, found.id, f"proxy {found.id}")


def _note_pretender(store: Store, address: str, header: str) -> None:
    log.warning("ignoring %s of %s, which is not in trusted_proxies, or was passed on", header, address)
    why = f"sent {header}, and is no trusted proxy"
    standing.note(store, Deed(deeds.SIGN_IN_FAILED, "nobody", detail={"why": why}), address)


# -- a network


def by_network(store: Store, call: Call) -> Caller | None:
    """Know a program by its network, for the calls of Flamenco's operator API; raises Unknown for what is none."""
    opened = store.settings.open_networks
    if not is_opened(call.path) or not is_in(call.address, opened.networks):
        return None
    if doubt := doubts(call, store.settings.host_names):
        raise Unknown(doubt)
    operates = opened.allow is Allowed.OPERATE or (opened.allow is Allowed.SUBMIT and call.path in SUBMITTING)
    name, role = f"{call.address} (not signed in)", Role.OPERATOR if operates else Role.VIEWER
    standing.note(store, Deed(deeds.NETWORK_USED, name, detail={"allow": opened.allow.value}), call.address)
    return Caller(name, Kind.NETWORK, (Grant(role),))


def is_opened(path: str) -> bool:
    """Say whether a path is one of the operator API's that Flamenco has too."""
    return path.startswith(f"{API}/") and not path.startswith(f"{API}/worker/")


def doubts(call: Call, host_names: tuple[str, ...]) -> str:
    """Say why a caller may be none of its network, if so: a page of another site, or somebody behind a proxy."""
    if call.headers.get("origin") or call.headers.get("sec-fetch-site", "none") != "none":
        return "pages of browsers have to sign in: this network is open to programs only"
    if not is_own_name(call.headers.get("host", ""), own_names(host_names)):
        return "this network is open to those who call the manager by its address or a name in host_names"
    if call.peer.speaks_for_others and call.peer.address == call.address:
        return "somebody calls through a proxy that does not say who; name it in trusted_proxies, or sign in"
    return ""
