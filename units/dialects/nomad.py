"""Nomad: a job in the API's JSON, for its Docker driver, on each client or on one of them.

A batch job that ends with 0 is done; a job of the other kinds is started again whatever it ended with. Pauses are up to
a quarter longer than said. A start limit ends it for good, for it is not moved to another client either.
Sources: Nomad's pages on jobs in JSON, restart, reschedule, template and its Docker driver; its
client/allocrunner/taskrunner/restarts/restarts.go, nomad/structs/structs.go and helper/args/args.go.
"""

import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from .. import contained
from ..again import starts_again
from ..dialect import Commands, Dialect, Target
from ..errors import BadValue
from ..meaning import meaning
from ..rendered import Loss, Rendered
from ..spec import Service

_TITLE = "Nomad"
_FOLDER = "/etc/farmhand/nomad"
_SAYS = f"{contained.SAYS} User Group SupplementaryGroups NoNewPrivileges KillSignal RestartSec"
# Of each variant: for what runs for ever, and for what is done when it ends with 0.
_TYPES = {"system": ("system", "sysbatch"), "service": ("service", "batch")}
_SHORTEST_INTERVAL = 5.0
_MANY = 1_000_000  # starts: more than there will be
_LONGEST = 9_000_000_000.0  # seconds: more do not fit into nanoseconds
_MEGABYTE = 1024 * 1024
_LEAST_MEGABYTES, _USUAL_MEGABYTES = 10, 300
_CLIENT_SECONDS = 30.0  # max_kill_timeout, unless a client's configuration says more
_REPLACED = re.compile(r"\$\{[a-zA-Z0-9_.-]+\}")


def means(service: Service, target: Target) -> Service:
    """It limits starts in its own way, if at all; in the environment nothing can protect a ${name} from it."""
    return meaning(
        service,
        _SAYS,
        **contained.can(service)
        | _limited(service)
        | {
            "environment": {name: said for name, said in service.environment.items() if not _REPLACED.search(said)},
            "kept": tuple(line for line in contained.can(service)["kept"] if line.key != "ReadWritePaths"),
        },
        **contained.restarting(service, contained.policy(service)),
        memory_max=str(_megabytes(service) * _MEGABYTE) if _has_number(service) else "infinity",
        tasks_max="infinity" if service.tasks_max.endswith("%") else service.tasks_max,
        oom_policy="continue",
        timeout_stop_sec=service.timeout_stop_sec,
    )


def _has_number(service: Service) -> bool:
    return service.memory_max.isdecimal()


def _megabytes(service: Service) -> int:
    """Nomad does not run a job without a limit: what is not said is as if nothing had been said."""
    return max(_LEAST_MEGABYTES, -(-int(service.memory_max) // _MEGABYTE)) if _has_number(service) else _USUAL_MEGABYTES


def _limited(service: Service) -> dict[str, Any]:
    """Give the start limit if it can be said: not one that is never reached, nor one that forbids each restart."""
    interval, burst = service.start_limit_interval_sec, service.start_limit_burst
    sayable = burst > 1 and max(_SHORTEST_INTERVAL, (burst - 1) * service.restart_sec) <= interval < _LONGEST
    return {"start_limit_interval_sec": interval if sayable else 0.0, "start_limit_burst": burst if sayable else 5}


def write(service: Service, target: Target) -> Rendered:
    name = _name(service)
    job = {
        "ID": name,
        "Name": name,
        "Type": _type(service, target),
        "Datacenters": ["*"],
        "Meta": contained.notes(service),
        "TaskGroups": [
            {"Name": name, "Count": 1, **_restart(service, target), "Tasks": [_task(service, target, name)]},
        ],
    }
    return Rendered(_path(service), json.dumps({"Job": job}, indent=2) + "\n", tuple(_losses(service, target, name)))


def _name(service: Service) -> str:
    return contained.named(service, "[^A-Za-z0-9._-]+")


def _path(service: Service) -> str:
    return f"{_FOLDER}/{_name(service)}.nomad.json"


def _type(service: Service, target: Target) -> str:
    for_ever, done = _TYPES[target.variant or "system"]
    return for_ever if starts_again(service, 0) else done


def _losses(service: Service, target: Target, name: str) -> Iterator[Loss]:
    yield from contained.renamed(service, name, _TITLE)
    yield from contained.lacking(target, "farmhand and the program" if target.config else "the program")
    if not _has_number(service):
        yield Loss("MemoryMax", f"{_TITLE} does not go without a limit: {_USUAL_MEGABYTES} MiB stand there")
    if service.timeout_stop_sec > _CLIENT_SECONDS:
        limit = f"max_kill_timeout, which is {_CLIENT_SECONDS:g}s if its configuration does not say more"
        yield Loss("TimeoutStopSec", f"a client kills after its {limit}")


def _restart(service: Service, target: Target) -> dict[str, Any]:
    delay = service.restart_sec
    if contained.policy(service) == "no":
        policy = (0, _SHORTEST_INTERVAL, "fail")
    elif service.start_limit_interval_sec:
        policy = (service.start_limit_burst - 1, service.start_limit_interval_sec, "fail")
    else:
        attempts = max(1, min(_MANY, int(_LONGEST / max(delay, 1.0))))
        policy = (attempts, max(_SHORTEST_INTERVAL, attempts * delay), "delay")
    attempts, interval, mode = policy
    restart = {"Attempts": attempts, "Interval": _nano(interval), "Delay": _nano(delay), "Mode": mode}
    stay = {"ReschedulePolicy": {"Attempts": 0, "Unlimited": False}} if "sys" not in _type(service, target) else {}
    return {"RestartPolicy": restart, **stay}


def _nano(seconds: float) -> int:
    return round(min(seconds, _LONGEST) * 1e9)


def _task(service: Service, target: Target, name: str) -> dict[str, Any]:
    return {
        "Name": name,
        "Driver": "docker",
        "User": _account(service),
        "Config": _config(service, target),
        "Env": contained.environment(service),
        "KillSignal": service.kill_signal,
        "KillTimeout": _nano(service.timeout_stop_sec),
        "Resources": {"MemoryMB": _megabytes(service)},
        "Templates": [_template(target.config.text, _local(target.config.path))] if target.config else [],
    }


def _config(service: Service, target: Target) -> dict[str, Any]:
    """Give what is for the driver, which reads all texts in there as templates of HCL."""
    confined = contained.confined(service)
    said = {
        "image": contained.image(target),
        "init": target.config is None,
        "entrypoint": [_escaped(word) for word in contained.argv(service)],
        "work_dir": _escaped(contained.folder(service) or ""),
        "group_add": [_escaped(contained.text(name, "SupplementaryGroups")) for name in service.supplementary_groups],
        "pids_limit": contained.number(service.tasks_max),
        "security_opt": ["no-new-privileges"] if service.no_new_privileges else [],
        "cap_drop": ["all"] if confined.no_capabilities else [],
        "readonly_rootfs": confined.read_only,
        "mount": _mounts(target, read_only=confined.read_only),
    }
    return {key: value for key, value in said.items() if value}


def _mounts(target: Target, *, read_only: bool) -> list[dict[str, Any]]:
    found = [{"type": "tmpfs", "target": path} for path in ("/tmp", "/var/tmp")] if read_only else []
    if target.config is not None:
        file = {"type": "bind", "source": _local(target.config.path), "target": target.config.path}
        return [{**file, "readonly": True}, *found]
    return found


def _local(path: str) -> str:
    """Say where a template is written, in the folder of the task."""
    return f"local/{path.rpartition('/')[2]}"


def _template(text: str, path: str) -> dict[str, Any]:
    """Write a file with marks around what is to be replaced that are nowhere in it."""
    left = next(mark for length in count(2) if (mark := "{" * length) not in text)
    marks = {"LeftDelim": left, "RightDelim": "}" * len(left)}
    return {"EmbeddedTmpl": text, "DestPath": path, "ChangeMode": "restart", **marks}


def _escaped(text: str) -> str:
    return text.replace("${", "$${").replace("%{", "%%{")


def _account(service: Service) -> str:
    """Give the user and the group. Raises BadValue for a ${name} in one, which nothing protects from being replaced."""
    for key, name in (("User", service.user), ("Group", service.group)):
        if name and _REPLACED.search(name):
            raise BadValue(f"{key}: {_TITLE} replaces a part of {name!r}", "take ${ out of it")
    return contained.account(service) or ""


def commands(service: Service, target: Target) -> Commands:
    return Commands(
        check=("nomad", "job", "validate", "-json", _path(service)),
        install=(("nomad", "job", "run", "-json", "-detach", _path(service)),),
        uninstall=(("nomad", "job", "stop", "-purge", _name(service)),),
        status=("nomad", "job", "status", _name(service)),
    )


DIALECT = Dialect(
    name="nomad",
    title=_TITLE,
    system="linux",
    means=means,
    write=write,
    commands=commands,
    variants=tuple(_TYPES),
    contained=True,
)
