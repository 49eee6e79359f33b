"""What a process of a service finds in its environment; systemd.exec(5), "Environment"."""

import errno
import os
from collections.abc import Mapping

from ...units.spec import Service
from ..platforms import AROUND, MARK
from ..rules import notify, watchdog
from ..rules.life import Life, Slot, Spawn
from . import accounts, credentials, folders
from .opening import without_waiting

# The supervisor's own dealings with whoever runs it, and what it alone sets: none of it is for children.
_NOT_INHERITED = frozenset(
    {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", MARK, AROUND}
    | {"MAINPID", "SERVICE_RESULT", "EXIT_CODE", "EXIT_STATUS", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID"}
    | {f"MONITOR_{name}" for name in ("SERVICE_RESULT", "EXIT_CODE", "EXIT_STATUS", "INVOCATION_ID", "UNIT")}
)
_TOLD_RESULT = frozenset({"ExecStop", "ExecStopPost"})
_TOLD_TRIGGER = frozenset({"ExecStartPre", "ExecStart"})
_ON_TERMINALS = frozenset({"tty", "tty-force", "tty-fail", "journal+console", "kmsg+console"})


def base(own: Mapping[str, str], default: Mapping[str, str]) -> dict[str, str]:
    """Return what every service starts from: DefaultEnvironment, under the supervisor's own environment."""
    return {**default, **{name: value for name, value in own.items() if name not in _NOT_INHERITED}}


def compose(service: Service, common: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process. own: the variables of this very start.

    Raises OSError for an EnvironmentFile= that cannot be read and is not optional.
    """
    passed = {name: os.environ[name] for name in service.pass_environment if name in os.environ}
    search = {"PATH": os.pathsep.join(service.exec_search_path)} if service.exec_search_path else {}
    env = {**common, **own, **search, **passed, **service.environment}
    for file in service.environment_file:
        env.update(_read_files(file.path, optional=file.optional))
    for gone in service.unset_environment:
        name, assigned, value = gone.partition("=")
        if not assigned or env.get(name) == value:
            env.pop(name, None)
    return env


def of_start(
    service: Service,
    life: Life,
    order: Spawn,
    bases: Mapping[str, str],
    *,
    main_pid: int,
    notify_address: str | None,
    invocation: str,
) -> dict[str, str]:
    """Return the variables that tell a process of the run it belongs to. main_pid: 0 if there is none alive."""
    own = {MARK: invocation, **folders.variables(service, bases), **_of_home(service), **_of_user(service)}
    own |= _of_terminal(service)
    if service.has_credentials:
        own["CREDENTIALS_DIRECTORY"] = credentials.folder(service, bases)
    seconds = watchdog.interval(service, life.watchdog_sec)
    starts = order.directive == "ExecStart"  # the main process, or the one that leaves it behind
    if notify_address is not None and notify.may_tell(service, "main" if starts else "control"):
        own["NOTIFY_SOCKET"] = notify_address
    if seconds is not None and starts:
        own["WATCHDOG_USEC"] = str(round(seconds * 1e6))
    if main_pid and order.slot is Slot.CONTROL:
        own["MAINPID"] = str(main_pid)
    if service.pid_file:
        own["PIDFILE"] = service.pid_file
    if service.restart_mode == "debug" and life.restarts:
        own["DEBUG_INVOCATION"] = "1"
    if order.directive in _TOLD_RESULT:
        own.update(_of_result(life))
    return own


def _of_result(life: Life) -> dict[str, str]:
    """Return what tells how a service's run has gone so far."""
    told = {"SERVICE_RESULT": life.result.value}
    if life.exit is not None:
        killed = "dumped" if life.exit.dumped else "killed"
        told["EXIT_CODE"] = "exited" if life.exit.signal is None else killed
        told["EXIT_STATUS"] = (life.exit.signal or str(life.exit.code)).removeprefix("SIG")
    return told


def of_trigger(order: Spawn, name: str, life: Life, invocation: str) -> dict[str, str]:
    """Return what tells a process of the one service that may have triggered its own by OnFailure= or OnSuccess=."""
    if order.directive not in _TOLD_TRIGGER:
        return {}
    told = {**_of_result(life), "UNIT": f"{name}.service", **({"INVOCATION_ID": invocation} if invocation else {})}
    return {f"MONITOR_{variable}": value for variable, value in told.items()}


def _of_terminal(service: Service) -> dict[str, str]:
    """Return what the terminal is that a service has to do with (systemd, src/core/execute.c, build_environment)."""
    streams = {service.standard_input, service.standard_output, service.standard_error}
    if service.tty_path is None and streams.isdisjoint(_ON_TERMINALS):
        return {}
    virtual = (service.tty_path or "").removeprefix("/dev/tty").isdecimal()
    return {"TERM": "linux" if virtual else "vt220"}


def _of_home(service: Service) -> dict[str, str]:
    """WorkingDirectory=~ brings a home, also where there is no user to have one (systemd, src/core/execute.c)."""
    folder = service.working_directory
    return {"HOME": os.path.expanduser("~")} if folder is not None and folder.path == "~" else {}


def _of_user(service: Service) -> dict[str, str]:
    """Return what tells a process who it is; a user that does not exist is the platform's to refuse."""
    user = (
        accounts.user_of(service) or str(os.geteuid()) if service.set_login_environment else accounts.user_of(service)
    )
    entry = accounts.entry_of(user) if user is not None and service.set_login_environment is not False else None
    if entry is None:
        return {}
    told = {"USER": entry.pw_name, "LOGNAME": entry.pw_name, "HOME": entry.pw_dir, "SHELL": entry.pw_shell}
    nowhere = {
        "HOME": accounts.lives_nowhere(entry),
        "SHELL": not entry.pw_shell or entry.pw_shell.endswith(("/nologin", "/false", "/true")),
    }
    return {name: value for name, value in told.items() if not nowhere.get(name)}


def _read_files(pattern: str, *, optional: bool) -> dict[str, str]:
    import glob  # few services have such files, and it takes memory

    from ...units import environment_file

    paths = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]
    found: dict[str, str] = {}
    if not paths and not optional:
        raise FileNotFoundError(2, "no such environment file", pattern)
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="surrogateescape", newline="", opener=without_waiting) as file:
                text = file.read()
            if "\0" in text:
                raise OSError(errno.EBADMSG, "there is a NUL character in the environment file", path)
            found.update(environment_file.parse(text, _ignore))
        except OSError:
            if not optional:
                raise
    return found


def _ignore(problem: str, hint: str) -> None:
    """Pass over a line that makes no sense, as systemd does."""
