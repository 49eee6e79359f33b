"""How the first admin gets in: by a link that is told to whoever starts the manager."""

from .storage import people, sessions
from .storage.store import Store
from .web.access.loginpages import WELCOME


def first_link(store: Store, url: str) -> str | None:
    """Return a new link by which somebody becomes the first admin; None where somebody is, or nobody has to be.

    url: where this machine reaches the manager.
    """
    if store.settings.without_login:
        return None
    with store.database.write() as change:
        if people.admins(change.connection):
            return None
        return f"{url.rstrip('/')}{WELCOME}/{sessions.make_link_within(change, None)}"
