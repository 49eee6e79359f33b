"""Whom somebody else vouches for: what they may do here, by their groups, and how they are called. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .access import Grant, Role

# A group that everybody is in whom a provider or a proxy vouches for.
EVERYBODY = "*"

# A name is not cut shorter than people are known by.
LONGEST_NAME = 100


@dataclass(frozen=True)
class Granted:
    """What the members of a group may do: a role, an operator's perhaps only for some tags, by name."""

    role: Role
    tags: tuple[str, ...] = ()


Roles = Mapping[str, Granted]


@dataclass(frozen=True)
class Vouched:
    """Somebody whom another vouches for. issuer and subject say for good who it is; a name may be somebody else's."""

    issuer: str
    subject: str
    name: str
    groups: tuple[str, ...] = ()


def grants(groups: Sequence[str], roles: Roles, tags: Mapping[str, str]) -> tuple[Grant, ...]:
    """Return what the members of these groups may do; nothing where none of them has a role.

    tags: ids by name. A tag that there is not limits to nothing.
    """
    given = [roles[group] for group in (*groups, EVERYBODY) if group in roles]
    found = [grant for each in given for grant in _each(each, tags)]
    return tuple(dict.fromkeys(found))


def _each(given: Granted, tags: Mapping[str, str]) -> Sequence[Grant]:
    if not given.tags:
        return [Grant(given.role)]
    return [Grant(given.role, tags[name], name) for name in given.tags if name in tags]


def texts(claims: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """Return the texts at a place in claims: at "a.b" as one claim of that name, else at b in a; one or a list."""
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for name in path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
    several = found if isinstance(found, list) else [found]
    return tuple(each for each in several if isinstance(each, str) and each)


def vouched(issuer: str, claims: Mapping[str, Any], person: str, groups: str) -> Vouched:
    """Return whom an issuer's claims are about; person and groups: where the name and the groups are."""
    named = [*texts(claims, person), *texts(claims, "name"), *texts(claims, "email"), claims["sub"]]
    return Vouched(issuer, claims["sub"], named[0].strip()[:LONGEST_NAME], texts(claims, groups))
