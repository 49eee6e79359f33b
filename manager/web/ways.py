"""How somebody is known who has not signed in here: by a network, by the word of a proxy.

None is ambient by oversight: what a browser sends by itself has to come from a page of ours.
"""

from ...worker.wire import API
from ..rules.access import Grant, Role
from ..signin import Allowed
from ..storage.store import Store
from .callers import Call, Caller, Kind, Unknown
from .naming import is_own_name, own_names
from .peers import is_in

# What submits jobs, beside what shows things: the calls of Flamenco's add-on.
SUBMITTING = frozenset({f"{API}/jobs", f"{API}/jobs/check"})


def by_network(store: Store, call: Call) -> Caller | None:
    """Know a program by its network, for the calls of Flamenco's operator API; raises Unknown for what is none."""
    opened = store.settings.open_networks
    if not is_opened(call.path) or not is_in(call.address, opened.networks):
        return None
    if doubt := doubts(call, store.settings.host_names):
        raise Unknown(doubt)
    operates = opened.allow is Allowed.OPERATE or (opened.allow is Allowed.SUBMIT and call.path in SUBMITTING)
    role = Role.OPERATOR if operates else Role.VIEWER
    return Caller(f"{call.address} (not signed in)", Kind.NETWORK, (Grant(role),))


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
