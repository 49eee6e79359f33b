"""The service that runs a worker, made for that very worker, with a reason for each directive.

Nothing of the worker's own is known here but its command line; which restart codes make sense
is the worker's to say.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from .command_line import simplify
from .dialects import farmhand
from .errors import BadValue
from .named import check_account
from .spec import Command, EnvironmentFile, Folder, Service, StatusSet
from .variables import literal

UNIT_NAME = "farmhand-worker"

# The worker's exit codes for a mistake in its configuration, and for a manager that does not know it any more.
_NOT_MENDED = frozenset({2, 77})


@dataclass(frozen=True)
class Worker:
    """What a worker's unit depends on. restart_code: None if it cannot be restarted from the manager.

    program: the path of farmhand-worker. folder: where it runs, and where its configuration file may be.
    user: None for root, which is not advised.
    """

    name: str
    manager_url: str
    program: str
    restart_code: int | None = None
    user: str | None = None
    group: str | None = None
    folder: str | None = None


# Why each line stands there; the web page shows it beside the line.
WHY: Mapping[str, str] = {
    "[Unit]": "What it is, and what must be there first",
    "Description": "Its name in systemctl and the journal",
    "After": "It has to reach the manager: the network first, and shared storage if there is any",
    "Wants": "Without this nothing would wait for the network at all",
    "StartLimitIntervalSec": "No limit on starts: restarts that were asked for count as well, and one would be refused",
    "[Service]": "How to run it, and when to run it again",
    "Type": "Started means that the program runs: a manager that is away holds up no boot and times nothing out",
    "ExecStart": "The worker, and the exit code by which it says: start me again",
    "Restart": "A crash or a kill starts it again; exit 0, Shut Down, does not",
    "RestartSec": "A pause in which the GPU lets go of its memory; a worker that keeps crashing costs next to nothing",
    "SuccessExitStatus": "A restart that was asked for is no failure, so nothing alarms on it",
    "RestartPreventExitStatus": "Trying again mends neither a wrong configuration (2) nor having been removed (77)",
    "RestartForceExitStatus": "On this exit code it is started again, always",
    "TimeoutStopSec": "Longer than the worker takes to end its task and hand it back",
    "WatchdogSec": "Silent for a minute, it hangs: killed and started again",
    "NotifyAccess": "Only the worker itself may say how it is, not what it renders with",
    "KillMode": "The worker is asked to stop; what it leaves behind is killed",
    "User": "Never root",
    "Group": "The group that may write the frames",
    "WorkingDirectory": "Where its configuration file is looked for",
    "Nice": "Whoever works at the machine comes first",
    "CPUSchedulingPolicy": "Renders only with what processor time others leave",
    "EnvironmentFile": "The system's language and character set, where it has them in this file",
    "OOMPolicy": "A frame that eats all memory dies alone, and the worker reports it",
    "[Install]": "What `systemctl enable` does",
    "WantedBy": "Starts at boot, with nobody signed in",
}


def worker_service(worker: Worker) -> Service:
    """Give the service of a worker. A text that no unit can hold is a BadValue that names the field."""
    for field, value in vars(worker).items():
        if isinstance(value, str):
            _check_text(field, value)
    for field, account in (("user", worker.user), ("group", worker.group)):
        if account is not None and (problem := check_account(account)):
            raise BadValue(f'{field}: "{account}" {problem}', "write a name or a number")
    for field, path in (("program", worker.program), ("folder", worker.folder)):
        if path is not None and not _can_be_written(path):
            raise BadValue(f'{field}: "{path}" is not an absolute path', 'write it in full, from / on, without ".."')
    code = worker.restart_code
    if code is not None and (not 0 < code <= 255 or code in _NOT_MENDED):
        raise BadValue(f"restart_code: {code} cannot mean a restart", "choose another from 1 to 255")
    codes = StatusSet(frozenset() if code is None else frozenset({code}))
    return Service(
        UNIT_NAME,
        description=f"{worker.name.strip()}: Farmhand render worker",
        after=("network-online.target", "remote-fs.target"),
        wants=("network-online.target",),
        start_limit_interval_sec=0.0,
        type="exec",
        exec_start=(Command((simplify(worker.program), *map(literal, _arguments(worker)))),),
        restart="on-failure",
        restart_sec=2.0,
        success_exit_status=codes,
        restart_prevent_exit_status=StatusSet(_NOT_MENDED),
        restart_force_exit_status=codes,
        timeout_stop_sec=30.0,
        watchdog_sec=60.0,
        notify_access="main",
        kill_mode="mixed",
        user=worker.user,
        group=worker.group,
        working_directory=None if worker.folder is None else Folder(simplify(worker.folder)),
        nice=19,
        cpu_scheduling_policy="idle",
        environment_file=(EnvironmentFile("/etc/default/locale", optional=True),),
        oom_policy="continue",
        wanted_by=("multi-user.target",),
    )


def _can_be_written(path: str) -> bool:
    """Say whether it is an absolute path that a line of a unit can end with: there is no quoting for it."""
    return path.startswith("/") and path == path.rstrip() and not path.endswith("\\") and ".." not in path.split("/")


def _arguments(worker: Worker) -> list[str]:
    arguments = _option("--manager", worker.manager_url)
    if worker.restart_code is not None:
        arguments += _option("--restart-exit-code", str(worker.restart_code))
    return arguments + _option("--name", worker.name)


def _option(flag: str, value: str) -> list[str]:
    """Give an option so that a value with a leading dash is not taken for another option."""
    return [f"{flag}={value}"] if value.startswith("-") else [flag, value]


def _check_text(field: str, value: str) -> None:
    if not value.strip():
        raise BadValue(f"{field}: it is empty", "name it")
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in value):
        raise BadValue(f"{field}: {value!r} holds a control character or line break", "take it out")


def annotate(text: str) -> tuple[tuple[str, str], ...]:
    """Give each line of a worker's unit with the reason that it stands there, "" for none."""
    return tuple((line, WHY.get(line.partition("=")[0], "")) for line in text.splitlines())


_CONFIG_FIELDS = {
    "worker_name": "name",
    "manager_url": "manager_url",
    "restart_exit_code": "restart_code",
    "restart_exit_status": "restart_code",
}


def read_worker_config(path: str, text: str) -> dict[str, str | int] | None:
    """Take what concerns the unit from a worker's configuration file, fields of Worker; None if it is no such file.

    The other keys are the worker's own, which checks them when it starts.
    """
    node = farmhand.compose(path, text)
    reader = farmhand.Reader(path)
    entries = dict(reader.entries(node, ""))
    if "services" in entries or not entries.keys() & _CONFIG_FIELDS.keys():
        return None
    found: dict[str, str | int] = {}
    for key, field in _CONFIG_FIELDS.items():
        if key in entries:
            value = reader.scalar(entries[key], key)
            if field == "restart_code" and not value.isdecimal():
                reader.refuse(entries[key], key, f'"{value}" is not an exit code', "write a number such as 47")
            found[field] = int(value) if field == "restart_code" else value
    return found
