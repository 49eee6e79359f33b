"""Who may do what. Pure.

A grant is a role, everywhere or for what has one tag. To look, any grant is enough; to do something with workers or
jobs, one that covers their tags; what concerns the farm as a whole wants a grant that holds everywhere. Of the roles
only the operator's can be limited: viewers see everything anyway, and an admin could lift any limit.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """What a person or a token is to the farm; each may do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Need(Enum):
    """What a route asks of its caller."""

    OPEN = "open"  # nothing: anybody may call it
    WORKER = "worker"  # a worker's credentials
    AGENT = "agent"  # an agent's credentials
    VIEW = "view"
    OPERATE = "operate"
    ADMIN = "admin"


# Which roles meet a need.
MEETS: Mapping[Need, frozenset[Role]] = {
    Need.VIEW: frozenset(Role),
    Need.OPERATE: frozenset({Role.OPERATOR, Role.ADMIN}),
    Need.ADMIN: frozenset({Role.ADMIN}),
}

# The least role that meets a need, with its article.
_LEAST = {Need.VIEW: "a viewer", Need.OPERATE: "an operator", Need.ADMIN: "an admin"}

# Tags of what has none in particular: any grant will do.
ANYTHING = None
# Tags of the farm as a whole: only a grant that holds everywhere will do, as for a worker without tags.
FARM: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Grant:
    """A role, for what has the tag of this id or, without one, everywhere. name: the tag's, for people."""

    role: Role
    tag: str | None = None
    name: str = ""


@dataclass(frozen=True)
class Permission:
    """Whether somebody may do something; where not, why: the reason completes "you ..."."""

    granted: bool
    reason: str = ""


EVERYWHERE = (Grant(Role.ADMIN),)


def limitable(role: Role) -> bool:
    """Say whether a role can be granted for one tag only."""
    return role is Role.OPERATOR


def may(grants: Sequence[Grant], need: Need, tags: Collection[str] | None = ANYTHING) -> Permission:
    """Say whether these grants meet a need. tags: the ids of those that the worker or job concerned has."""
    if need is Need.OPEN:
        return Permission(True)
    enough = [grant for grant in grants if grant.role in MEETS.get(need, ())]
    if need is Need.VIEW or tags is None:
        covers = bool(enough)
    else:
        covers = any(grant.tag is None or grant.tag in tags for grant in enough)
    if covers:
        return Permission(True)
    return Permission(False, _limited(enough) if enough else _lacking(grants, need))


def _limited(grants: Sequence[Grant]) -> str:
    names = sorted(f'"{grant.name or grant.tag}"' for grant in grants)
    return f"are an operator only of what has the tag {' or '.join(names)}"


def _lacking(grants: Sequence[Grant], need: Need) -> str:
    if need not in MEETS:
        return f"have not the credentials of {'a worker' if need is Need.WORKER else 'an agent'}"
    return f"are {called(grants)}; this takes {_LEAST[need]}"


def called(grants: Sequence[Grant]) -> str:
    """Say what somebody with these grants is: "an admin", "an operator of gpu", "nobody who is known here"."""
    for role, article in ((Role.ADMIN, "an"), (Role.OPERATOR, "an"), (Role.VIEWER, "a")):
        of = [grant for grant in grants if grant.role is role]
        if of:
            limits = sorted(grant.name or str(grant.tag) for grant in of)
            limited = all(grant.tag is not None for grant in of)
            return f"{article} {role.value} of {', '.join(limits)}" if limited else f"{article} {role.value}"
    return "nobody who is known here"
