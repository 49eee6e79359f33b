"""What a service is: systemd's directives as frozen data.

Every field is the directive of the same name in snake case (`RestartSec=` is `restart_sec`),
parsed: spans are seconds (`INFINITY` for none), sizes bytes, lists tuples. The defaults are
systemd's. Which text makes which value stands in `directives.py`, the one table of directives;
a test holds the two together.
"""

from .light import Literal, dataclass, field

INFINITY = float("inf")

Type = Literal["simple", "exec", "forking", "oneshot", "notify", "notify-reload", "idle"]
Restart = Literal["no", "always", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort"]
KillMode = Literal["control-group", "mixed", "process", "none"]
FailureMode = Literal["terminate", "abort", "kill"]
RestartMode = Literal["normal", "direct", "debug"]
ExitType = Literal["main", "cgroup"]
OomPolicy = Literal["continue", "stop", "kill"]
Preserve = Literal["no", "yes", "restart"]
NotifyAccess = Literal["none", "main", "exec", "all"]
Affinity = frozenset[int] | Literal["numa"]
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
    for is known only when the command starts (`variables.expand`). argv0: the name that `@` gives
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
class ExecDirectory:
    """A folder that is made for the service: its path below the base folder, and of links to it."""

    path: str
    links: tuple[str, ...] = ()


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

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"{self.key}={'|' * self.trigger}{'!' * self.negated}{self.value}{place}"


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
    start_limit_action: str = "none"
    failure_action: str = "none"
    success_action: str = "none"
    failure_action_exit_status: int | None = None
    success_action_exit_status: int | None = None
    job_timeout_action: str = "none"
    job_timeout_reboot_argument: str = ""
    reboot_argument: str = ""

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
    exit_type: ExitType = "main"
    reload_signal: str = "SIGHUP"
    restart: Restart = "no"
    restart_sec: float = 0.1
    restart_steps: int = 0
    restart_max_delay_sec: float = INFINITY
    restart_mode: RestartMode = "normal"
    backoff_max_sec: float = 0.0  # 0: no back-off
    backoff_reset_sec: float | None = None  # None: as X-FarmhandBackoffMaxSec=
    success_exit_status: StatusSet = StatusSet()
    restart_prevent_exit_status: StatusSet = StatusSet()
    restart_force_exit_status: StatusSet = StatusSet()
    timeout_start_sec: float | None = None  # None: 90 s, for Type=oneshot none; see `start_timeout`
    timeout_stop_sec: float = 90.0
    timeout_abort_sec: float | None = None  # None: as TimeoutStopSec=
    timeout_start_failure_mode: FailureMode = "terminate"
    timeout_stop_failure_mode: FailureMode = "terminate"
    runtime_max_sec: float = INFINITY
    runtime_randomized_extra_sec: float = 0.0
    timeout_clean_sec: float = INFINITY
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
    dynamic_user: bool = False
    set_login_environment: bool | None = None  # None: with a User=
    permissions_start_only: bool = False
    root_directory: str | None = None
    root_directory_start_only: bool = False
    exec_search_path: tuple[str, ...] = ()
    no_new_privileges: bool = False
    timer_slack_nsec: int | None = None
    coredump_filter: int | None = None
    personality: str | None = None
    runtime_directory: tuple[ExecDirectory, ...] = ()
    runtime_directory_mode: int = 0o755
    runtime_directory_preserve: Preserve = "no"
    state_directory: tuple[ExecDirectory, ...] = ()
    state_directory_mode: int = 0o755
    cache_directory: tuple[ExecDirectory, ...] = ()
    cache_directory_mode: int = 0o755
    logs_directory: tuple[ExecDirectory, ...] = ()
    logs_directory_mode: int = 0o755
    configuration_directory: tuple[ExecDirectory, ...] = ()
    configuration_directory_mode: int = 0o755
    set_credential: dict[str, str] = field(default_factory=dict)  # name -> what it says
    load_credential: dict[str, str] = field(default_factory=dict)  # name -> path, or name among those received
    import_credential: tuple[str, ...] = ()
    umask: int = 0o022
    nice: int | None = None
    cpu_scheduling_policy: str | None = None
    cpu_scheduling_priority: int | None = None
    cpu_scheduling_reset_on_fork: bool = False
    cpu_affinity: Affinity | None = None  # the processors it may use; the empty set is refused at the start
    io_scheduling_class: str | None = None
    io_scheduling_priority: int | None = None
    oom_score_adjust: int | None = None
    oom_policy: OomPolicy = "stop"
    limits: dict[str, Limit] = field(default_factory=dict)  # "NOFILE" -> LimitNOFILE=
    environment: dict[str, str] = field(default_factory=dict)
    environment_file: tuple[EnvironmentFile, ...] = ()
    pass_environment: tuple[str, ...] = ()
    unset_environment: tuple[str, ...] = ()
    ignore_sigpipe: bool = True
    standard_input: str = "null"
    standard_output: str = "journal"
    standard_error: str = "inherit"
    standard_input_data: str = ""  # bytes that are no UTF-8 as lone surrogates
    tty_path: str | None = None
    tty_reset: bool = False
    tty_vhangup: bool = False

    # systemd.resource-control(5): amounts are "1073741824", "50%" or "infinity"
    cpu_accounting: bool = False
    cpu_weight: int | None = None  # 0: idle
    cpu_quota: float | None = None  # seconds of processor time in each second
    cpu_quota_period_sec: float | None = None
    allowed_cpus: frozenset[int] | None = None
    allowed_memory_nodes: frozenset[int] | None = None
    memory_accounting: bool = True
    memory_min: str = "0"
    memory_low: str = "0"
    memory_high: str = "infinity"
    memory_max: str = "infinity"
    memory_swap_max: str = "infinity"
    tasks_accounting: bool = True
    tasks_max: str = "infinity"
    io_accounting: bool = False
    io_weight: int | None = None

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
    def has_credentials(self) -> bool:
        return bool(self.set_credential or self.load_credential or self.import_credential)

    @property
    def start_timeout(self) -> float:
        """TimeoutStartSec= in seconds; systemd.service(5): none for Type=oneshot unless set."""
        if self.timeout_start_sec is not None:
            return self.timeout_start_sec
        return INFINITY if self.type == "oneshot" else 90.0

    @property
    def can_reload(self) -> bool:
        return bool(self.exec_reload) or self.type == "notify-reload"
