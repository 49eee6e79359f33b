"""What somebody may do, as forms ask for it and pages say it: a role, and for an operator perhaps only some tags."""

from collections.abc import Sequence
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from ...rules.access import Grant, Role, called, limitable
from ...rules.tags import Tag

# What each role may do, for people who choose one.
ROLES = {
    Role.VIEWER: "sees everything, changes nothing",
    Role.OPERATOR: "acts on workers and jobs, submits jobs",
    Role.ADMIN: "lets people in, and everything else",
}


class BadGrant(Exception):
    """A form asks for what cannot be granted; the text says what is wrong, as a sentence."""


@dataclass(frozen=True)
class Chosen:
    """What a form shows as chosen."""

    role: str = Role.OPERATOR.value
    tags: frozenset[str] = frozenset()


def chosen(grants: Sequence[Grant]) -> Chosen:
    """Return what a form shows for somebody who may do this."""
    roles = [grant.role for grant in grants]
    highest = max(roles, key=list(Role).index, default=Role.OPERATOR)
    tags = frozenset(grant.tag for grant in grants if grant.role is highest and grant.tag is not None)
    everywhere = any(grant.role is highest and grant.tag is None for grant in grants)
    return Chosen(highest.value, frozenset() if everywhere else tags)


def read(form: MultiDict[str, str], tags: Sequence[Tag]) -> tuple[Grant, ...]:
    """Return what a form asks for; raises BadGrant."""
    role, names = read_role(form.get("role", "")), {tag.id: tag.name for tag in tags}
    wanted = list(dict.fromkeys(form.getlist("tag")))
    if missing := [tag for tag in wanted if tag not in names]:
        raise BadGrant(f"There is no tag {missing[0][:100]} any more.")
    if wanted and not limitable(role):
        raise BadGrant(f"Tags do not limit {_article(role)}: choose operator, or no tags.")
    return tuple(Grant(role, tag, names[tag]) for tag in wanted) or (Grant(role),)


def read_role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise BadGrant("Choose a role: viewer, operator or admin.") from None


def words(grants: Sequence[Grant]) -> str:
    """Say what somebody may do, for a table: "operator of gpu, night"."""
    return called(grants).partition(" ")[2] if grants else "nothing"


def _article(role: Role) -> str:
    return f"{'an' if role is Role.ADMIN else 'a'} {role.value}"
