"""What `show` says of a service: systemd's property names, in systemd's formats."""

from collections.abc import Iterable, Mapping

from ...units.formats import format_boolean, show_span
from ...units.light import dataclass, field
from ...units.spec import INFINITY, Command, Limit, Service, StatusSet
from ...units.statuses import signal_name, signal_number
from ...units.unit_names import full_name, unit_type
from . import notify, watchdog
from .commands_shown import Ran, commands_shown, exit_status
from .delay import pause
from .elsewhere_shown import in_order
from .life import Life
from .setup_shown import scheduling_shown, setup_shown, shares_shown
from .shell_words import shell_words
from .states import State, active_state
from .timestamps import timestamps

# How a relation is called at its other end.
_OTHER_END = {
    "Requires": "RequiredBy",
    "Requisite": "RequisiteOf",
    "Wants": "WantedBy",
    "BindsTo": "BoundBy",
    "PartOf": "ConsistsOf",
    "Upholds": "UpheldBy",
    "Conflicts": "ConflictedBy",
    "After": "Before",
    "Before": "After",
    "OnFailure": "OnFailureOf",
    "OnSuccess": "OnSuccessOf",
    "PropagatesReloadTo": "ReloadPropagatedFrom",
    "ReloadPropagatedFrom": "PropagatesReloadTo",
    "PropagatesStopTo": "StopPropagatedFrom",
    "StopPropagatedFrom": "PropagatesStopTo",
}

_RELATIONS = {
    "Requires": "requires",
    "Requisite": "requisite",
    "Wants": "wants",
    "BindsTo": "binds_to",
    "PartOf": "part_of",
    "Upholds": "upholds",
    "Conflicts": "conflicts",
    "After": "after",
    "Before": "before",
    "OnFailure": "on_failure",
    "OnSuccess": "on_success",
    "PropagatesReloadTo": "propagates_reload_to",
    "ReloadPropagatedFrom": "reload_propagated_from",
    "PropagatesStopTo": "propagates_stop_to",
    "StopPropagatedFrom": "stop_propagated_from",
}

# Code of ExecMainCode=: what waitid(2) calls si_code.
_EXITED, _KILLED, _DUMPED = 1, 2, 3


@dataclass(frozen=True)
class Facts:
    """What is known beside the rules. Pids are 0 for none; times are seconds since the epoch, 0 for never.

    stamps: times by the names of their properties, "StateChange"; monotonic_zero: when the monotonic clock began.
    ran: how each command was run last. memory, tasks: how much the machine has. processors: those
    that it may use, none for any. group: its control group, "" for none; used: what that
    counts, by property. conditions_met, asserts_met: at the last start. limits: those of the processes that set none,
    soft and hard, None for infinity. named_by: field of a Service -> the other units that have this one in it. ids: of
    the user and the group that its processes run as, None where it sets none, or none runs. job: the number of
    the job that it has, 0 for none.
    """

    main_pid: int = 0
    control_pid: int = 0
    last_main_pid: int = 0
    stamps: Mapping[str, float] = field(default_factory=dict)
    monotonic_zero: float = 0.0
    ran: Mapping[tuple[str, Command], Ran] = field(default_factory=dict)
    invocation: str = ""
    log_path: str = ""
    memory: int = 0
    tasks: int = 0
    processors: frozenset[int] = frozenset()
    group: str = ""
    used: Mapping[str, int] = field(default_factory=dict)
    conditions_met: bool = False
    asserts_met: bool = False
    limits: Mapping[str, Limit] = field(default_factory=dict)
    named_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ids: tuple[int | None, int | None] = (None, None)
    job: int = 0


def properties(service: Service, life: Life, facts: Facts) -> dict[str, str]:
    """Return all properties, in systemd's order."""
    known = {
        **_identity(service),
        **_relatives(service, facts),
        **_state(service, life, facts),
        **_supervision(service),
        **_limits_of_time(service, life),
        **_for_systemd(service),
        **_execution(service),
        **commands_shown(service, facts.ran),
        **setup_shown(service, facts.limits),
        **scheduling_shown(service, facts.processors),
        **shares_shown(service, memory=facts.memory, tasks=facts.tasks),
        **_used(facts),
        **_kept(service),
    }
    return in_order(known, of_service=unit_type(service.name) is None)


def _kept(service: Service) -> dict[str, str]:
    """Return what is kept, as it is written: nothing is known of its meaning. Some of it has specifiers replaced."""
    if not service.kept:
        return {}
    from ...units import known  # few services need it, and it takes memory

    texts = {kept.key: kept.value for kept in service.kept}
    return {key: text.replace("%%", "%") if key in known.NAMED_BY_SPECIFIERS else text for key, text in texts.items()}


def is_empty(name: str, value: str) -> bool:
    """Say whether systemctl leaves a property out unless it is asked for."""
    return value in ("", "[unprintable]", "~") or (name.endswith("ActionExitStatus") and value == "[not set]")


def _identity(service: Service) -> dict[str, str]:
    name = full_name(service.name)
    return {
        "Id": name,
        "Names": name,
        "Description": service.description or name,
        "LoadState": "loaded",
        "FragmentPath": service.origin.get("ExecStart", "").rpartition(":")[0],
        "Documentation": shell_words(service.documentation),
        "OnSuccessJobMode": service.on_success_job_mode,
        "OnFailureJobMode": service.on_failure_job_mode,
        "StopWhenUnneeded": format_boolean(service.stop_when_unneeded),
        "RefuseManualStart": format_boolean(service.refuse_manual_start),
        "RefuseManualStop": format_boolean(service.refuse_manual_stop),
        "DefaultDependencies": format_boolean(service.default_dependencies),
        "CollectMode": "inactive",
        "NeedDaemonReload": "no",
        **dict.fromkeys(("DropInPaths", "UnitFileState", "LoadError"), ""),  # for those that no file was read for
        **dict.fromkeys(("AllowIsolate", "IgnoreOnIsolate", "CanIsolate", "CanFreeze", "Transient", "Perpetual"), "no"),
    }


def _relatives(service: Service, facts: Facts) -> dict[str, str]:
    """Return what the service says of others, and what they say of it."""
    said = {name: getattr(service, field) for name, field in _RELATIONS.items()}
    heard = {other: facts.named_by.get(_RELATIONS[name], ()) for name, other in _OTHER_END.items()}
    return {name: _units(dict.fromkeys((*said.get(name, ()), *heard.get(name, ())))) for name in said | heard}


def _state(service: Service, life: Life, facts: Facts) -> dict[str, str]:
    code = 0
    if life.exit is not None:
        code = _EXITED if life.exit.signal is None else _DUMPED if life.exit.dumped else _KILLED
    return {
        "ActiveState": active_state(service, life.state).value,
        "SubState": life.state.value,
        "Result": life.result.value,
        "ReloadResult": life.reload_result.value,
        "NRestarts": str(life.restarts),
        "MainPID": str(facts.main_pid),
        "ControlPID": str(facts.control_pid),
        "ExecMainPID": str(facts.last_main_pid),
        "ExecMainCode": str(code),
        "ExecMainStatus": str(exit_status(life.exit)),
        **timestamps({**facts.stamps, "Watchdog": _heard(service, life, facts)}, facts.monotonic_zero),
        "ConditionResult": format_boolean(facts.conditions_met),
        "AssertResult": format_boolean(facts.asserts_met),
        "StatusText": life.status_text,
        "StatusErrno": str(life.errno),
        "InvocationID": facts.invocation,
        "Job": str(facts.job or ""),
        **dict(zip(("UID", "GID"), ("[not set]" if id is None else str(id) for id in facts.ids), strict=True)),
        "LogPath": facts.log_path,
    }


def _heard(service: Service, life: Life, facts: Facts) -> float:
    """Return when the watchdog was heard last, or began to listen, in seconds since the epoch; 0 if it does not."""
    seconds = watchdog.interval(service, life.watchdog_sec)
    return 0.0 if life.watchdog is None or seconds is None else life.watchdog - seconds + facts.monotonic_zero


def _used(facts: Facts) -> dict[str, str]:
    """Return what the processes use, as far as a control group counts it."""
    counted = {name: facts.used.get(name) for name in ("MemoryCurrent", "CPUUsageNSec", "TasksCurrent")}
    return {
        "ControlGroup": facts.group,
        **{name: "[not set]" if amount is None else str(amount) for name, amount in counted.items()},
    }


def _supervision(service: Service) -> dict[str, str]:
    """Return when it is started, stopped and started again, and how."""
    return {
        "Type": service.type,
        "Restart": service.restart,
        "NotifyAccess": notify.access(service),
        "ExitType": service.exit_type,
        "ReloadSignal": str(signal_number(service.reload_signal)),
        "PIDFile": service.pid_file or "",
        "RestartMode": service.restart_mode,
        "RestartSteps": str(service.restart_steps),
        "TimeoutStartFailureMode": service.timeout_start_failure_mode,
        "TimeoutStopFailureMode": service.timeout_stop_failure_mode,
        "StartLimitBurst": str(service.start_limit_burst),
        "RemainAfterExit": format_boolean(service.remain_after_exit),
        "GuessMainPID": format_boolean(service.guess_main_pid),
        "SuccessExitStatus": _statuses(service.success_exit_status),
        "RestartPreventExitStatus": _statuses(service.restart_prevent_exit_status),
        "RestartForceExitStatus": _statuses(service.restart_force_exit_status),
        "KillMode": service.kill_mode,
        "KillSignal": str(signal_number(service.kill_signal)),
        "RestartKillSignal": str(signal_number(service.restart_kill_signal or service.kill_signal)),
        "FinalKillSignal": str(signal_number(service.final_kill_signal)),
        "WatchdogSignal": str(signal_number(service.watchdog_signal)),
        "SendSIGKILL": format_boolean(service.send_sigkill),
        "SendSIGHUP": format_boolean(service.send_sighup),
    }


def _limits_of_time(service: Service, life: Life) -> dict[str, str]:
    abort = service.timeout_stop_sec if service.timeout_abort_sec is None else service.timeout_abort_sec
    jobs = service.job_timeout_sec if service.job_running_timeout_sec is None else service.job_running_timeout_sec
    spans = {
        "Restart": service.restart_sec,
        "RestartMaxDelay": service.restart_max_delay_sec,
        "TimeoutStart": service.start_timeout,
        "TimeoutStop": service.timeout_stop_sec,
        "TimeoutAbort": abort,
        "TimeoutClean": service.timeout_clean_sec,
        "RuntimeMax": service.runtime_max_sec,
        "RuntimeRandomizedExtra": service.runtime_randomized_extra_sec,
        "Watchdog": INFINITY if life.watchdog_sec is None else life.watchdog_sec,
        "StartLimitInterval": service.start_limit_interval_sec,
        "JobTimeout": service.job_timeout_sec,
        "JobRunningTimeout": jobs,
    }
    shown = {f"{name}USec": show_span(span) for name, span in spans.items()}
    return {**shown, "RestartUSecNext": show_span(_next_wait(service, life))}


def _next_wait(service: Service, life: Life) -> float:
    """Return how long the next restart waits, or the one that is waited for."""
    if life.state is State.AUTO_RESTART and life.verdict is not None:
        return life.verdict.wait
    return pause(service, restarts=life.restarts, crashes=life.crashes, ran=life.ran, forced=False).seconds


def _for_systemd(service: Service) -> dict[str, str]:
    """Return what is not in force here."""
    codes = (service.failure_action_exit_status, service.success_action_exit_status)
    failure, success = ("[not set]" if code is None else str(code) for code in codes)
    return {
        "OOMPolicy": service.oom_policy,
        "StartLimitAction": service.start_limit_action,
        "FailureAction": service.failure_action,
        "SuccessAction": service.success_action,
        "FailureActionExitStatus": failure,
        "SuccessActionExitStatus": success,
        "JobTimeoutAction": service.job_timeout_action,
        "JobTimeoutRebootArgument": service.job_timeout_reboot_argument,
        "RebootArgument": service.reboot_argument,
    }


def _execution(service: Service) -> dict[str, str]:
    """Return what is run, as whom and where."""
    return {
        "User": service.user or "",
        "Group": service.group or "",
        "WorkingDirectory": "!" * folder.optional + folder.path if (folder := service.working_directory) else "",
        "UMask": f"{service.umask:04o}",
        "Nice": str(service.nice or 0),
        **_stream("Input", service.standard_input),
        **_stream("Output", service.standard_output),
        **_stream("Error", service.standard_error),
        "Environment": shell_words(f"{name}={value}" for name, value in service.environment.items()),
        **_environment_files(service),
        "PassEnvironment": shell_words(service.pass_environment),
        "UnsetEnvironment": shell_words(service.unset_environment),
        "CanStart": format_boolean(not service.refuse_manual_start),
        "CanStop": format_boolean(not service.refuse_manual_stop),
        "CanReload": format_boolean(service.can_reload),
    }


def _environment_files(service: Service) -> dict[str, str]:
    files = (f"{file.path} (ignore_errors={format_boolean(file.optional)})" for file in service.environment_file)
    return {"EnvironmentFiles": "\n".join(files)} if service.environment_file else {}


def _stream(name: str, setting: str) -> dict[str, str]:
    kind, _, rest = setting.partition(":")
    return {f"Standard{name}": kind, f"Standard{name}FileDescriptorName": rest if kind == "fd" else ""}


def _units(names: Iterable[str]) -> str:
    return shell_words(map(full_name, names))


def _statuses(statuses: StatusSet) -> str:
    signals = (signal_name(number) for number in sorted(map(signal_number, statuses.signals)))
    return " ".join([*map(str, sorted(statuses.codes)), *(name.removeprefix("SIG") for name in signals)])
