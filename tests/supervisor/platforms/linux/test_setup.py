"""What an ordinary user may have set up, and what not: as under `systemd --user`."""

import grp  # noqa: F401  (what the steps import, before somebody who may read less takes them)
import os
import pwd
import resource  # noqa: F401
from collections.abc import Callable

import needs
import pytest

from farmhand.supervisor.platforms import setup
from farmhand.units.grammar import LIMITS

NOBODY = pwd.getpwnam("nobody")


def as_nobody(step: Callable[[str], None], value: str) -> bool:
    """Take a step in a child that is nobody; say whether it was allowed."""
    pid = os.fork()
    if pid == 0:
        code = 2
        try:
            os.setgroups([])
            os.setgid(NOBODY.pw_gid)
            os.setuid(NOBODY.pw_uid)
            step(value)
            code = 0
        except PermissionError:
            code = 1
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, 1)
    return code == 0


@needs.as_root
@pytest.mark.parametrize(
    ("step", "value", "allowed"),
    [
        (setup.set_nice, "5", True),
        (setup.set_nice, "-5", True),
        (setup.set_group, "nobody::", True),
        (setup.set_group, "nobody::daemon", False),
        (setup.set_group, "::daemon", False),
        (setup.set_group, ":daemon:", False),
        (setup.set_group, "daemon::", False),
        (setup.join_groups, "nobody::", True),
        (setup.join_groups, "daemon::", False),
        (setup.set_user, "nobody", True),
        (setup.set_user, "daemon", False),
    ],
)
def test_what_an_ordinary_user_may(step: Callable[[str], None], value: str, allowed: bool) -> None:
    assert as_nobody(step, value) is allowed


def test_each_limit_has_a_number() -> None:
    assert all(isinstance(setup.limit_number(name), int) for name in LIMITS)
