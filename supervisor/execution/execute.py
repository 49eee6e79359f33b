"""From a service and one of its commands to the platform's order to start it."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping

from ...units.errors import BadValue
from ...units.light import dataclass
from ...units.spec import Service
from ...units.statuses import STATUSES
from ...units.variables import expand
from ..platforms import Order, limits
from ..rules.life import Spawn
from . import accounts, credentials, folders, resources
from .streams import CannotOpen, Journal, Streams, open_streams


@dataclass(frozen=True)
class Premises:
    """What every command finds. bases: specifier -> the folder it stands for; path: where programs are looked for.

    files: the limit of open files that this process was started with, soft and hard. impossible: see Platform.
    """

    journal: Journal
    bases: Mapping[str, str]
    path: str = os.defpath
    files: tuple[int, int] | None = None
    impossible: Callable[[Service], tuple[int, str] | None] = lambda service: None


@contextlib.contextmanager
def order(
    service: Service, spawn: Spawn, env: Mapping[str, str], mark: str, premises: Premises, gate: int | None = None
) -> Iterator[Order]:
    """Give the order for one command; the files opened for it are closed at the end. gate: see Order.

    Its folders and credentials are made on the way. What is refused stands in the order; OSError says that
    there is nothing to start.
    """
    command, starts = spawn.command, spawn.directive == "ExecStart"
    confined = command.privilege != "+" and (starts or not service.permissions_start_only)
    own_user = confined and command.privilege != "!"
    root = service.root_directory if service.root_directory != "/" else None
    chroot = root if starts or not service.root_directory_start_only else None
    argv = expand(command, env)
    program = find_program(command.words[0], _search(service, premises), chroot or "")
    if command.argv0 is None:
        argv[0] = program
    with contextlib.ExitStack() as opened:
        streams, refused = _prepare(service, spawn, premises, opened)
        user = accounts.user_of(service)
        yield Order(
            program=program,
            argv=argv,
            env=env,
            mark=mark,
            unit=service.name,
            cwd=_folder(service, root if chroot is None else None),
            cwd_optional=service.working_directory is not None and service.working_directory.optional,
            stdin=streams.stdin,
            stdout=streams.stdout,
            stderr=streams.stderr,
            terminal=streams.terminal,
            root=chroot,
            bare_root=_is_bare(service),
            user=user,
            group=service.group,
            supplementary_groups=service.supplementary_groups,
            keeps_user=not own_user,
            umask=service.umask,
            nice=service.nice,
            cpu_policy=service.cpu_scheduling_policy,
            cpu_priority=service.cpu_scheduling_priority,
            cpu_reset_on_fork=service.cpu_scheduling_reset_on_fork,
            cpus=resources.cpus_of(service),
            io_class=service.io_scheduling_class,
            io_priority=service.io_scheduling_priority,
            oom_score_adjust=service.oom_score_adjust,
            coredump_filter=service.coredump_filter,
            timer_slack=service.timer_slack_nsec,
            personality=service.personality,
            ignore_sigpipe=service.ignore_sigpipe,
            no_new_privileges=confined and service.no_new_privileges,
            limits={name: (limit.soft, limit.hard) for name, limit in service.limits.items()} if confined else {},
            files=limits.files_of_service(premises.files) if confined and premises.files else premises.files,
            gate=gate,
            refused=refused,
        )


def _prepare(
    service: Service, spawn: Spawn, premises: Premises, opened: contextlib.ExitStack
) -> tuple[Streams, tuple[int, str] | None]:
    """Open the streams, make folders and credentials; or say what keeps the command from starting.

    The order of the steps is systemd's: the first that fails gives the exit code.
    """
    streams = Streams()
    if impossible := _impossible(service, spawn) or premises.impossible(service):
        return streams, impossible
    try:
        ids = accounts.ids_of(service)
        streams = open_streams(service, spawn.directive, premises.journal, opened)
        if folders.wanted(service) or service.has_credentials:
            owner = ids if accounts.may_give_away() else None
            folders.make(service, premises.bases, owner)
            credentials.write(service, spawn.directive, premises.bases, owner)
    except (accounts.NoAccount, CannotOpen, folders.CannotMake) as problem:
        return streams, (problem.code, str(problem))
    return streams, None


def _impossible(service: Service, spawn: Spawn) -> tuple[int, str] | None:
    """Say which directive the service cannot do without, and cannot have here."""
    if not service.kept:
        return None
    from ...units import known  # few services need it, and it takes memory

    for line in service.kept:
        status, words = known.REFUSED.get(line.key, ("", ""))
        if status and (status != "CREDENTIALS" or spawn.directive in credentials.WRITTEN_FOR):
            return STATUSES[status], f"{line.key}= ({line.path}:{line.line}): {words}"
    return None


def _is_bare(service: Service) -> bool:
    """Say whether systemd would mount nothing below the root directory: then another exit status is its refusal's."""
    said = [line.value for line in service.kept if line.key == "MountAPIVFS"]
    if not said:
        return False
    from ...units.grammar import parse_boolean

    try:
        return not parse_boolean(said[-1])
    except BadValue:
        return False


def _folder(service: Service, below: str | None) -> str | None:
    """Return the folder to run in: below the root directory for a command that is not confined to it.

    "~" is the home of User= also for a command that runs as somebody else.
    """
    inside = service.working_directory.path if service.working_directory else None
    if inside == "~":
        return accounts.home_of(service) or os.path.expanduser("~")
    return inside if below is None else below + (inside or "")


def _search(service: Service, premises: Premises) -> Iterator[str]:
    """Yield the folders of programs: ExecSearchPath=, else that of the running Python, then the usual ones."""
    yield from service.exec_search_path or (os.path.dirname(sys.executable), *premises.path.split(os.pathsep))


def find_program(name: str, search: Iterable[str], root: str = "") -> str:
    """Return the path of a program, as it is seen with `root` as /. One without a slash is looked for.

    One that is not there keeps its name, for the system to refuse.
    """
    if os.sep in name:
        return name
    for folder in search:
        found = os.path.join(root + folder, name)
        if os.access(found, os.X_OK) and not os.path.isdir(found):
            return found.removeprefix(root)
    return name
