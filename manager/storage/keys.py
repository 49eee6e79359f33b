"""Secrets that all managers of a farm have in common, made by the first that needs one."""

import secrets

from sqlalchemy import insert, select

from .store import Store
from .tables import secret

# What signs the sessions of browsers: whoever answers the next request has to read what the last answer said.
SESSIONS = "sessions"


def shared(store: Store, name: str) -> str:
    """Return the secret of this name, 256 random bits in hexadecimal."""
    query = select(secret.c.value).where(secret.c.name == name)
    with store.database.write() as change:
        found: str | None = change.connection.execute(query).scalar()
        if found is None:
            found = secrets.token_hex(32)
            change.connection.execute(insert(secret).values(name=name, value=found))
    return found
