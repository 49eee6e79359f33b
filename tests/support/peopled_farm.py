"""A farm in which people sign in: who they are, from where, and what tokens their programs have."""

from farmhand.manager.config import Settings
from farmhand.manager.rules.access import EVERYWHERE, Grant, Role
from farmhand.manager.rules.tokens import DAY_MS, Scope
from farmhand.manager.rules.vouched import Granted, Vouched
from farmhand.manager.signin import Oidc, OpenNetworks
from farmhand.manager.storage import people, sessions, standing, tags, tokens
from farmhand.manager.storage.store import Store

ROLES = {"wranglers": Granted(Role.OPERATOR)}
PROVIDER = Oidc("https://id.example.org/realms/farm", "farmhand", ROLES, "Nightjar Pictures")

PEOPLED = Settings(shared_storage_path="/farm", open_networks=OpenNetworks(("10.20.0.0/16",)))
PROVIDED = Settings(shared_storage_path="/farm", oidc=PROVIDER)

LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
MACOS = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36"


def settle(store: Store, long: str, hostile: str) -> tuple[dict[str, str], str]:
    """Make people and tokens; return ids by the names of people, and what the cookie of an admin's browser has."""
    gpu, night = tags.add(store, "gpu", "", "kim"), tags.add(store, "night shift", "", "kim")
    kim = people.add(store, "kim", EVERYWHERE, "kim", "$argon2id$none")
    limited = [Grant(Role.OPERATOR, gpu.id), Grant(Role.OPERATOR, night.id)]
    lee = people.add(store, "lee", limited, "kim", "$argon2id$none")
    for name in (long, hostile):
        people.add(store, name[:60], [Grant(Role.VIEWER)], "kim")
    off = people.add(store, "max", [Grant(Role.OPERATOR)], "kim")
    standing.turn_off(store, off.id, "kim")
    standing.admit(store, Vouched(PROVIDER.issuer, "248289", "robin", ("wranglers",)), ROLES)
    begun = sessions.begin(store, kim.id, "10.20.4.14", LINUX, stays=True, way="password")
    for agent in (MACOS, ""):
        sessions.begin(store, kim.id, "2001:db8::1428:57ab", agent, stays=False, way="password")
    sessions.begin(store, lee.id, "10.20.4.15", MACOS, stays=False, way="password")
    used = tokens.make(store, kim.id, "nightly submitter", Scope(Role.OPERATOR, (gpu.id, night.id)), 90 * DAY_MS, "kim")
    tokens.known(store, used.text, "10.20.4.7")
    tokens.make(store, kim.id, long[:60], Scope(Role.ADMIN), 2 * DAY_MS, "kim")
    tokens.make(store, lee.id, hostile, Scope(Role.VIEWER), 30 * DAY_MS, "lee")
    tokens.revoke(store, tokens.make(store, kim.id, "old", Scope(Role.VIEWER), DAY_MS, "kim").token.id, "kim")
    return {"kim": kim.id, "lee": lee.id, "max": off.id}, begun.secret
