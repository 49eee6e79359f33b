"""Docker and whatever else reads Compose files: a service as a container, and how its image is built.

With `on-failure` a container that ended with 0 stays down, also when the machine starts. A restart waits 100 ms, then
twice as long each time up to a minute; ten seconds of running make the pause short again. `init` has another program
be the first process: the kernel keeps SIGTERM from a first process that has no handler for it.
Sources: the Compose specification, "services"; moby's restartmanager/restartmanager.go; docker run, "Restart policies".
"""

import json
from typing import Any

from .. import contained
from ..dialect import Commands, Dialect, Target
from ..meaning import meaning
from ..rendered import File, Rendered
from ..spec import Limit, Service

_TITLE = "Docker"
_FOLDERS = {"system": "/etc/farmhand/containers", "user": "~/.config/farmhand/containers"}
_SAYS = (
    f"{contained.SAYS} User Group SupplementaryGroups NoNewPrivileges KillSignal OOMScoreAdjust CPUQuota AllowedCPUs"
)
_RESTART = {"no": "no", "on-failure": "on-failure", "always": "unless-stopped"}
_PAUSES = {"restart_sec": 0.1, "backoff_max_sec": 60.0, "backoff_reset_sec": 10.0}


def means(service: Service, target: Target) -> Service:
    """It has no start limit, and waits in its own way; it kills whoever does not stop in whole seconds."""
    restart = contained.policy(service)
    return meaning(
        service,
        _SAYS,
        **contained.can(service),
        **contained.restarting(service, restart),
        **contained.amounts(service, "memory_max", "tasks_max"),
        **({} if restart == "no" else _PAUSES),
        **({"wanted_by": ()} if restart == "on-failure" else {}),
        limits={name: limit for name, limit in service.limits.items() if name != "AS"},
        oom_policy="continue",
        timeout_stop_sec=contained.whole(service.timeout_stop_sec),
    )


def write(service: Service, target: Target) -> Rendered:
    name = _name(service)
    folder = f"{_FOLDERS[target.scope]}/{name}"
    text = contained.manifest({"services": {name: _escaped(_service(service, target))}})
    losses = (*contained.renamed(service, name, _TITLE), *contained.lacking(target, "the program"))
    return Rendered(f"{folder}/compose.yaml", text, losses, beside=_image(service, target, folder))


def _name(service: Service) -> str:
    return contained.named(service, "[^A-Za-z0-9._-]+")


def _service(service: Service, target: Target) -> dict[str, Any]:
    confined = contained.confined(service)
    return {
        "labels": contained.notes(service) or None,
        **({"image": contained.image(target), "init": True} if target.config is None else {"build": "."}),
        "entrypoint": contained.argv(service),
        "environment": contained.environment(service) or None,
        "working_dir": contained.folder(service),
        "user": contained.account(service),
        "group_add": [contained.text(group, "SupplementaryGroups") for group in service.supplementary_groups],
        "restart": _RESTART[contained.policy(service)],
        "stop_signal": service.kill_signal,
        "stop_grace_period": f"{contained.seconds(service.timeout_stop_sec)}s",
        "healthcheck": _health(service, target),
        "security_opt": ["no-new-privileges:true"] if service.no_new_privileges else [],
        "cap_drop": ["ALL"] if confined.no_capabilities else [],
        "read_only": confined.read_only or None,
        "tmpfs": ["/tmp", "/var/tmp"] if confined.read_only else [],
        "volumes": [{"type": "bind", "source": path, "target": path} for path in confined.writable],
        **_limits(service),
    }


def _limits(service: Service) -> dict[str, Any]:
    cpus = service.allowed_cpus
    return {
        "mem_limit": contained.number(service.memory_max),
        "pids_limit": contained.number(service.tasks_max),
        "cpus": service.cpu_quota,
        "cpuset": ",".join(map(str, sorted(cpus))) if cpus else None,
        "oom_score_adj": service.oom_score_adjust,
        "ulimits": {name.lower(): _limit(limit) for name, limit in service.limits.items()} or None,
    }


def _limit(limit: Limit) -> dict[str, int]:
    """-1 is for no limit."""
    return {kind: -1 if value is None else value for kind, value in (("soft", limit.soft), ("hard", limit.hard))}


def _health(service: Service, target: Target) -> dict[str, Any] | None:
    if target.config is None:
        return None
    return {"test": ["CMD", *contained.is_active(service, target)], "interval": "30s", "start_period": "30s"}


def _escaped(node: Any) -> Any:
    """Protect dollars in all values: Compose replaces variables in them."""
    if isinstance(node, dict):
        return {key: _escaped(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_escaped(each) for each in node]
    return node.replace("$", "$$") if isinstance(node, str) else node


def _image(service: Service, target: Target, folder: str) -> tuple[File, ...]:
    """Write what an image with Farmhand in it is built from."""
    if target.config is None:
        return ()
    name = target.config.path.rpartition("/")[2]
    lines = [
        f"FROM {contained.image(target)}",
        'RUN pip install --no-cache-dir "farmhand[worker]"',
        f"COPY {json.dumps([name, target.config.path])}",
        f"STOPSIGNAL {service.kill_signal}",
        f"ENTRYPOINT {json.dumps(contained.argv(service))}",
    ]
    return File(f"{folder}/{name}", target.config.text), File(f"{folder}/Dockerfile", "\n".join([*lines, ""]))


def commands(service: Service, target: Target) -> Commands:
    compose = ("docker", "compose", "--file", f"{_FOLDERS[target.scope]}/{_name(service)}/compose.yaml")
    return Commands(
        check=(*compose, "config", "--quiet"),
        install=((*compose, "up", "--detach", *(("--build",) if target.config else ())),),
        uninstall=((*compose, "down"),),
        status=(*compose, "ps", "--all"),
    )


DIALECT = Dialect(
    name="container",
    title=_TITLE,
    system="linux",
    means=means,
    write=write,
    commands=commands,
    contained=True,
)
