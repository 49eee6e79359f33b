"""What `show` says of commands: systemd's `{ path=… ; argv[]=… }`, with how each was last run."""

from collections.abc import Mapping

from ...units.light import dataclass
from ...units.spec import Command, Service
from ...units.statuses import signal_number
from .exitstatus import Exit
from .timestamps import timestamp

# Names of the prefixes, in systemd's order; src/core/execute.c, exec_command_flags_to_strv.
_FLAGS = {"+": "privileged", "!": "no-setuid", "!!": "ambient"}
_LISTS = {
    "ExecCondition": "exec_condition",
    "ExecStartPre": "exec_start_pre",
    "ExecStart": "exec_start",
    "ExecStartPost": "exec_start_post",
    "ExecReload": "exec_reload",
    "ExecStop": "exec_stop",
    "ExecStopPost": "exec_stop_post",
}


@dataclass(frozen=True)
class Ran:
    """How a command was last run. start, stop: seconds since the epoch, 0 for not yet."""

    pid: int = 0
    start: float = 0.0
    stop: float = 0.0
    exit: Exit | None = None


_NEVER = Ran()


def commands_shown(service: Service, ran: Mapping[tuple[str, Command], Ran]) -> dict[str, str]:
    """Return the Exec… properties; each line of a text is one command. ran: by directive and command."""
    shown = {}
    for name, field in _LISTS.items():
        commands: tuple[Command, ...] = getattr(service, field)
        last = [(command, ran.get((name, command), _NEVER)) for command in commands]
        if commands:
            shown[name] = "\n".join(_command(each, f"ignore_errors={_ignores(each)}", how) for each, how in last)
            shown[f"{name}Ex"] = "\n".join(_command(each, f"flags={_flags(each)}", how) for each, how in last)
    return shown


def exit_status(exit: Exit | None) -> int:
    """Return the exit code, or the number of the signal: ExecMainStatus= of `show`."""
    if exit is None or exit.lost:
        return 0
    return exit.code or 0 if exit.signal is None else signal_number(exit.signal)


def _command(command: Command, flags: str, ran: Ran) -> str:
    words = " ".join((command.argv0 or command.words[0], *command.words[1:]))
    start, stop = timestamp(ran.start) or "n/a", timestamp(ran.stop) or "n/a"
    return (
        f"{{ path={command.words[0]} ; argv[]={words} ; {flags} ; start_time=[{start}] ; stop_time=[{stop}]"
        f" ; pid={ran.pid} ; code={_code(ran.exit)} ; status={_status(ran.exit)} }}"
    )


def _ignores(command: Command) -> str:
    return "yes" if command.ignore_failure else "no"


def _flags(command: Command) -> str:
    flags = ["ignore-failure"] if command.ignore_failure else []
    flags += [_FLAGS[command.privilege]] if command.privilege else []
    return " ".join([*flags, *(["no-env-expand"] if command.literal else [])])


def _code(exit: Exit | None) -> str:
    if exit is None or exit.lost:
        return "(null)"
    return "exited" if exit.signal is None else "dumped" if exit.dumped else "killed"


def _status(exit: Exit | None) -> str:
    if exit is None or exit.lost:
        return "0/0"
    number = exit_status(exit)
    return str(number) if exit.signal is None else f"{number}/{exit.signal.removeprefix('SIG')}"
