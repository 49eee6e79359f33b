"""Windows' Service Control Manager: a script for PowerShell that makes a service, and starts it.

A program that does not speak to the manager is ended after 30 seconds: that is Type=notify, in other words than
sd_notify's. If it disappears, or reports to have stopped with another code than 0, which counts by the failure flag
alone, the manager starts it again. It asks it to stop and waits for ever, and knows of no other process. With Farmhand
under it, `farmhand service install` makes the service. The script was run by no PowerShell yet, and nobody has tried
whether a start that takes too long counts as a failure.
Sources: Microsoft's pages on New-Service, sc.exe, SERVICE_FAILURE_ACTIONS and SERVICE_FAILURE_ACTIONS_FLAG.
"""

import math
import re
from collections.abc import Iterator

from .. import powershell, windows_service
from ..again import CLEAN_SIGNALS
from ..dialect import Commands, Dialect, Signs, Target
from ..errors import BadValue
from ..meaning import meaning
from ..rendered import Loss, Rendered
from ..settled import of_windows, started
from ..spec import INFINITY, Service, StatusSet
from ..unit_names import unit_type

_SAYS = "Description Documentation ExecStart Environment User WantedBy"
_FOLDER = "C:\\Program Files\\Farmhand\\"  # where none but administrators may put scripts
_KEY = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\"
_START_SECONDS = 30.0
_UP_TO_ANY_CODE = ("on-failure", "on-abnormal", "on-abort", "always")
_UNFIT_NAME = "[^A-Za-z0-9_.-]+"
_BEGIN = "$ErrorActionPreference = 'Stop'"


def means(service: Service, target: Target) -> Service:
    again = service.restart in _UP_TO_ANY_CODE
    needed = tuple(name for name in service.requires if not unit_type(name))
    return meaning(
        service,
        _SAYS,
        exec_start=of_windows(service),
        requires=needed,
        after=tuple(name for name in service.after if name in needed),
        type="notify",
        timeout_start_sec=_START_SECONDS,
        standard_output="null",
        restart="on-failure" if again else "no",
        restart_force_exit_status=StatusSet(signals=CLEAN_SIGNALS if again else frozenset()),
        restart_sec=round(service.restart_sec, 3),
        start_limit_interval_sec=0.0,
        kill_mode="process",
        send_sigkill=False,
        timeout_stop_sec=INFINITY,
    )


def write(service: Service, target: Target) -> Rendered:
    name = _name(service)
    told = [service.description or service.name, *service.documentation, "To be run by an administrator."]
    lines = [line for text in told for line in powershell.comment(text)]
    body = _native(service, name) if target.config is None else _supervised(service, name, target.config.path)
    losses = [Loss("name", f'Windows calls it "{name}"')] if name != service.name else []
    losses += [Loss("--scope", windows_service.NOT_FOR_A_USER)] if target.scope == "user" else []
    if target.config is None:
        why = "Windows ends a program that does not tell it to be its service; have WinSW or Farmhand run it"
        losses.append(Loss("Type", why))
    return Rendered(f"{_FOLDER}{name}.ps1", "".join(f"{line}\n" for line in (*lines, _BEGIN, *body)), tuple(losses))


def _name(service: Service) -> str:
    """Give the name that it has there, which all programs take as it is."""
    name = re.sub(_UNFIT_NAME, "-", service.name).strip("-._")[:80]
    if not name:
        raise BadValue(f'its name "{service.name}" cannot be that of a service on Windows', "use letters and digits")
    return name


def _supervised(service: Service, name: str, config: str) -> Iterator[str]:
    program = powershell.literal(service.exec_start[0].words[0], "farmhand")
    yield _run(f"{program} service install --name {name} '--' {powershell.literal(config, 'name')}")
    yield _run(f"{program} service start --name {name}")


def _run(words: str) -> str:
    return f"& {words}; if ($LASTEXITCODE) {{ exit $LASTEXITCODE }}"


def _native(service: Service, name: str) -> Iterator[str]:
    said = {
        "Name": name,
        "BinaryPathName": powershell.literal(_command_line(service), "ExecStart"),
        "DisplayName": powershell.literal(service.description or name, "Description"),
        "Description": powershell.literal(service.description, "Description") if service.description else "",
        "StartupType": "Automatic",
        "DependsOn": ", ".join(powershell.literal(needed, "Requires") for needed in service.requires),
        "Credential": _credential(service.user),
    }
    yield f"New-Service {' '.join(f'-{key} {value}' for key, value in said.items() if value)} | Out-Null"
    if service.user and not windows_service.has_password(service.user):
        account = windows_service.ACCOUNTS.get(service.user.lower(), service.user)
        yield _run(f"sc.exe config {name} obj= {powershell.literal(account, 'User')}")
    if service.environment:
        variables = ", ".join(_variable(*each) for each in service.environment.items())
        yield f"Set-ItemProperty '{_KEY}{name}' -Name Environment -Type MultiString -Value {variables}"
    if service.restart != "no":
        actions = "/".join([f"restart/{math.ceil(service.restart_sec * 1000)}"] * 3)
        yield _run(f"sc.exe failure {name} reset= {windows_service.FORGET_AFTER:.0f} actions= {actions}")
        yield _run(f"sc.exe failureflag {name} 1")
    yield f"Start-Service {name}"


def _command_line(service: Service) -> str:
    program, *arguments = started(service.exec_start[0], service.environment)
    if '"' in program or program.endswith("\\"):
        raise BadValue(f"ExecStart: no program of Windows is called {program!r}", "take the quote or backslash out")
    return windows_service.command_line(program, arguments)


def _credential(user: str | None) -> str:
    if not user or not windows_service.has_password(user):
        return ""
    return f"(Get-Credential -UserName {powershell.literal(user, 'User')} -Message 'Who the service runs as')"


def _variable(name: str, value: str) -> str:
    if not name or "=" in name:
        raise BadValue(f"Environment: Windows has no variable {name!r}", "name it otherwise")
    return powershell.literal(f"{name}={value}", "Environment")


def commands(service: Service, target: Target) -> Commands:
    name = _name(service)
    run = ("powershell.exe", "-NoProfile", "-ExecutionPolicy", "Bypass", "-File", f"{_FOLDER}{name}.ps1")
    return Commands(
        install=(run,),
        uninstall=(("sc.exe", "stop", name), ("sc.exe", "delete", name)),
        status=("sc.exe", "queryex", name),
        signs=Signs(running=r"^\s*STATE\s*: 4\b", process=r"^\s*(PID\s*: \d+)"),
    )


DIALECT = Dialect(
    name="windows",
    title="Windows",
    system="windows",
    means=means,
    write=write,
    commands=commands,
)
