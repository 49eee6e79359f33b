"""A service as the first process of a container: what Docker, Kubernetes and Nomad do alike with it.

An engine knows exit codes only, 0 and all others, as which signals count, too. Who ends the first process ends them
all: the kernel kills what is left in the container. Nobody hears sd_notify there.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from .again import CODES, SIGNAL_NAMES, stays_down
from .dialect import Target
from .errors import BadValue
from .quoting import words
from .rendered import Loss
from .settled import settled, started
from .spec import INFINITY, Assignment, Command, Folder, Restart, Service, StatusSet
from .unit_names import unit_type

SAYS = (
    "Description Documentation ExecStart Environment WorkingDirectory WantedBy"
    " Restart SuccessExitStatus RestartPreventExitStatus RestartForceExitStatus"
)
_DECIDES = ("restart", "success_exit_status", "restart_prevent_exit_status", "restart_force_exit_status")
_STREAMS = ("journal", "inherit")
_CLEAN_SIGNALS = frozenset(stays_down(Service("any", restart="on-failure"))[1])
_FOR_EVER = 3_000_000_000  # seconds, which are 95 years


def can(service: Service) -> dict[str, Any]:
    """Give the fields of which an engine can do a part, as it does them."""
    folder = service.working_directory
    return {
        "exec_start": tuple(
            settled(Command(command.words, literal=command.literal), service.environment)
            for command in service.exec_start[-1:]
        ),
        "working_directory": Folder(folder.path) if folder and folder.path != "~" else None,
        "after": tuple(name for name in service.after if unit_type(name) == "target"),
        "wants": tuple(name for name in service.wants if unit_type(name) == "target"),
        "standard_output": service.standard_output if service.standard_output in _STREAMS else "journal",
        "standard_error": service.standard_error if service.standard_error in _STREAMS else "inherit",
        "kept": tuple(line for line in service.kept if _is_done(line)),
        "start_limit_interval_sec": 0.0,
        "kill_mode": "mixed",
    }


def policy(service: Service) -> Restart:
    """Choose among what all engines know: which of them is nearest to what the service asks for."""
    codes, signals = stays_down(service)
    if len(codes) == len(CODES) and len(signals) == len(SIGNAL_NAMES):
        return "no"
    return "on-failure" if 0 in codes else "always"


def restarting(service: Service, restart: Restart) -> dict[str, Any]:
    """Give the fields that decide whether it is started again, where an engine follows one policy.

    They are the service's own where that comes to the same.
    """
    says: dict[str, Any] = {name: getattr(service, name) for name in _DECIDES}
    forced = _CLEAN_SIGNALS if restart == "on-failure" else frozenset[str]()
    does: dict[str, Any] = {
        **dict.fromkeys(_DECIDES, StatusSet()),
        "restart": restart,
        "restart_force_exit_status": StatusSet(frozenset(), forced),
    }
    down = stays_down(Service("any", **says))
    called_clean = any(ending in service.success_exit_status for endings in down for ending in endings)
    return does if called_clean or stays_down(Service("any", **does)) != down else says


# -- what a service is kept from

# What is so in every container that nobody has given more rights.
_ANYWAY = {
    **dict.fromkeys(("PrivateTmp", "PrivateDevices", "PrivateMounts", "PrivateIPC"), "yes"),
    **dict.fromkeys(("ProtectHome", "ProtectClock", "ProtectHostname", "ProtectControlGroups"), "yes"),
    **dict.fromkeys(("ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs"), "yes"),
    "ProtectProc": "invisible",
}
# What is so if it is asked for.
_ASKED = {"CapabilityBoundingSet": "", "ProtectSystem": "strict"}


@dataclass(frozen=True)
class Confined:
    """What is asked for beyond what containers have anyway. writable: folders of the machine."""

    no_capabilities: bool = False
    read_only: bool = False
    writable: tuple[str, ...] = ()


def confined(service: Service) -> Confined:
    said = {line.key: line.value for line in service.kept}
    return Confined(
        no_capabilities="CapabilityBoundingSet" in said,
        read_only="ProtectSystem" in said,
        writable=tuple(path for line in service.kept if line.key == "ReadWritePaths" for path in _paths(line.value)),
    )


def _is_done(line: Assignment) -> bool:
    if line.key == "ReadWritePaths":
        return bool(_paths(line.value))
    wanted = {**_ANYWAY, **_ASKED}.get(line.key)
    return wanted is not None and line.value == wanted


def _paths(text: str) -> tuple[str, ...]:
    """Read a list of paths, as it is written; none if one may be missing, or is for the machine to tell."""
    found = tuple(words(text, escapes="protect"))
    plain = tuple(path.replace("%%", "%") for path in found)
    told = all(path.startswith("/") and "%" not in path.replace("%%", "") for path in found)
    return plain if told else ()


# -- texts


def argv(service: Service) -> list[str]:
    """Give the program and its arguments. Raises BadValue for what no engine can be told."""
    if not service.exec_start:
        raise BadValue("ExecStart: there is none", "say what to run")
    return [text(word, "ExecStart") for word in started(service.exec_start[0], service.environment)]


def environment(service: Service) -> dict[str, str]:
    return {name: text(value, "Environment") for name, value in service.environment.items()}


def notes(service: Service) -> dict[str, str]:
    """Give what people want to know about it, by name."""
    said = {"description": service.description, "documentation": " ".join(service.documentation)}
    return {name: text(value, name.title()) for name, value in said.items() if value}


def folder(service: Service) -> str | None:
    found = service.working_directory
    return None if found is None else text(found.path, "WorkingDirectory")


def account(service: Service) -> str | None:
    """Give the user, and the group after a colon, as engines take them; an account's name has no colon."""
    if service.user is None and service.group is None:
        return None
    user = text(service.user or "0", "User")
    return user if service.group is None else f"{user}:{text(service.group, 'Group')}"


def text(said: str, key: str) -> str:
    """Take a text that an engine passes on. Raises BadValue for a NUL, and for what is no Unicode."""
    if "\0" in said or any("\ud800" <= char <= "\udfff" for char in said):
        raise BadValue(f"{key}: {said!r} holds a NUL or is no UTF-8", "take that out")
    return said


def named(service: Service, odd: str) -> str:
    """Give a name without the characters that an engine has not in names. Raises BadValue where none is left."""
    name = re.sub(odd, "-", service.name).strip("-._")[:63].rstrip("-._")
    if not name or re.search(r"[:\\/\s]", service.name):
        raise BadValue(
            f'its name "{service.name}" cannot be that of a container', "rename it: letters, digits, - and @"
        )
    return name


def renamed(service: Service, name: str, title: str) -> Iterator[Loss]:
    if name != service.name:
        yield Loss("name", f'{title} calls it "{name}"')


def image(target: Target) -> str:
    """Take the name of an image. Raises BadValue for what is none."""
    if not re.fullmatch(r"[A-Za-z0-9][\w./:@-]*", target.image, re.ASCII):
        raise BadValue(f'--image: "{target.image}" is not the name of an image', "write it as registry/name:tag")
    return target.image


def lacking(target: Target, needed: str) -> Iterator[Loss]:
    """Tell that the usual image has Python in it, and nothing else."""
    if target.image == Target.image:
        yield Loss("ExecStart", f"{target.image} does not have {needed} in it: --image names one that has")


def amounts(service: Service, *fields: str) -> dict[str, str]:
    """Give those fields that hold a number; a part of the machine's memory is for the machine to tell."""
    return {field: amount for field in fields if not (amount := getattr(service, field)).endswith("%")}


def number(amount: str) -> int | None:
    """Read an amount, None for no limit."""
    return None if amount == "infinity" else int(amount)


def whole(span: float) -> float:
    """Give what is left of a time that is said in whole seconds."""
    return span if span == INFINITY else float(math.ceil(span))


def seconds(span: float) -> int:
    """Give whole seconds, and for no limit as many as nobody waits."""
    return _FOR_EVER if span > _FOR_EVER else math.ceil(span)


def is_active(service: Service, target: Target) -> list[str]:
    """Give the command that says whether the service runs that Farmhand has in the container."""
    return [target.farmhand, "is-active", "--quiet", service.name]


# -- YAML that everybody reads alike


class _Dumper(yaml.SafeDumper):
    """Quotes each text that is more than plain words: what is a number or a yes differs between readers of YAML."""


_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9./_-]* ?[A-Za-z0-9./_-]+")
_NEVER_FOLD = 1 << 30


def _represent(dumper: _Dumper, said: str) -> yaml.ScalarNode:
    lines = said.split("\n")
    style = '"'
    if len(lines) > 1 and all(line.isprintable() for line in lines):
        style = "|"
    elif _PLAIN.fullmatch(said):
        style = ""
    return dumper.represent_scalar("tag:yaml.org,2002:str", said, style=style or None)


_Dumper.add_representer(str, _represent)


def manifest(*documents: Mapping[str, Any]) -> str:
    """Write documents; what is None in them, or an empty list, is left out."""
    lean = [_lean(document) for document in documents]
    return yaml.dump_all(lean, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_NEVER_FOLD)


def _lean(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: _lean(value) for key, value in node.items() if value is not None and value != []}
    return [_lean(each) for each in node] if isinstance(node, list) else node
