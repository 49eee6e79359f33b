"""What a service is: systemd's directives as frozen data.

Every field is the directive of the same name in snake case (`RestartSec=` is `restart_sec`),
parsed: spans are seconds (`INFINITY` for none), sizes bytes, lists tuples. The defaults are
systemd's. Which text makes which value stands in `directives.py`, the one table of directives;
a test holds the two together.
"""

from math import inf

from .light import Literal, dataclass, field

INFINITY = inf

Type = Literal["simple", "exec", "forking", "oneshot", "notify", "notify-reload", "idle"]
Restart = Literal["no", "always", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort"]
KillMode = Literal["control-group", "mixed", "process", "none"]
FailureMode = Literal["terminate", "abort", "kill"]
NotifyAccess = Literal["none", "main", "exec", "all"]
JobMode = Literal["fail", "replace", "replace-irreversibly", "ignore-dependencies", "ignore-requirements"]


@dataclass(frozen=True)
class StatusSet:
    """Exit codes and signal names ("SIGTERM"), as in SuccessExitStatus=."""

    codes: frozenset[int] = frozenset()
    signals: frozenset[str] = frozenset()

    def __contains__(self, status: object) -> bool:
        return status in self.codes or status in self.signals

    def __bool__(self) -> bool:
        return bool(self.codes or self.signals)


@dataclass(frozen=True)
class Command:
    """One command line of an Exec…= directive, unquoted and with specifiers replaced.

    words: the program and its arguments, `$NAME` and `${NAME}` still in them: what they stand
    for is known only when the command starts (`quoting.expand`). argv0: the name that `@` gives
    the program. ignore_failure is `-`, literal is `:`, privilege "+" or "!".
    """

    words: tuple[str, ...]
    argv0: str | None = None
    ignore_failure: bool = False
    literal: bool = False
    privilege: Literal["", "+", "!", "!!"] = ""


@dataclass(frozen=True)
class Limit:
    """A resource limit; None is infinity."""

    soft: int | None
    hard: int | None


@dataclass(frozen=True)
class EnvironmentFile:
    path: str
    optional: bool = False


@dataclass(frozen=True)
class Folder:
    """A WorkingDirectory=; `~` stays as it is written, for the user's home is known only on the machine."""

    path: str
    optional: bool = False


@dataclass(frozen=True)
class Assignment:
    """One `Key=value` line as written, and where: for directives that are kept but not in force here."""

    section: str
    key: str
    value: str
    path: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Check:
    """One Condition…= or Assert…=. key: "ConditionPathExists". negated is `!`, trigger `|`; where: "a.service:3"."""

    key: str
    value: str
    negated: bool = False
    trigger: bool = False
    where: str = field(default="", compare=False)


@dataclass(frozen=True)
class Service:
    """One service, read from a unit file or from YAML. `name` is without ".service"."""

    name: str

    # [Unit]
    description: str = ""
    documentation: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    requisite: tuple[str, ...] = ()
    binds_to: tuple[str, ...] = ()
    part_of: tuple[str, ...] = ()
    upholds: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    on_failure: tuple[str, ...] = ()
    on_failure_job_mode: JobMode = "replace"
    on_success: tuple[str, ...] = ()
    on_success_job_mode: JobMode = "fail"
    propagates_reload_to: tuple[str, ...] = ()
    reload_propagated_from: tuple[str, ...] = ()
    propagates_stop_to: tuple[str, ...] = ()
    stop_propagated_from: tuple[str, ...] = ()
    stop_when_unneeded: bool = False
    default_dependencies: bool = True
    job_timeout_sec: float = INFINITY
    job_running_timeout_sec: float | None = None  # None: as JobTimeoutSec=
    conditions: tuple[Check, ...] = ()
    asserts: tuple[Check, ...] = ()
    refuse_manual_start: bool = False
    refuse_manual_stop: bool = False
    start_limit_interval_sec: float = 10.0
    start_limit_burst: int = 5

    # [Service]
    type: Type = "simple"
    exec_start: tuple[Command, ...] = ()
    exec_start_pre: tuple[Command, ...] = ()
    exec_start_post: tuple[Command, ...] = ()
    exec_condition: tuple[Command, ...] = ()
    exec_reload: tuple[Command, ...] = ()
    exec_stop: tuple[Command, ...] = ()
    exec_stop_post: tuple[Command, ...] = ()
    remain_after_exit: bool = False
    guess_main_pid: bool = True
    pid_file: str | None = None
    restart: Restart = "no"
    restart_sec: float = 0.1
    success_exit_status: StatusSet = StatusSet()
    restart_prevent_exit_status: StatusSet = StatusSet()
    restart_force_exit_status: StatusSet = StatusSet()
    timeout_start_sec: float | None = None  # None: 90 s, for Type=oneshot none; see `start_timeout`
    timeout_stop_sec: float = 90.0
    timeout_abort_sec: float | None = None  # None: as TimeoutStopSec=
    timeout_start_failure_mode: FailureMode = "terminate"
    timeout_stop_failure_mode: FailureMode = "terminate"
    runtime_max_sec: float = INFINITY
    watchdog_sec: float = 0.0  # 0: off
    notify_access: NotifyAccess | None = None  # None: "main" for Type=notify, else "none"

    # systemd.kill(5)
    kill_mode: KillMode = "control-group"
    kill_signal: str = "SIGTERM"
    restart_kill_signal: str | None = None  # None: as KillSignal=
    send_sighup: bool = False
    send_sigkill: bool = True
    final_kill_signal: str = "SIGKILL"
    watchdog_signal: str = "SIGABRT"

    # systemd.exec(5)
    user: str | None = None
    group: str | None = None
    supplementary_groups: tuple[str, ...] = ()
    working_directory: Folder | None = None
    umask: int = 0o022
    nice: int | None = None
    cpu_scheduling_policy: str | None = None
    cpu_scheduling_priority: int | None = None
    cpu_scheduling_reset_on_fork: bool = False
    cpu_affinity: frozenset[int] | None = None  # the processors it may use; the empty set is refused at the start
    io_scheduling_class: str | None = None
    io_scheduling_priority: int | None = None
    oom_score_adjust: int | None = None
    limits: dict[str, Limit] = field(default_factory=dict)  # "NOFILE" -> LimitNOFILE=
    environment: dict[str, str] = field(default_factory=dict)
    environment_file: tuple[EnvironmentFile, ...] = ()
    pass_environment: tuple[str, ...] = ()
    unset_environment: tuple[str, ...] = ()
    ignore_sigpipe: bool = True
    standard_input: str = "null"
    standard_output: str = "journal"
    standard_error: str = "inherit"

    # [Install]
    wanted_by: tuple[str, ...] = ()
    required_by: tuple[str, ...] = ()
    alias: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    default_instance: str = ""

    # What systemd knows and Farmhand keeps without acting on it; said by `check`, `status` and the log.
    kept: tuple[Assignment, ...] = ()
    # Where each directive was last set, "Restart" -> "farm.yaml:12": for `why` and for errors.
    origin: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def start_timeout(self) -> float:
        """TimeoutStartSec= in seconds; systemd.service(5): none for Type=oneshot unless set."""
        if self.timeout_start_sec is not None:
            return self.timeout_start_sec
        return INFINITY if self.type == "oneshot" else 90.0
