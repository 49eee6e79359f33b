"""launchd: a property list for a daemon of the machine, or for an agent of a user.

It knows no exit code but 0, and takes every signal for a bad end. The conditions of KeepAlive are independent of each
other: any that holds has the job started again, once in ThrottleInterval seconds at most, which count from the start
before. It asks the main process with SIGTERM and kills it after ExitTimeOut; what is left of its process group is asked
as well, and then left alone, or at once with AbandonProcessGroup. Nothing of this was tried on macOS.
Sources: launchd.plist(5), launchctl(1); job_keepalive and job_reap in launchd's core.c, as far as it is public.
"""

import math
import plistlib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .. import launchd_job as job
from ..dialect import Commands, Dialect, Signs, Target
from ..errors import BadValue
from ..meaning import meaning
from ..rendered import Loss, Rendered
from ..settled import settled
from ..spec import INFINITY, Assignment, Folder, Limit, Restart, Service
from ..variables import expand
from ..xml_text import checked, comment
from . import launchd_reader
from .launchd_reader import KEPT, LIMITS

_SAYS = "Description Documentation Environment SendSIGKILL UMask Nice WantedBy"
_FOLDERS = {"daemon": "/Library/LaunchDaemons", "agent": "~/Library/LaunchAgents"}
_OPENED = re.compile("(?:append|file|truncate):")
# For what systemd has no word: whether what is left of the process group is not even asked.
_ABANDON = Assignment("Service", "X-AbandonProcessGroup", "yes")
# SuccessfulExit and Crashed for a policy; those of on-abnormal and on-abort end by a signal, and so it is with Crashed.
_CONDITIONS: Mapping[Restart, dict[str, bool]] = {
    "on-failure": {"SuccessfulExit": False},
    "on-success": {"SuccessfulExit": True},
    "on-abnormal": {"Crashed": True},
    "on-abort": {"Crashed": True},
}


def means(service: Service, target: Target) -> Service:
    conditions = _CONDITIONS.get(service.restart, {})
    kept = KEPT[conditions.get("SuccessfulExit"), conditions.get("Crashed")]
    agent = _variant(target) == "agent"
    return meaning(
        service,
        _SAYS if agent else f"{_SAYS} User Group RootDirectory",
        exec_start=tuple(
            settled(replace(command, privilege="", ignore_failure=False), service.environment)
            for command in service.exec_start[-1:]
        ),
        working_directory=_folder(service.working_directory),
        limits={name: each for name, each in service.limits.items() if name in LIMITS and _is_number(each)},
        io_scheduling_class="idle" if service.io_scheduling_class == "idle" else None,
        standard_input=service.standard_input if service.standard_input.startswith("file:") else "null",
        standard_output=_output(service.standard_output, "null" if agent else "journal"),
        standard_error=_output(service.standard_error, "inherit"),
        restart="always" if service.restart == "always" else kept.restart,
        restart_prevent_exit_status=kept.prevent,
        restart_force_exit_status=kept.force,
        restart_sec=float(max(job.THROTTLE, math.ceil(service.restart_sec))),
        start_limit_interval_sec=0.0,
        kill_mode="process",
        kept=(_ABANDON,) if service.kill_mode in ("process", "none") else (),
        timeout_stop_sec=float(job.exit_time_out(service.timeout_stop_sec if service.send_sigkill else INFINITY))
        or INFINITY,
    )


def _variant(target: Target) -> str:
    """A user's are agents, whatever was said."""
    return "agent" if target.scope == "user" else target.variant or "daemon"


def _folder(folder: Folder | None) -> Folder | None:
    return Folder(folder.path) if folder and folder.path != "~" else None


def _is_number(limit: Limit) -> bool:
    return limit.soft is not None and limit.hard is not None


def _output(said: str, otherwise: str) -> str:
    """Give where a stream goes: it appends to any file."""
    return _OPENED.sub("append:", said) if _OPENED.match(said) else said if said == "null" else otherwise


def write(service: Service, target: Target) -> Rendered:
    if re.search(r"[/\0]", service.name):
        raise BadValue(f'its name "{service.name}" cannot be that of a file', "rename it")
    variant = _variant(target)
    log = f"/Library/Logs/{service.name}.log" if variant == "daemon" else ""
    plist = {
        "Label": checked(service.name, "name"),
        **_program(service),
        **_owner(service),
        **_surroundings(service),
        **_output_paths(service, log),
        "RunAtLoad": True,
        "KeepAlive": _keep_alive(service),
        "ThrottleInterval": round(service.restart_sec),
        "ExitTimeOut": job.exit_time_out(service.timeout_stop_sec),
        **({"AbandonProcessGroup": True} if _ABANDON in service.kept else {}),
        "ProcessType": job.PROCESS_TYPE,
    }
    text = plistlib.dumps(plist, sort_keys=False).decode()
    head, start, body = text.partition("<plist")
    told = "\n".join([service.description or service.name, *service.documentation])
    losses = _lost_output(service) if variant == "agent" else ()
    return Rendered(f"{_FOLDERS[variant]}/{service.name}.plist", f"{head}{comment(told)}\n{start}{body}", losses)


def _program(service: Service) -> dict[str, Any]:
    command = service.exec_start[0]
    words = [checked(word, "ExecStart") for word in expand(command, service.environment)]
    program = checked(command.words[0], "ExecStart")
    return {**({"Program": program} if program != words[0] else {}), "ProgramArguments": words}


def _owner(service: Service) -> dict[str, Any]:
    said = {"UserName": service.user, "GroupName": service.group, "RootDirectory": service.root_directory}
    return {key: checked(value, key.removesuffix("Name")) for key, value in said.items() if value}


def _surroundings(service: Service) -> dict[str, Any]:
    folder = service.working_directory
    limits = {LIMITS[name]: limit for name, limit in service.limits.items()}
    said = {
        "WorkingDirectory": checked(folder.path if folder else "/", "WorkingDirectory"),
        "Umask": service.umask,
        "Nice": service.nice,
        "LowPriorityIO": True if service.io_scheduling_class == "idle" else None,
        "SoftResourceLimits": {name: limit.soft for name, limit in limits.items()} or None,
        "HardResourceLimits": {name: limit.hard for name, limit in limits.items()} or None,
    }
    variables = {"PATH": job.PATH, **service.environment}
    return {
        "EnvironmentVariables": {
            checked(name, "Environment"): checked(value, "Environment") for name, value in variables.items()
        },
        **{key: value for key, value in said.items() if value is not None},
    }


def _output_paths(service: Service, log: str) -> dict[str, str]:
    out = _path(service.standard_output, log)
    said = {
        "StandardInPath": service.standard_input.removeprefix("file:").removeprefix("null"),
        "StandardOutPath": out,
        "StandardErrorPath": _path(service.standard_error, out),
    }
    return {key: checked(path, key.removesuffix("Path")) for key, path in said.items() if path}


def _path(said: str, otherwise: str) -> str:
    """Give the file of a stream, "" for none: launchd throws away what has no file."""
    return "" if said == "null" else said.removeprefix("append:") if said.startswith("append:") else otherwise


def _lost_output(service: Service) -> tuple[Loss, ...]:
    if service.standard_output != "null":
        return ()
    return (Loss("StandardOutput", "launchd throws an agent's output away unless it is given a file in full: append:"),)


def _keep_alive(service: Service) -> bool | dict[str, bool]:
    return _CONDITIONS.get(service.restart, service.restart == "always")


def commands(service: Service, target: Target) -> Commands:
    variant = _variant(target)
    path = f"{_FOLDERS[variant]}/{service.name}.plist"
    check = ("plutil", "-lint", path)
    if variant == "agent":  # the older words know by themselves whose agent it is
        return Commands(
            check=check,
            install=(("launchctl", "load", "-w", path),),
            uninstall=(("launchctl", "unload", "-w", path),),
            status=("launchctl", "list", service.name),
            signs=Signs(running=r'"PID" = \d+', enabled=r'"Label" = ', process=r'("PID" = \d+)'),
            anew=True,
        )
    job_there = f"system/{service.name}"
    return Commands(
        check=check,
        install=(("launchctl", "enable", job_there), ("launchctl", "bootstrap", "system", path)),
        uninstall=(("launchctl", "bootout", job_there),),
        status=("launchctl", "print", job_there),
        signs=Signs(running=r"^\tstate = running$", enabled=r"^system/", process=r"^\t(pid = \d+)$"),
        anew=True,
    )


DIALECT = Dialect(
    name="launchd",
    title="launchd",
    system="macos",
    means=means,
    write=write,
    commands=commands,
    variants=("daemon", "agent"),
    read=launchd_reader.read,
    endings=(".plist",),
)
