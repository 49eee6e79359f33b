"""Kubernetes: a Deployment of one, or a DaemonSet with one on each node, and a ConfigMap for Farmhand's own file.

Its pods start again whatever they ended with: at once the first time, after 10 s the second, then twice as long each
time up to 5 min; ten minutes of running make the pause short again. It says SIGTERM, as long as the image does not name
another signal. The pod's processes share a namespace, so that SIGTERM also reaches a program without a handler.
Sources: Kubernetes' pages on the lifecycle of a pod and on resources; kubelet's kuberuntime_manager.go, doBackOff; the
API's core/v1 and apps/v1.
"""

import hashlib
from typing import Any

from .. import contained
from ..dialect import Commands, Dialect, Target
from ..meaning import meaning
from ..rendered import Rendered
from ..spec import Service

_TITLE = "Kubernetes"
_KINDS = {"daemonset": "DaemonSet", "deployment": "Deployment"}
_FOLDER = "/etc/farmhand/kubernetes"
_KEY = "farmhand.yaml"
_SAYS = f"{contained.SAYS} NoNewPrivileges CPUQuota"


def means(service: Service, target: Target) -> Service:
    """It has no start limit and its own pauses, knows accounts by number only, and kills all for want of memory."""
    return meaning(
        service,
        _SAYS,
        **contained.can(service),
        **contained.restarting(service, "always"),
        **contained.amounts(service, "memory_max"),
        restart_sec=10.0,
        backoff_max_sec=300.0,
        backoff_reset_sec=600.0,
        user=_numeric(service.user),
        group=_numeric(service.group),
        supplementary_groups=tuple(filter(_numeric, service.supplementary_groups)),
        oom_policy="kill",
        timeout_stop_sec=contained.whole(service.timeout_stop_sec),
    )


def _numeric(account: str | None) -> str | None:
    return account if account and account.isascii() and account.isdecimal() else None


def write(service: Service, target: Target) -> Rendered:
    name = _name(service)
    documents = [_config(name, target.config.text)] if target.config else []
    needed = "farmhand and the program" if target.config else "the program"
    losses = (*contained.renamed(service, name, _TITLE), *contained.lacking(target, needed))
    return Rendered(_path(service), contained.manifest(*documents, _workload(service, target, name)), losses)


def _name(service: Service) -> str:
    return contained.named(service, "[^a-z0-9-]+")


def _path(service: Service) -> str:
    return f"{_FOLDER}/{_name(service)}.yaml"


def _config(name: str, text: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {_KEY: text}}


def _workload(service: Service, target: Target, name: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": name}
    of_one = {"replicas": 1, "strategy": {"type": "Recreate"}} if target.variant == "deployment" else {}
    # A pod does not notice that its ConfigMap says something else; it notices that it says something else itself.
    config = {"farmhand/config": hashlib.sha256(target.config.text.encode()).hexdigest()} if target.config else None
    return {
        "apiVersion": "apps/v1",
        "kind": _KINDS[target.variant or "daemonset"],
        "metadata": {"name": name, "labels": labels, "annotations": _annotations(service) or None},
        "spec": {
            "selector": {"matchLabels": labels},
            **of_one,
            "template": {"metadata": {"labels": labels, "annotations": config}, "spec": _pod(service, target, name)},
        },
    }


def _annotations(service: Service) -> dict[str, str]:
    return {f"kubernetes.io/{name}": said for name, said in contained.notes(service).items()}


def _pod(service: Service, target: Target, name: str) -> dict[str, Any]:
    mounts = _mounts(service, target, name)
    return {
        "terminationGracePeriodSeconds": contained.seconds(service.timeout_stop_sec),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "shareProcessNamespace": True if target.config is None else None,
        "securityContext": _accounts(service) or None,
        "containers": [_container(service, target, name)],
        "volumes": [{"name": name, **source} for name, _, source in mounts],
    }


def _container(service: Service, target: Target, name: str) -> dict[str, Any]:
    program, *arguments = map(_escaped, contained.argv(service))
    mounts = _mounts(service, target, name)
    return {
        "name": name,
        "image": contained.image(target),
        "command": [program],
        "args": arguments,
        "workingDir": contained.folder(service),
        "env": [{"name": name, "value": _escaped(text)} for name, text in contained.environment(service).items()],
        "resources": {"limits": limits} if (limits := _limits(service)) else None,
        "securityContext": _confined(service) or None,
        "readinessProbe": {"exec": {"command": contained.is_active(service, target)}} if target.config else None,
        "volumeMounts": [
            {"name": name, "mountPath": path, **({"readOnly": True} if "configMap" in source else {})}
            for name, path, source in mounts
        ],
    }


def _escaped(text: str) -> str:
    """Protect dollars: $(NAME) would be replaced."""
    return text.replace("$", "$$")


def _accounts(service: Service) -> dict[str, Any]:
    found = {"runAsUser": service.user, "runAsGroup": service.group}
    numbers: dict[str, Any] = {key: int(number) for key, number in found.items() if number is not None}
    groups = [int(number) for number in service.supplementary_groups]
    return {**numbers, **({"supplementalGroups": groups} if groups else {})}


def _confined(service: Service) -> dict[str, Any]:
    confined = contained.confined(service)
    return {
        **({"allowPrivilegeEscalation": False} if service.no_new_privileges else {}),
        **({"capabilities": {"drop": ["ALL"]}} if confined.no_capabilities else {}),
        **({"readOnlyRootFilesystem": True} if confined.read_only else {}),
    }


def _limits(service: Service) -> dict[str, str]:
    memory, quota = contained.number(service.memory_max), service.cpu_quota
    return {
        **({"memory": str(memory)} if memory is not None else {}),
        **({"cpu": f"{round(quota * 1000)}m"} if quota is not None else {}),
    }


def _mounts(service: Service, target: Target, name: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Give volumes: the name of each, where it is in the container, and where from."""
    confined = contained.confined(service)
    found: list[tuple[str, str, dict[str, Any]]] = []
    if target.config is not None:
        folder, _, file = target.config.path.rpartition("/")
        found.append(("config", folder, {"configMap": {"name": name, "items": [{"key": _KEY, "path": file}]}}))
    if confined.read_only:
        found += [("tmp", "/tmp", {"emptyDir": {}}), ("var-tmp", "/var/tmp", {"emptyDir": {}})]
    for number, path in enumerate(confined.writable):
        found.append((f"output-{number}", path, {"hostPath": {"path": path, "type": "Directory"}}))
    return found


def commands(service: Service, target: Target) -> Commands:
    return Commands(
        check=("kubectl", "apply", "--dry-run=server", f"--filename={_path(service)}"),
        install=(("kubectl", "apply", f"--filename={_path(service)}"),),
        uninstall=(("kubectl", "delete", "--ignore-not-found", f"--filename={_path(service)}"),),
        status=("kubectl", "get", "pods", f"--selector=app.kubernetes.io/name={_name(service)}"),
    )


DIALECT = Dialect(
    name="kubernetes",
    title=_TITLE,
    system="linux",
    means=means,
    write=write,
    commands=commands,
    variants=tuple(_KINDS),
    contained=True,
)
