"""Rules about a start: what must be there first, and how it is known to be done; systemd.unit(5)."""

import re
from collections.abc import Iterator

from ..formats import tell_span
from ..unit_names import full_name, short_name, unit_type
from .finding import Mend, Trouble
from .patient import Patient, shell_stays

_ONLINE = "network-online.target"
_WANT_ONLINE = Mend("Unit", "Wants", (_ONLINE,))
_HERE = re.compile(r"//(localhost|127\.[\d.]+|\[::1\])[:/\s]|//(localhost|127\.[\d.]+|\[::1\])$")
# They start the program as a child of theirs: it is not the main process, and may not notify.
_WRAPPERS = frozenset({"sudo", "su", "flock", "timeout", "xvfb-run", "tini", "dumb-init", "script"})
# Where a file is by custom the administrator's to make or not.
_OPTIONAL_PLACES = ("/etc/default/", "/etc/sysconfig/", "/etc/conf.d/", "/home/", "%h/")


def network_not_drawn(patient: Patient) -> Iterator[Trouble]:
    service = patient.service
    drawn = (*service.wants, *service.requires, *service.binds_to, *service.requisite)
    if _ONLINE in service.after and _ONLINE not in drawn and patient.long_running:
        yield Trouble(
            "After",
            f"it waits for {_ONLINE}, which nothing here has started: where nobody else wants it, it waits for nothing",
            f"say Wants={_ONLINE} as well",
            (_WANT_ONLINE,),
        )


def network_not_awaited(patient: Patient) -> Iterator[Trouble]:
    far = not _HERE.search(patient.command_text)
    if patient.is_of_a_farm and far and not patient.of_user and _ONLINE not in patient.service.after:
        early = (
            "network.target says that the network is being set up, not that it is there"
            if ("network.target" in patient.service.after)
            else "it is not ordered after the network"
        )
        yield Trouble(
            "After" if patient.says("After") else "ExecStart",
            f"{early}: at boot the worker looks for its manager and its storage too early",
            f"say After= and Wants={_ONLINE}",
            (Mend("Unit", "After", (_ONLINE,)), _WANT_ONLINE),
        )


def needed_not_awaited(patient: Patient) -> Iterator[Trouble]:
    service = patient.service
    for key, names in (("Requires", service.requires), ("BindsTo", service.binds_to)):
        awaited = {*map(full_name, (*service.after, *service.before))}
        for name in names:
            if unit_type(full_name(name)) == "service" and full_name(name) not in awaited:
                yield Trouble(
                    key,
                    f"{full_name(name)} is started at the same time: it may not be there yet",
                    f"say After={full_name(name)} as well",
                    (Mend("Unit", "After", (full_name(name),)),),
                )


def failure_circle(patient: Patient) -> Iterator[Trouble]:
    """OnFailure= that comes back to where it began, by this unit alone or by those that are looked at together."""
    for key, field in (("OnFailure", "on_failure"), ("OnSuccess", "on_success")):
        following = {_kin(peer.name): [_kin(name) for name in getattr(peer, field)] for peer in patient.peers}
        following[_kin(patient.service.name)] = [_kin(name) for name in getattr(patient.service, field)]
        if way := _way_back(_kin(patient.service.name), following):
            yield Trouble(
                key,
                f"it comes back to itself ({' -> '.join(way)}): one failure starts the next, without an end"
                if key == "OnFailure"
                else f"it comes back to itself ({' -> '.join(way)}), without an end",
                "take one of them out; a drop-in cannot, for dependencies are only added there",
            )


def _kin(name: str) -> str:
    """Give what all instances of a template share; a unit that watches others may not fail into one of its own kind."""
    prefix, at, _ = short_name(name).partition("@")
    return prefix + at


def _way_back(start: str, following: dict[str, list[str]]) -> list[str] | None:
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for name in following.get(way[-1], ()):
            if name == start:
                return [*way, start]
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return None


def child_notifies(patient: Patient) -> Iterator[Trouble]:
    service = patient.service
    if service.type not in ("notify", "notify-reload") or patient.on_bus or service.notify_access not in (None, "main"):
        return
    for command in service.exec_start:
        wrapper = command.words[0].rpartition("/")[2]
        if wrapper in _WRAPPERS or shell_stays(command):
            yield Trouble(
                "ExecStart",
                f"{wrapper} is the main process, and the program a child of it, whose READY=1 is not heard: "
                "the start times out",
                "have it replaced by the program (exec), or say NotifyAccess=all",
                (Mend("Service", "NotifyAccess", ("all",)),),
            )


def watchdog_unfed(patient: Patient) -> Iterator[Trouble]:
    service = patient.service
    by_type = service.type in ("notify", "notify-reload") or patient.on_bus
    if 0 < service.watchdog_sec < float("inf") and not by_type and not patient.says("NotifyAccess"):
        yield Trouble(
            "WatchdogSec",
            f"Type={service.type} says nothing of a program that notifies: "
            f"one that does not send WATCHDOG=1 is killed every {tell_span(service.watchdog_sec)}",
            "take it out, or say NotifyAccess=main if the program does",
        )


def main_process_guessed(patient: Patient) -> Iterator[Trouble]:
    service = patient.service
    if service.type == "forking" and service.pid_file is None and service.restart != "no":
        yield Trouble(
            "Type",
            "which process is the main one is guessed without PIDFile=, and so is whether it has failed",
            "have the program stay in the foreground with Type=exec, or say PIDFile=",
        )


def environment_file_missing(patient: Patient) -> Iterator[Trouble]:
    files = patient.service.environment_file
    names = [each.path for each in files if not each.optional and each.path.startswith(_OPTIONAL_PLACES)]
    if names:
        yield Trouble(
            "EnvironmentFile",
            f"it does not start where {' and '.join(names)} is missing",
            'write "-" before the path, unless it cannot do without',
            (
                Mend(
                    "Service", "EnvironmentFile", ("", *(_optional(each.path, names, each.optional) for each in files))
                ),
            ),
        )


def _optional(path: str, names: list[str], was: bool) -> str:
    return f"-{path}" if was or path in names else path


def not_enabled(patient: Patient) -> Iterator[Trouble]:
    service = patient.service
    installed = service.wanted_by or service.required_by or service.also or service.alias
    if patient.worker is not None and not installed:
        target = "default.target" if patient.of_user else "multi-user.target"
        yield Trouble(
            "WantedBy",
            "nothing starts it at boot, and `systemctl enable` does nothing",
            f"say WantedBy={target} in [Install]",
            (Mend("Install", "WantedBy", (target,)),),
        )


def no_such_target(patient: Patient) -> Iterator[Trouble]:
    """A user's service manager has targets of its own."""
    names = [name for name in patient.service.wanted_by if name in ("multi-user.target", "network-online.target")]
    if patient.of_user and names and "default.target" not in patient.service.wanted_by:
        yield Trouble(
            "WantedBy",
            f"a user's service manager has no {names[0]}: it is not started at sign-in",
            "say WantedBy=default.target",
            (Mend("Install", "WantedBy", ("default.target",)),),
        )
