"""Looks at everything around a manager that makes a farm misbehave: its machine, its files, its settings."""

import os
import shutil
import socket
import stat
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import psutil

from .config import Settings
from .rules.findings import Finding, note
from .storage.store import FILE
from .targets import Webhook

# A disk with less room than this may be full by tomorrow.
ROOM = 2 * 1024**3

# Where SQLite's write-ahead log does not work: its readers share memory.
NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "afs", "glusterfs", "ceph", "lustre")

# How often a Flamenco Worker says something, in seconds.
POLL = 20


@dataclass(frozen=True)
class Scene:
    """What is looked at. config: None without a file. port: where the manager listens, or is going to."""

    settings: Settings
    data: Path
    config: Path | None
    address: tuple[str, int]
    on_a_server: bool


def look(scene: Scene) -> Iterator[Finding]:
    for check in CHECKS:
        yield from check(scene)


def disk(scene: Scene) -> Iterator[Finding]:
    for where, path in (("--data", scene.data), ("shared_storage_path", Path(scene.settings.shared_storage_path))):
        if path.is_dir() and (free := shutil.disk_usage(path).free) < ROOM:
            yield Finding(where, f"{free / 1024**3:.1f} GiB are free at {path}", "make room, or set keep_jobs")
    kind = file_system(scene.data)
    if not scene.on_a_server and kind.startswith(NETWORK_FILE_SYSTEMS):
        mend = "keep --data on a disk of this machine, or the farm in a PostgreSQL"
        yield Finding("--data", f"{scene.data} is on {kind}, where SQLite damages its file", mend)


def file_system(path: Path) -> str:
    """Return what kind of file system a path is on, "" where nobody knows."""
    found = {Path(each.mountpoint): each.fstype for each in psutil.disk_partitions(all=True)}
    return next((found[each] for each in (path.absolute(), *path.absolute().parents) if each in found), "")


def secrets(scene: Scene) -> Iterator[Finding]:
    """Who else on this machine may read what lets people in."""
    if os.name != "posix":
        return
    for path in _secret_files(scene):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if mode & (stat.S_IRGRP | stat.S_IROTH):
            yield Finding(
                str(path), "others on this machine can read it, and what is secret in it", f"chmod 600 {path}"
            )
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            yield Finding(str(path), "others on this machine can change it", f"chmod 600 {path}")


def _secret_files(scene: Scene) -> Iterator[Path]:
    said = scene.settings
    if not scene.on_a_server:
        yield scene.data / FILE
    if scene.config is not None and "@" in said.database:
        yield scene.config
    named = [said.audit_key_file, *(to.secret_file for to in said.notices.to if isinstance(to, Webhook))]
    named += [said.oidc.secret_file] if said.oidc else []
    named += [said.notices.smtp.password_file] if said.notices.smtp else []
    yield from (Path(name) for name in named if name)


def folders(scene: Scene) -> Iterator[Finding]:
    """Whether what is written into can be."""
    for where, path in (("--data", scene.data), ("shared_storage_path", Path(scene.settings.shared_storage_path))):
        if not path.is_dir():
            if where != "--data" and path == scene.data / "shared":
                continue  # made when a job first needs it
            yield Finding(where, f"{path} is no folder", "make it, mount it, or name another")
            continue
        try:
            with tempfile.TemporaryFile(dir=path):
                pass
        except OSError as error:
            yield Finding(where, f"{path} cannot be written: {error.strerror}", "change its owner, or the mount")


def networks(scene: Scene) -> Iterator[Finding]:
    """Who is let in, or believed, without anybody having signed in."""
    said = scene.settings
    for network in said.trusted_proxies:
        if ip_network(network).num_addresses > 2**16:
            what = f"everybody in {network} is believed in who calls, and can pretend to be at any address"
            yield Finding("trusted_proxies", what, "name the proxies alone")
    if said.open_networks.networks:
        what = (
            f"from {', '.join(said.open_networks.networks)} Flamenco's API is open ({said.open_networks.allow.value})"
        )
        yield note("open_networks", what, "use tokens instead, where the programs can")
    for key, opened in (("open_networks", said.open_networks.networks), ("metrics", said.metrics)):
        if any(ip_network(network).is_global or ip_network(network).prefixlen == 0 for network in opened):
            yield Finding(key, "it opens the manager to the internet", "name your own networks")
        if any(ip_network(network).is_loopback for network in opened) and not said.trusted_proxies:
            what = "this machine is let in, and so is everybody by a proxy on it that does not say who calls"
            yield note(key, what, "name the proxy under trusted_proxies, if there is one")
    if said.trusted_proxies and not said.host_names:
        mend = "write down by which names browsers call the farm"
        yield note("host_names", "there is a proxy, and no name: calls by its name over the loopback are refused", mend)
    if said.oidc is not None and said.oidc.issuer.startswith("http:"):
        yield Finding("oidc", "the provider is asked without encryption", "name its https address")


def leases(scene: Scene) -> Iterator[Finding]:
    said = scene.settings
    if said.worker_timeout < 2 * POLL:
        what = f"{said.worker_timeout:g} s are less than two polls of a Flamenco Worker, which counts as lost too soon"
        yield Finding("worker_timeout", what, f"write {2 * POLL}s or more, or use Farmhand's workers alone")
    if said.push_timeout < 5:
        what = f"{said.push_timeout:g} s are little: a slow network makes workers lost"
        yield note("push_timeout", what, "write 15s")
    if said.task_timeout < said.worker_timeout:
        what = "tasks time out before their workers are lost, and count as failed by them"
        yield Finding("task_timeout", what, "write more than worker_timeout")


def port(scene: Scene) -> Iterator[Finding]:
    """What answers at the address: our manager, somebody else, or nobody."""
    host, number = scene.address
    url = f"http://{f'[{host}]' if ':' in host else host}:{number}"
    status, said = _ask(f"{url}/readyz")
    if status == 0:
        yield note("--listen", f"nobody answers at {host}:{number}", "start the manager, or name its address")
    elif status == 503:
        yield Finding("--listen", f"the manager at {url} is not ready: {said.strip()}", "see its log")
    elif said != "ready\n":
        yield Finding("--listen", f"another program answers at {url}", "stop it, or have the manager listen elsewhere")
    elif _ask(f"{url}/api/v3/worker-mgt/workers")[0] == 200 and not scene.settings.open_networks.networks:
        mend = "start it without --without-login, once there is an admin"
        yield note("--without-login", f"nobody has to sign in to the manager at {url}", mend)


def _ask(url: str) -> tuple[int, str]:
    """Return status and text of an answer; 0 where nobody answers."""
    try:
        with urllib.request.build_opener(_Stay).open(url, timeout=5) as answer:
            return answer.status, answer.read(200).decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read(200).decode(errors="replace")
    except (OSError, ValueError):
        return 0, ""


class _Stay(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> None:
        return None


def name(_scene: Scene) -> Iterator[Finding]:
    """Whether this machine knows itself, as the pages and what is announced say its name."""
    try:
        socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        what = f"this machine's name, {socket.gethostname()}, leads nowhere"
        yield note("machine", what, "write it into /etc/hosts or the DNS")


CHECKS: tuple[Callable[[Scene], Iterator[Finding]], ...] = (
    *(folders, disk, secrets),
    *(networks, leases, port, name),
)
