"""What `show` says of a service: systemd's property names, in systemd's formats."""

import datetime

from ...units.grammar import format_boolean, format_span, signal_name, signal_number
from ...units.light import dataclass
from ...units.spec import Command, Service, StatusSet
from . import notify
from .life import Life
from .setup_shown import setup_shown, shares_shown
from .shell_words import shell_word
from .states import active_state

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
}

# Code of ExecMainCode=: what waitid(2) calls si_code.
_EXITED, _KILLED, _DUMPED = 1, 2, 3


@dataclass(frozen=True)
class Facts:
    """What is known beside the rules. Pids are 0 for none; times are seconds since the epoch, 0 for never.

    exit_status: the main process's exit code, or the number of the signal that ended it. memory, tasks: how much the
    machine has. conditions_met, asserts_met: at the last start.
    """

    main_pid: int = 0
    control_pid: int = 0
    last_main_pid: int = 0
    main_start: float = 0.0
    main_exit: float = 0.0
    state_since: float = 0.0
    exit_status: int = 0
    invocation: str = ""
    log_path: str = ""
    memory: int = 0
    tasks: int = 0
    conditions_met: bool = False
    asserts_met: bool = False


def properties(service: Service, life: Life, facts: Facts) -> dict[str, str]:
    """Return all properties, the identity first, then the state, then the configuration."""
    kept = {kept.key: kept.value for kept in service.kept}  # as written: nothing is known of their meaning
    return {
        **_identity(service),
        **_state(service, life, facts),
        **_supervision(service, life),
        **_execution(service),
        **setup_shown(service),
        **shares_shown(service, memory=facts.memory, tasks=facts.tasks),
        **kept,
    }


def _identity(service: Service) -> dict[str, str]:
    name = f"{service.name}.service"
    return {
        "Id": name,
        "Names": name,
        "Description": service.description or name,
        "LoadState": "loaded",
        "FragmentPath": service.origin.get("ExecStart", "").rpartition(":")[0],
        **{name: _units(getattr(service, field)) for name, field in _RELATIONS.items()},
    }


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
        "ExecMainStatus": str(facts.exit_status if life.exit is not None else 0),
        "ExecMainStartTimestamp": _timestamp(facts.main_start),
        "ExecMainExitTimestamp": _timestamp(facts.main_exit),
        "ConditionResult": format_boolean(facts.conditions_met),
        "AssertResult": format_boolean(facts.asserts_met),
        "StateChangeTimestamp": _timestamp(facts.state_since),
        "StatusText": life.status_text,
        "StatusErrno": str(life.errno),
        "InvocationID": facts.invocation,
        "LogPath": facts.log_path,
    }


def _supervision(service: Service, life: Life) -> dict[str, str]:
    """Return when it is started, stopped and started again, and how."""
    watchdog = service.watchdog_sec if life.watchdog_sec is None else life.watchdog_sec
    abort = service.timeout_stop_sec if service.timeout_abort_sec is None else service.timeout_abort_sec
    return {
        "Type": service.type,
        "Restart": service.restart,
        "NotifyAccess": notify.access(service),
        "ExitType": service.exit_type,
        "OOMPolicy": service.oom_policy,
        "PIDFile": service.pid_file or "",
        "RestartUSec": format_span(service.restart_sec),
        "TimeoutStartUSec": format_span(service.start_timeout),
        "TimeoutStopUSec": format_span(service.timeout_stop_sec),
        "TimeoutAbortUSec": format_span(abort),
        "TimeoutStartFailureMode": service.timeout_start_failure_mode,
        "TimeoutStopFailureMode": service.timeout_stop_failure_mode,
        "RuntimeMaxUSec": format_span(service.runtime_max_sec),
        "WatchdogUSec": format_span(watchdog),
        "StartLimitIntervalUSec": format_span(service.start_limit_interval_sec),
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


def _execution(service: Service) -> dict[str, str]:
    """Return what is run, as whom and where."""
    return {
        "User": service.user or "",
        "Group": service.group or "",
        "WorkingDirectory": "!" * folder.optional + folder.path if (folder := service.working_directory) else "",
        "UMask": f"{service.umask:04o}",
        "Nice": str(service.nice or 0),
        "StandardInput": service.standard_input.partition(":")[0],
        "StandardOutput": service.standard_output.partition(":")[0],
        "StandardError": service.standard_error.partition(":")[0],
        "Environment": " ".join(shell_word(f"{name}={value}") for name, value in service.environment.items()),
        "ExecStart": _commands(service.exec_start),
        "ExecReload": _commands(service.exec_reload),
        "ExecStop": _commands(service.exec_stop),
        "CanStart": "yes",
        "CanStop": "yes",
        "CanReload": format_boolean(service.can_reload),
    }


def _units(names: tuple[str, ...]) -> str:
    return " ".join(name if "." in name else f"{name}.service" for name in names)


def _commands(commands: tuple[Command, ...]) -> str:
    return " ; ".join(" ".join(command.words) for command in commands)


def _statuses(statuses: StatusSet) -> str:
    signals = (signal_name(number) for number in sorted(map(signal_number, statuses.signals)))
    return " ".join([*map(str, sorted(statuses.codes)), *(name.removeprefix("SIG") for name in signals)])


def _timestamp(seconds: float) -> str:
    """Write a time as systemctl does, in UTC: "Mon 2026-11-23 02:05:00 UTC"; nothing for never."""
    if not seconds:
        return ""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%a %Y-%m-%d %H:%M:%S UTC")
