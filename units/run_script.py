"""The shell script that becomes a service: what service managers have in common that start whatever is in a file.

It is for any POSIX sh. Environment, folder, limits, umask and user are set as systemd.exec(5) says.
"""

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .again import CODES, SIGNAL_NAMES, stays_down
from .errors import BadValue
from .spec import Command, Limit, Service
from .statuses import signal_number

# What such a script can see to.
SAYS = (
    "Description Documentation ExecStart Environment WorkingDirectory User Group SupplementaryGroups UMask Nice"
    " StandardOutput StandardError KillSignal WantedBy"
)
# ulimit's letter and how many of systemd's units are one of its; sh(1). For processes, shells have different letters.
_ULIMIT: Mapping[str, tuple[str, int]] = {
    "AS": ("v", 1024),
    "CORE": ("c", 512),
    "CPU": ("t", 1),
    "DATA": ("d", 1024),
    "FSIZE": ("f", 512),
    "MEMLOCK": ("l", 1024),
    "NOFILE": ("n", 1),
    "STACK": ("s", 1024),
}
_VARIABLE = re.compile(r"\$\$|\$\{([^{}:]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OUTPUTS = ("journal", "inherit", "null")


def can(service: Service, *, own_user: bool = False) -> dict[str, Any]:
    """Give the fields of which such a script can do a part, as it does them. own_user: it cannot become another."""
    nobody: dict[str, Any] = {"user": None, "group": None, "supplementary_groups": ()} if own_user else {}
    return {
        "exec_start": tuple(replace(command, argv0=None, privilege="") for command in service.exec_start[-1:]),
        "limits": {name: limit for name, limit in service.limits.items() if name in _ULIMIT},
        "standard_output": _output(service.standard_output, "journal"),
        "standard_error": _output(service.standard_error, "inherit"),
        **nobody,
    }


def _output(text: str, otherwise: str) -> str:
    return text if text in _OUTPUTS or text.startswith("append:") else otherwise


def quoted(text: str, key: str) -> str:
    """Quote a text for sh. Raises BadValue for a NUL."""
    if "\0" in text:
        raise BadValue(f"{key}: it holds a NUL character, which no script can", "take the character out")
    return shlex.quote(text)


def words(command: Command) -> list[str]:
    """Give a command's words as sh reads them, its variables still to be expanded; systemd.service(5)."""
    if command.literal:
        return [quoted(word, "ExecStart") for word in command.words]
    return [quoted(command.words[0], "ExecStart"), *map(_word, command.words[1:])]


def _word(word: str) -> str:
    if word.startswith("$") and _NAME.fullmatch(word[1:]):
        return word  # as many words as its value has
    out, at = "", 0
    for found in _VARIABLE.finditer(word):
        out += _text(word[at : found.start()]) + _value(found[1])
        at = found.end()
    return out + _text(word[at:]) or "''"


def _text(text: str) -> str:
    return quoted(text, "ExecStart") if text else ""


def _value(name: str | None) -> str:
    """Write a variable, None for a dollar; a name that a shell does not have stands for nothing."""
    if name is None:
        return "'$'"
    return f'"${{{name}}}"' if _NAME.fullmatch(name) else ""


def comment(service: Service) -> list[str]:
    texts = [service.description or service.name, *service.documentation]
    return [f"# {line}" for text in texts for line in re.split(r"[\n\r\0]", text)]


def exports(service: Service) -> list[str]:
    """Set the environment. Raises BadValue for a name that a shell does not have."""
    bad = next((name for name in service.environment if not _NAME.fullmatch(name)), None)
    if bad is not None:
        raise BadValue(f"Environment: a shell cannot set {bad!r}", "name it with letters, digits and _")
    return [f"export {name}={quoted(text, 'Environment')}" for name, text in service.environment.items()]


def script(service: Service, become: str) -> str:
    """Write the script. become: what stands before the command to run it as the service's user, "" for nothing."""
    command = service.exec_start[0]
    nice = f"nice -n {service.nice} " if service.nice else ""
    lines = [
        "#!/bin/sh",
        *comment(service),
        "set -f",
        f"umask {service.umask:04o}",
        *_home(service),
        *exports(service),
        f"cd {folder(service)}{_or_not(service)}",
        *(line for name, limit in service.limits.items() for line in _limit(name, limit)),
        f"exec </dev/null {redirections(service)}",
        f"exec {nice}{become}{' '.join(words(command))}",
    ]
    return "".join(f"{line}\n" for line in lines)


def _home(service: Service) -> list[str]:
    if service.user is None:
        return []
    user = quoted(service.user, "User")
    return [f'export USER={user} LOGNAME={user} HOME="$(getent passwd {user} | cut -d: -f6)"']


def folder(service: Service) -> str:
    if service.working_directory is None:
        return "/"
    if service.working_directory.path == "~":
        return '"$HOME"'
    return quoted(service.working_directory.path, "WorkingDirectory")


def _or_not(service: Service) -> str:
    optional = service.working_directory is not None and service.working_directory.optional
    return " 2>/dev/null || cd /" if optional else " || exit 200"


def _limit(name: str, limit: Limit) -> list[str]:
    letter, size = _ULIMIT[name]
    soft, hard = ("unlimited" if value is None else str(value // size) for value in (limit.soft, limit.hard))
    return [f"ulimit -{letter} {hard}", *([f"ulimit -S -{letter} {soft}"] if soft != hard else [])]


def redirections(service: Service) -> str:
    """Say where output goes: to the manager's log unless somewhere else."""
    out = _where(service.standard_output, "", "StandardOutput")
    error = _where(service.standard_error, "&1", "StandardError")
    return " ".join(text for text in (out and f">{out}", f"2>{error}") if text)


def _where(text: str, otherwise: str, key: str) -> str:
    if text == "null":
        return "/dev/null"
    return f">{quoted(text.removeprefix('append:'), key)}" if text.startswith("append:") else otherwise


def home_path(path: str) -> str:
    """Quote a path for sh; one that begins with ~ is below the home of whom the service manager runs as."""
    return f'"$HOME"/{shlex.quote(path[2:])}' if path.startswith("~/") else shlex.quote(path)


def ids(service: Service) -> tuple[str, str, str]:
    """Give sh words for the numbers of the service's user, of his group, and of all his groups with spaces between."""
    user = quoted(service.user or "root", "User")
    own = _gid(service.group, "Group") if service.group else f"$(id -g {user})"
    more = [_gid(name, "SupplementaryGroups") for name in service.supplementary_groups]
    return f"$(id -u {user})", own, " ".join([own, f"$(id -G {user})", *more])


def _gid(group: str, key: str) -> str:
    return f"$(getent group {quoted(group, key)} | cut -d: -f3)"


def after(service: Service, by_signal: str, stay_down: str) -> list[str]:
    """Write what a script says that is given how the service ended: $1 the exit code, or by_signal and $2 the signal.

    stay_down: the command that keeps it down. Whether there was a core dump may be added to the signal.
    """
    codes, signals = stays_down(service)
    again = tuple(set(CODES).difference(codes)), tuple(set(SIGNAL_NAMES).difference(signals))
    if not codes and not signals:
        return []
    if not any(again):
        return [stay_down]
    stays, starts = _patterns(codes, signals, by_signal), _patterns(*again, by_signal)
    if len(stays) <= len(starts):
        return ["case $1:$2 in", f"  {' | '.join(stays)}) {stay_down} ;;", "esac"]
    return ["case $1:$2 in", f"  {' | '.join(starts)}) ;;", f"  *) {stay_down} ;;", "esac"]


def _patterns(codes: Iterable[int], signals: Iterable[str], by_signal: str) -> list[str]:
    numbers = sorted(signal_number(name) for name in signals)
    return [f"{code}:*" for code in sorted(codes)] + [f"{by_signal}:{n + dump}" for n in numbers for dump in (0, 128)]
