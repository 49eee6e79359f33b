"""The service that runs a worker, made for that very worker, with a reason for each directive.

Nothing of the worker's own is known here but its command line, its exit codes and how long it takes to leave; which
restart codes make sense is the worker's to say.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

import yaml

from . import hardening
from .command_line import simplify
from .dialects import farmhand
from .errors import BadValue
from .hardening import Profile
from .light import replace
from .named import check_account
from .places import SYSTEM_FOLDERS
from .spec import Assignment, Command, EnvironmentFile, ExecDirectory, Folder, Service, StatusSet
from .variables import literal

UNIT_NAME = "farmhand-worker"
# The file that a worker's credentials are in, and the name by which it may be handed them.
CREDENTIALS = "flamenco-worker-credentials.yaml"

# The worker's exit codes for a mistake in its configuration, and for a manager that does not know it any more; and
# what sysexits.h calls the first.
_NOT_MENDED = frozenset({2, 77, 78})

# Seconds that a worker may need beyond its own: it runs with what processor time others leave.
_MARGIN = 20.0

# The oom_score_adj of the worker and, unless its configuration says more, of what it renders with.
_OOM_SCORE = 100


@dataclass(frozen=True)
class Worker:
    """What a worker's unit depends on. restart_code: None if it cannot be restarted from the manager.

    program: the path of farmhand-worker. folder: where it runs, and where its configuration file may be.
    user: None for root, which is not advised. data: where its credentials and reports are, None for a folder that
    systemd makes. output_folders: where tasks write. readable: what its program needs beside what is named here.
    credentials: a file of root's alone to be handed to it. oom_score_adjust: what its configuration says.
    stop_seconds: how long it takes at most to end a task and sign off.
    profile: what it is kept from, None for a service manager that has no such thing.
    """

    name: str
    manager_url: str
    program: str
    restart_code: int | None = None
    user: str | None = None
    group: str | None = None
    folder: str | None = None
    data: str | None = None
    output_folders: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    credentials: str | None = None
    oom_score_adjust: int | None = None
    stop_seconds: float = 11.0
    profile: Profile | None = "gpu"

    @property
    def makes_state(self) -> bool:
        """Say whether systemd makes the folder for its data."""
        return self.data is None and self.profile is not None

    @property
    def writable(self) -> tuple[str, ...]:
        """Give the folders that have to be there, for it to write to."""
        return (*filter(None, (self.folder, self.data)), *self.output_folders)


# Why each line stands there; the web page shows it beside the line.
WHY: Mapping[str, str] = {
    "[Unit]": "What it is, and what must be there first",
    "Description": "Its name in systemctl and the journal",
    "After": "It has to reach the manager: the network first, and shared storage if there is any",
    "Wants": "Without this nothing would wait for the network at all",
    "RequiresMountsFor": "Without this storage tasks would only fail: it is mounted first, and stays while it runs",
    "StartLimitIntervalSec": "No limit on starts: restarts that were asked for count as well, and one would be refused",
    "[Service]": "How to run it, and when to run it again",
    "Type": "Started means that its configuration is right and its data its own; a manager that is away delays nothing",
    "ExecStart": "The worker, and the exit code by which it says: start me again",
    "Restart": "A crash or a kill starts it again; exit 0, Shut Down, does not",
    "RestartSec": "A pause in which the GPU lets go of its memory; a worker that keeps crashing costs next to nothing",
    "SuccessExitStatus": "A restart that was asked for is no failure, so nothing alarms on it",
    "RestartPreventExitStatus": "Trying again mends neither a wrong configuration (2, 78) nor having been removed (77)",
    "RestartForceExitStatus": "On this exit code it is started again, always",
    "TimeoutStopSec": "Longer than the worker takes to end its task and hand it back",
    "WatchdogSec": "Silent for a minute, it hangs: killed and started again",
    "NotifyAccess": "Only the worker itself may say how it is, not what it renders with",
    "KillMode": "The worker is asked to stop; what it leaves behind is killed",
    "User": "Never root",
    "Group": "The group that may write the frames",
    "WorkingDirectory": "Where its configuration file is looked for",
    "StateDirectory": "The folder for its credentials and reports, made for it below /var/lib",
    "StateDirectoryMode": "Nobody else looks at its credentials",
    "LoadCredential": "What the manager knows it by: handed over in a file, never in a variable or on a command line",
    "ReadWritePaths": "Where it writes; these folders have to be there when it starts",
    "Nice": "Whoever works at the machine comes first",
    "CPUSchedulingPolicy": "Renders only with what processor time others leave",
    "EnvironmentFile": "The system's language and character set, where it has them in this file",
    "OOMScoreAdjust": "When memory runs out, a render goes before what else the machine does",
    "OOMPolicy": "A frame that eats all memory dies alone, and the worker reports it",
    "[Install]": "What `systemctl enable` does",
    "WantedBy": "Starts at boot, with nobody signed in",
}


def worker_service(worker: Worker) -> Service:
    """Give the service of a worker. A text that no unit can hold is a BadValue that names the field."""
    paths = {"program", "folder", "data", "output_folders", "credentials"}
    check_fields(vars(worker), paths=paths, windows=worker.profile is None)
    code = worker.restart_code
    if code is not None and (not 0 < code <= 255 or code in _NOT_MENDED):
        raise BadValue(f"restart_code: {code} cannot mean a restart", "choose another from 1 to 255")
    codes = StatusSet(frozenset() if code is None else frozenset({code}))
    service = Service(
        UNIT_NAME,
        description=f"{worker.name.strip()}: Farmhand render worker",
        after=("network-online.target", "remote-fs.target"),
        wants=("network-online.target",),
        start_limit_interval_sec=0.0,
        type="notify",
        exec_start=(Command((simplify(worker.program), *map(literal, _arguments(worker)))),),
        restart="on-failure",
        restart_sec=2.0,
        success_exit_status=codes,
        restart_prevent_exit_status=StatusSet(_NOT_MENDED),
        restart_force_exit_status=codes,
        timeout_stop_sec=worker.stop_seconds + _MARGIN,
        watchdog_sec=60.0,
        notify_access="main",
        kill_mode="mixed",
        user=worker.user,
        group=worker.group,
        working_directory=None if worker.folder is None else Folder(simplify(worker.folder)),
        state_directory=(ExecDirectory(UNIT_NAME),) if worker.makes_state else (),
        state_directory_mode=0o700 if worker.makes_state else 0o755,
        load_credential={} if worker.credentials is None else {CREDENTIALS: worker.credentials},
        nice=19,
        cpu_scheduling_policy="idle",
        environment_file=(EnvironmentFile("/etc/default/locale", optional=True),),
        oom_score_adjust=_OOM_SCORE if worker.oom_score_adjust is None else min(worker.oom_score_adjust, _OOM_SCORE),
        oom_policy="continue",
        wanted_by=("multi-user.target",),
    )
    return service if worker.profile is None else _sandboxed(service, worker, worker.profile)


def _sandboxed(service: Service, worker: Worker, profile: Profile) -> Service:
    """Add what only systemd does: keep the service from what it does not need, and wait for its storage."""
    hardened = hardening.harden(service, profile, worker.writable, worker.readable)
    if not worker.output_folders:
        return hardened
    storage = Assignment("Unit", "RequiresMountsFor", hardening.paths(worker.output_folders))
    return replace(hardened, kept=(storage, *hardened.kept))


def check_fields(fields: Mapping[str, object], *, paths: Set[str], windows: bool = False) -> None:
    """Check each text that a unit is made of. What no unit can hold is a BadValue that names the field.

    windows: paths may be Windows' as well.
    """
    texts = [(field, text) for field, value in fields.items() for text in _texts(value)]
    for field, text in texts:
        _check_text(field, text)
        if field in paths and not _can_be_written(text, windows):
            raise BadValue(f'{field}: "{text}" is not an absolute path', 'write it in full, from / on, without ".."')
        if field in ("user", "group") and (problem := check_account(text)):
            raise BadValue(f'{field}: "{text}" {problem}', "write a name or a number")


def _texts(value: object) -> Iterator[str]:
    """Yield the texts in a field."""
    yield from (text for text in (value if isinstance(value, tuple) else [value]) if isinstance(text, str))


def _can_be_written(path: str, windows: bool) -> bool:
    """Say whether it is an absolute path that a line of a unit can end with: there is no quoting for it."""
    whole = path.startswith("/") or (windows and re.match(r"[A-Za-z]:[\\/]", path) is not None)
    return whole and path == path.rstrip() and not path.endswith("\\") and ".." not in re.split(r"[/\\]", path)


def _arguments(worker: Worker) -> list[str]:
    arguments = _option("--manager", worker.manager_url)
    if worker.restart_code is not None:
        arguments += _option("--restart-exit-code", str(worker.restart_code))
    arguments += _option("--name", worker.name)
    data = f"{SYSTEM_FOLDERS['S']}/{UNIT_NAME}" if worker.makes_state else worker.data
    return arguments if data is None else arguments + _option("--data", data)


def _option(flag: str, value: str) -> list[str]:
    """Give an option so that a value with a leading dash is not taken for another option."""
    return [f"{flag}={value}"] if value.startswith("-") else [flag, value]


def _check_text(field: str, value: str) -> None:
    if not value.strip():
        raise BadValue(f"{field}: it is empty", "name it")
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in value):
        raise BadValue(f"{field}: {value!r} holds a control character or line break", "take it out")


def annotate(text: str, why: Mapping[str, str] = WHY) -> tuple[tuple[str, str], ...]:
    """Give each line of a unit with the reason that it stands there, "" for none. why: of a worker's, or another's."""
    return tuple((line, why.get(line.partition("=")[0]) or hardening.WHY.get(line, "")) for line in text.splitlines())


def _text(reader: farmhand.Reader, node: yaml.Node, key: str) -> str:
    return reader.scalar(node, key)


def _texts_of(reader: farmhand.Reader, node: yaml.Node, key: str) -> tuple[str, ...]:
    return tuple(text for text, _ in reader.scalars(node, key))


def _number(reader: farmhand.Reader, node: yaml.Node, key: str) -> int:
    value = reader.scalar(node, key)
    if not re.fullmatch(r"-?[0-9]{1,4}", value):
        reader.refuse(node, key, f'"{value}" is not a number that fits', "write one such as 47")
    return int(value)


# Keys of a worker's configuration -> fields of Worker, and how they are read.
_CONFIG_FIELDS: Mapping[str, tuple[str, Callable[[farmhand.Reader, yaml.Node, str], Any]]] = {
    "worker_name": ("name", _text),
    "manager_url": ("manager_url", _text),
    "restart_exit_code": ("restart_code", _number),
    "restart_exit_status": ("restart_code", _number),
    "oom_score_adjust": ("oom_score_adjust", _number),
    "output_folders": ("output_folders", _texts_of),
}


def read_worker_config(path: str, text: str) -> dict[str, Any] | None:
    """Take what concerns the unit from a worker's configuration file, fields of Worker; None if it is no such file.

    The other keys are the worker's own, which checks them when it starts.
    """
    node = farmhand.compose(path, text)
    reader = farmhand.Reader(path)
    entries = dict(reader.entries(node, ""))
    if "services" in entries or not entries.keys() & _CONFIG_FIELDS.keys():
        return None
    known = {key: row for key, row in _CONFIG_FIELDS.items() if key in entries}
    return {field: read(reader, entries[key], key) for key, (field, read) in known.items()}
