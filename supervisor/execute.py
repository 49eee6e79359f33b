"""From a service and one of its commands to the platform's order to start it."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping

from ..units.grammar import STATUSES
from ..units.quoting import expand
from ..units.spec import Command, Service
from .platforms import Order

# Returns the descriptor that a service's output is written to; it stays the caller's.
Journal = Callable[[str], int | None]

_NO_GROUP, _NO_USER = STATUSES["GROUP"], STATUSES["USER"]
_STREAM_CODES = {
    "StandardInput": STATUSES["STDIN"],
    "StandardOutput": STATUSES["STDOUT"],
    "StandardError": STATUSES["STDERR"],
}
_MODES = {
    "file": os.O_WRONLY | os.O_CREAT,
    "append": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "truncate": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
}


@contextlib.contextmanager
def order(service: Service, command: Command, env: Mapping[str, str], mark: str, journal: Journal) -> Iterator[Order]:
    """Give the order for one command; the files opened for it are closed at the end."""
    argv = expand(command, env)
    program = find_program(command.words[0], env.get("PATH", os.defpath))
    if command.argv0 is None:
        argv[0] = program
    privileged = command.privilege in ("+", "!", "!!")
    with contextlib.ExitStack() as opened:
        (stdin, stdout, stderr), refused = _streams(service, journal, opened)
        yield Order(
            program=program,
            argv=argv,
            env=env,
            mark=mark,
            cwd=service.working_directory.path if service.working_directory else None,
            cwd_optional=service.working_directory is not None and service.working_directory.optional,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            user=None if privileged else service.user,
            group=None if privileged else service.group,
            supplementary_groups=() if privileged else service.supplementary_groups,
            umask=service.umask,
            nice=service.nice,
            cpu_policy=service.cpu_scheduling_policy,
            cpu_priority=service.cpu_scheduling_priority,
            cpu_reset_on_fork=service.cpu_scheduling_reset_on_fork,
            cpus=service.cpu_affinity,
            io_class=service.io_scheduling_class,
            io_priority=service.io_scheduling_priority,
            oom_score_adjust=service.oom_score_adjust,
            ignore_sigpipe=service.ignore_sigpipe,
            limits={name: (limit.soft, limit.hard) for name, limit in service.limits.items()},
            refused=refused or (_unknown_account(service) if privileged else None),
        )


def _unknown_account(service: Service) -> tuple[int, str] | None:
    """Say whose account is missing: a command that keeps the supervisor's user is refused as any other."""
    import grp  # neither is on Windows, where no service has a user of its own
    import pwd

    user, groups = service.user, (service.group, *service.supplementary_groups)
    try:
        if user and not user.isdigit():
            pwd.getpwnam(user)
    except KeyError:
        return _NO_USER, f"there is no user {user!r}"
    for group in filter(None, groups):
        try:
            grp.getgrgid(int(group)) if group.isdigit() else grp.getgrnam(group)
        except KeyError:
            return _NO_GROUP, f"there is no group {group!r}"
    return None


def find_program(name: str, path: str) -> str:
    """Return the path of a program. One without a slash is looked for beside the running Python, then in PATH.

    One that is not there keeps its name, for the system to refuse.
    """
    if os.sep in name:
        return name
    for folder in (os.path.dirname(sys.executable), *path.split(os.pathsep)):
        found = os.path.join(folder, name)
        if os.access(found, os.X_OK) and not os.path.isdir(found):
            return found
    return name


def _streams(
    service: Service, journal: Journal, opened: contextlib.ExitStack
) -> tuple[tuple[int | None, int | None, int | None], tuple[int, str] | None]:
    """Open the standard streams, None being the null device; or say which one cannot be, and the exit code for it."""
    streams: list[int | None] = []
    settings = (service.standard_input, service.standard_output, service.standard_error)
    for name, setting in zip(_STREAM_CODES, settings, strict=True):
        kind, _, path = setting.partition(":")
        try:
            if kind == "inherit":
                streams.append(streams[-1] if streams else None)
            elif kind in _MODES:
                fd = os.open(path, (_MODES[kind] if streams else os.O_RDONLY) | os.O_CLOEXEC, 0o666)
                opened.callback(os.close, fd)
                streams.append(fd)
            else:
                streams.append(journal(service.name) if streams and kind != "null" else None)
        except OSError as error:
            return (None, None, None), (_STREAM_CODES[name], f"cannot open {name}={setting}: {error.strerror}")
    return (streams[0], streams[1], streams[2]), None
