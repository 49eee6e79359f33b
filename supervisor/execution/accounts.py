"""Whose account a service runs under; systemd.exec(5), "User/Group Identity". No service on Windows has one."""

import os

from ...units.light import Any
from ...units.spec import Service
from ...units.statuses import STATUSES

_NOBODY = 65534


class NoAccount(Exception):
    """Which account there is not, and the exit code that stands for it."""

    def __init__(self, status: str, words: str) -> None:
        super().__init__(words)
        self.code = STATUSES[status]


def user_of(service: Service) -> str | None:
    """Return the user to run as, by name or number; with DynamicUser= it has the service's name if no other."""
    if service.user is None and service.dynamic_user:
        return service.name.partition("@")[0]
    return service.user


def entry_of(user: str) -> Any | None:
    """Return the entry of a user in the system's list, None if there is none."""
    import pwd

    try:
        return pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user)
    except KeyError:
        return None


def home_of(service: Service) -> str | None:
    """Return the home of its user, None if there is no user, or it lives nowhere."""
    user = user_of(service)
    entry = entry_of(user) if user is not None else None
    return None if entry is None or lives_nowhere(entry) else str(entry.pw_dir)


def lives_nowhere(entry: Any) -> bool:
    """Say whether a user has no home to speak of; systemd, src/basic/user-util.c, USER_CREDS_CLEAN."""
    return entry.pw_uid == _NOBODY or entry.pw_dir in ("", "/")


def ids_of(service: Service) -> tuple[int, int]:
    """Return the ids of its user and group, our own for what is not set. Raises NoAccount.

    A number needs an entry as a name does, as with systemd.
    """
    user, (uid, gid) = user_of(service), _own_ids()
    if user is not None:
        entry = entry_of(user)
        if entry is None:
            raise NoAccount("USER", f"there is no user {user!r}{_HOW if service.dynamic_user else ''}")
        uid, gid = entry.pw_uid, entry.pw_gid
    groups = [_group_id(name) for name in filter(None, (service.group, *service.supplementary_groups))]
    return uid, groups[0] if service.group else gid


def may_give_away() -> bool:
    """Say whether files may be made another's."""
    return _own_ids()[0] == 0


def _own_ids() -> tuple[int, int]:
    """Return who this process is; -1 where users have no numbers."""
    return (os.geteuid(), os.getegid()) if hasattr(os, "geteuid") else (-1, -1)


_HOW = ", and Farmhand makes none for DynamicUser=: make one, or set User="


def _group_id(name: str) -> int:
    import grp

    try:
        return (grp.getgrgid(int(name)) if name.isdigit() else grp.getgrnam(name)).gr_gid
    except KeyError:
        raise NoAccount("GROUP", f"there is no group {name!r}") from None
