"""The service that runs a manager, with a reason for each directive."""

from collections.abc import Mapping
from dataclasses import dataclass

from . import hardening
from .command_line import simplify
from .errors import BadValue
from .hardening import Profile
from .places import SYSTEM_FOLDERS
from .spec import Command, ExecDirectory, Limit, Service, StatusSet
from .variables import literal
from .worker_unit import check_fields

UNIT_NAME = "farmhand-manager"

# The manager's exit code for a mistake in its configuration, and what sysexits.h calls it. A port in use is none.
_NOT_MENDED = frozenset({2, 78})

# A connection for each worker, which it keeps open, and for each browser.
_CONNECTIONS = 65536


@dataclass(frozen=True)
class Manager:
    """What a manager's unit depends on. program: the path of farmhand-manager. listen: host:port.

    user: None for root, which is not advised. data: where the database is, None for a folder that systemd makes.
    config: its settings' file. readable: what its program needs beside what is named here.
    profile: what it is kept from, None for a service manager that has no such thing.
    """

    program: str
    listen: str = "127.0.0.1:8080"
    user: str | None = None
    group: str | None = None
    data: str | None = None
    config: str | None = None
    readable: tuple[str, ...] = ()
    profile: Profile | None = "manager"

    @property
    def writable(self) -> tuple[str, ...]:
        """Give the folders that have to be there, for it to write to."""
        return () if self.data is None else (self.data,)


WHY: Mapping[str, str] = {
    "[Unit]": "What it is, and what must be there first",
    "Description": "Its name in systemctl and the journal",
    "After": "The address that it listens at has to be there",
    "Wants": "Without this nothing would wait for the network at all",
    "StartLimitIntervalSec": "No limit on starts: a farm without its manager stands still",
    "[Service]": "How to run it, and when to run it again",
    "Type": "Started means that it listens, so that what is ordered after it finds it",
    "ExecStart": "The manager, the address it listens at and the folder of its database",
    "Restart": "A crash or a kill starts it again",
    "RestartSec": "Short: the workers are waiting",
    "RestartPreventExitStatus": "Trying again does not mend a wrong configuration (2, 78)",
    "TimeoutStopSec": "It ends within two seconds of being asked to; this is for a machine that is busy",
    "KillMode": "The manager is asked to stop; what it leaves behind is killed",
    "NotifyAccess": "Only the manager itself may say how it is",
    "User": "Never root",
    "Group": "The group that may read what it writes",
    "StateDirectory": "The folder for its database, logs and pictures, made for it below /var/lib",
    "StateDirectoryMode": "Nobody else looks at the farm's database",
    "OOMScoreAdjust": "When memory runs out, the whole farm does not go first",
    "LimitNOFILE": "Each worker keeps a connection open, that it may be told at once",
    "ReadWritePaths": "Where its database is; the folder has to be there when it starts",
    "[Install]": "What `systemctl enable` does",
    "WantedBy": "Starts at boot, with nobody signed in",
}


def manager_service(manager: Manager) -> Service:
    """Give the service of a manager. A text that no unit can hold is a BadValue that names the field."""
    check_fields(vars(manager), paths={"program", "data", "config"})
    port = manager.listen.rpartition(":")[2]
    if not (port.isascii() and port.isdigit() and 1024 <= int(port) < 65536):
        hint = "write HOST:PORT with a port above 1023, and let a proxy have port 80 or 443"
        raise BadValue(f'listen: "{manager.listen}" is no address that it may listen at', hint)
    folder = manager.data or f"{SYSTEM_FOLDERS['S']}/{UNIT_NAME}"
    more = () if manager.config is None else ("--config", manager.config)
    words = ("run", "--listen", manager.listen, "--data", folder, *more)
    made = manager.data is None
    service = Service(
        UNIT_NAME,
        description="Farmhand manager",
        after=("network-online.target",),
        wants=("network-online.target",),
        start_limit_interval_sec=0.0,
        type="notify",
        exec_start=(Command((simplify(manager.program), *map(literal, words))),),
        restart="on-failure",
        restart_sec=1.0,
        restart_prevent_exit_status=StatusSet(_NOT_MENDED),
        timeout_stop_sec=15.0,
        notify_access="main",
        kill_mode="mixed",
        user=manager.user,
        group=manager.group,
        state_directory=(ExecDirectory(UNIT_NAME),) if made else (),
        state_directory_mode=0o700 if made else 0o755,
        oom_score_adjust=-100,
        limits={"NOFILE": Limit(_CONNECTIONS, _CONNECTIONS)},
        wanted_by=("multi-user.target",),
    )
    if manager.profile is None:
        return service
    return hardening.harden(service, manager.profile, manager.writable, manager.readable)
