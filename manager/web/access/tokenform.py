"""What a new token is to be, read from a form or a call, and what its maker may make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...rules import tokens as rules
from ...rules.access import Grant, Need, Role, limitable, may
from ...rules.passwords import refuse_name
from ...rules.tokens import Scope
from ...storage import tags, tokens
from ...storage.store import Store
from ...storage.tokens import Made
from .callers import Caller, Kind

NEEDS = {Role.VIEWER: Need.VIEW, Role.OPERATOR: Need.OPERATE, Role.ADMIN: Need.ADMIN}


class BadToken(Exception):
    """A token that cannot be made as it was asked for; the text says why."""


@dataclass(frozen=True)
class Wanted:
    """What somebody wants: days is how long it is to hold."""

    name: str
    role: Role
    tags: tuple[str, ...]
    days: int


def make(store: Store, me: Caller, person_id: str, wanted: Wanted) -> Made:
    """Make a token for a person; raises BadToken for more than its maker may do now.

    A token makes others only for an admin: they would outlive it, and who revokes one that leaked means all of it.
    """
    if me.kind is Kind.TOKEN and not me.may(Need.ADMIN).granted:
        raise BadToken("A token makes no tokens; sign in to make one")
    if wrong := refuse_name(wanted.name):
        raise BadToken(wrong)
    if not 1 <= wanted.days <= rules.MOST_DAYS:
        raise BadToken(f"A token holds for 1 to {rules.MOST_DAYS} days")
    names = {tag.id: tag.name for tag in tags.every(store)}
    _check_tags(wanted, names)
    scope = Scope(wanted.role, wanted.tags)
    if not may(me.grants, NEEDS[wanted.role]).granted:
        raise BadToken(f"You cannot make a token for more than you may do: {wanted.role.value}")
    if beyond := _beyond(me.grants, wanted, names):
        raise BadToken(f"You cannot make a token for more than you may do: the tag {beyond}")
    lifetime = wanted.days * rules.DAY_MS
    if me.kind is Kind.TOKEN:
        lifetime = min(lifetime, tokens.one(store, me.id).expires_at - store.clock())
    return tokens.make(store, person_id, wanted.name.strip(), scope, lifetime, me.name)


def owner_of(store: Store, me: Caller) -> str | None:
    """Return whose tokens a caller's are: a person's own, or those of the owner of the token that calls."""
    if me.kind is Kind.PERSON:
        return me.id
    return tokens.one(store, me.id).person_id if me.kind is Kind.TOKEN else None


def roles_for(grants: Sequence[Grant]) -> list[Role]:
    """Return the roles that a token of somebody with these grants can be made for."""
    return [role for role in Role if may(grants, NEEDS[role]).granted]


def _check_tags(wanted: Wanted, names: Mapping[str, str]) -> None:
    if missing := [tag for tag in wanted.tags if tag not in names]:
        raise BadToken(f"There is no tag {missing[0][:100]}")
    if wanted.tags and not limitable(wanted.role):
        raise BadToken("Tags limit an operator only: choose operator, or no tags")


def _beyond(grants: Sequence[Grant], wanted: Wanted, names: Mapping[str, str]) -> str:
    """Name a tag for which the token is to do what its maker may not; empty without one."""
    if wanted.role is not Role.OPERATOR:
        return ""
    return next((names[tag] for tag in wanted.tags if not may(grants, Need.OPERATE, {tag}).granted), "")
