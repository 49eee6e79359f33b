"""The manager's settings and the file they come from, config/manager.yaml."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import fields, signin, targets
from .document import Document, Place, load
from .rules.joining import Joining
from .rules.variables import Variable, Variables
from .signin import Oidc, OpenNetworks, ProxyLogin
from .targets import Notices
from .zones import own_zone

# What Flamenco calls the platforms: Go's names.
PLATFORMS = ("linux", "windows", "darwin")

AUDIENCES = ("all", "workers", "users")


@dataclass(frozen=True)
class Settings:
    """What can be set. Times are seconds.

    worker_timeout: how long a worker that polls may be silent before it counts as lost; push_timeout: the same for one
    that keeps a request open. task_timeout: the same for a task. shared_storage_path: what {jobs} stands for.
    host_names: by which names browsers may call the manager over the loopback, beside its addresses and localhost.
    autodiscoverable: whether workers that look for a manager in their network find this one.
    time_zone: in which sleep schedules are that name none; an IANA name. job_types: a folder with more job types.
    database: its URL, empty for the file in --data. trusted_proxies: addresses and networks whose word is taken for who
    calls. without_login: nobody has to sign in; only the command line says so. session_idle and session_lifetime: after
    how long without a request, and after how long at all, a browser has to sign in again. registration: how workers and
    agents get in, None for what `joining` makes of it. undo: for how long an action that aborts tasks can be undone on
    the pages, 0 for not at all. confirm_share: percent of the farm beyond which such an action is confirmed by typing.
    reason_required: for which actions the pages take none without a reason. audit_key_file: with what the audit log is
    sealed, empty where it is not. metrics: networks from which /metrics can be read without signing in. keep_events,
    keep_jobs: for how long events, and jobs that have ended, are kept; 0 for ever. notices: who is told of events.
    oidc, proxy_login, open_networks: who else may say who somebody is.
    """

    manager_name: str = "Farmhand"
    worker_timeout: float = 60.0
    push_timeout: float = 15.0
    task_timeout: float = 600.0
    blocklist_threshold: int = 3
    task_fail_after_softfail_count: int = 3
    shared_storage_path: str = ""
    host_names: tuple[str, ...] = ()
    autodiscoverable: bool = False
    time_zone: str = "UTC"
    variables: Variables = field(default_factory=dict)
    job_types: str = ""
    database: str = ""
    trusted_proxies: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    keep_events: float = 90 * 24 * 3600.0
    keep_jobs: float = 0.0
    without_login: bool = False
    session_idle: float = 12 * 3600.0
    session_lifetime: float = 7 * 24 * 3600.0
    oidc: Oidc | None = None
    proxy_login: ProxyLogin | None = None
    open_networks: OpenNetworks = field(default_factory=OpenNetworks)
    registration: Joining | None = None
    undo: float = 10.0
    confirm_share: int = 25
    reason_required: tuple[str, ...] = ()
    audit_key_file: str = ""
    notices: Notices = field(default_factory=Notices)

    def audit_key(self) -> bytes:
        """Return what is in the file with the key, nothing without one. Raises OSError."""
        return Path(self.audit_key_file).read_bytes().strip() if self.audit_key_file else b""

    @property
    def joining(self) -> Joining:
        """Return how workers and agents get in."""
        return self.registration or (Joining.OPEN if self.without_login else Joining.APPROVAL)


def this_platform() -> str:
    """Name this machine's system as Flamenco does."""
    return {"win32": "windows", "darwin": "darwin"}.get(sys.platform, "linux")


# What tasks may count on without a configuration; Flamenco's names, and the Python that runs the manager, which is the
# workers' own where they share its machine.
VARIABLES: Variables = {
    "blender": (Variable("blender"),),
    "blenderArgs": (Variable("-b -y"),),
    "ffmpeg": (Variable("ffmpeg"),),
    "python": (
        Variable(sys.executable, platforms=frozenset({this_platform()})),
        Variable("python", platforms=frozenset({"windows"})),
        Variable("python3"),
    ),
}


def settings(path: Path | None, data: Path) -> Settings:
    """Return the settings in a file, or those that hold without one; raises units.errors.BadConfig.

    data: the manager's folder, in which jobs put their files unless shared_storage_path says otherwise.
    """
    storage = str((data / "shared").absolute())
    base = Settings(shared_storage_path=storage, time_zone=own_zone(os.environ), variables=VARIABLES)
    return base if path is None else _read(load(path), base)


def _read(document: Document, base: Settings) -> Settings:
    document.refuse_unknown((), document.value, KEYS)
    found = {key: KEYS[key](document, (key,), value) for key, value in document.value.items() if value is not None}
    if "variables" in found:
        found["variables"] = {**base.variables, **found["variables"]}
    read = replace(base, **found)
    signin.check(document, read.trusted_proxies, read.proxy_login)
    return read


def _variables(document: Document, place: Place, value: object) -> Variables:
    if not isinstance(value, dict):
        document.refuse(place, "it must be a mapping", 'write lines of "name: value" below it')
    return {name: _choices(document, (*place, name), given) for name, given in value.items()}


def _choices(document: Document, place: Place, given: object) -> tuple[Variable, ...]:
    if not isinstance(given, dict):
        return (Variable(fields.text(document, place, given)),)
    document.refuse_unknown(place, given, ("values", "is_twoway"))
    values = given.get("values")
    if not isinstance(values, list) or not values:
        document.refuse(place, "it has no values", "write one value, or a list of them below values:")
    twoway = fields.flag(document, (*place, "is_twoway"), given.get("is_twoway", False))
    listed = enumerate(values)
    return tuple(_choice(document, (*place, "values", index), each, is_twoway=twoway) for index, each in listed)


def _choice(document: Document, place: Place, given: object, *, is_twoway: bool) -> Variable:
    if not isinstance(given, dict):
        document.refuse(place, f"{given!r} is not a mapping", "write {platform: linux, value: ...}")
    document.refuse_unknown(place, given, ("audience", "platform", "platforms", "value"))
    platforms = given.get("platforms", [given["platform"]] if "platform" in given else [])
    if not isinstance(platforms, list) or not all(platform in (*PLATFORMS, "all") for platform in platforms):
        document.refuse(place, f"{platforms!r} are not platforms", f"write some of {', '.join(PLATFORMS)}")
    audience = given.get("audience", "all")
    if audience not in AUDIENCES:
        document.refuse(place, f"{audience!r} is not an audience", f"write one of {', '.join(AUDIENCES)}")
    anywhere = "all" in platforms
    value = fields.text(document, (*place, "value"), given.get("value"))
    return Variable(value, audience, frozenset() if anywhere else frozenset(platforms), is_twoway)


def _joining(document: Document, place: Place, value: object) -> Joining:
    try:
        return Joining(value)
    except ValueError:
        document.refuse(
            place, f"{value!r} is no way to join", f"write one of {', '.join(way.value for way in Joining)}"
        )


KEYS: Mapping[str, Callable[[Document, Place, object], Any]] = {
    "manager_name": fields.text,
    "worker_timeout": fields.seconds,
    "push_timeout": fields.seconds,
    "task_timeout": fields.seconds,
    "blocklist_threshold": fields.count,
    "task_fail_after_softfail_count": fields.count,
    "shared_storage_path": fields.text,
    "host_names": fields.hosts,
    "autodiscoverable": fields.flag,
    "time_zone": fields.zone,
    "variables": _variables,
    "database": fields.text,
    "trusted_proxies": fields.networks,
    "session_idle": fields.seconds,
    "session_lifetime": fields.seconds,
    "metrics": fields.networks,
    "keep_events": fields.pause,
    "keep_jobs": fields.pause,
    "oidc": signin.oidc,
    "proxy_login": signin.proxy_login,
    "open_networks": signin.open_networks,
    "job_types": fields.folder,
    "registration": _joining,
    "undo": fields.pause,
    "confirm_share": fields.percent,
    "reason_required": fields.actions,
    "audit_key_file": fields.secret_file,
    "notices": targets.read,
}
