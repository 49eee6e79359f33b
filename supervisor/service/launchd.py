"""launchd keeps the supervisor running on macOS: a daemon from the start of the machine, or an agent from sign-in.

Of launchd.plist(5): the conditions of KeepAlive are independent of each other, any of them keeps the job alive, so
there is but one; a job is started once in ThrottleInterval seconds at most; what it starts must not go into the
background, for a job whose process ends has ended; and ExitTimeOut is from SIGTERM to SIGKILL, by default shorter than
services may take to stop.
"""

import os
import plistlib
import re
import time

from ...units import launchd_job
from ...units.light import Any
from ...units.rendered import Loss, Rendered
from ..exit_codes import REFUSED
from . import tool
from .wanted import Named, Refused, Standing, Wanted

_NO_ROOT = "run it as root (sudo), or install your own with --user"
_PAUSE = 0.1
_SLOW = 36  # bootout: "Operation now in progress", it goes on by itself
_SLACK = 10.0  # seconds beyond those of the job's own until we wait no more


def render(wanted: Wanted) -> Rendered:
    named, log = wanted.named, _log(wanted.named)
    control = _control(wanted)
    run = wanted.run_at(control) if control else wanted.run
    job: dict[str, Any] = {
        "Label": named.name,
        "ProgramArguments": [*wanted.program, "run", *run],
        "EnvironmentVariables": {"PATH": launchd_job.PATH},
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": launchd_job.THROTTLE,
        "ExitTimeOut": launchd_job.exit_time_out(wanted.stop),
        "ProcessType": launchd_job.PROCESS_TYPE,
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }
    losses = []
    if wanted.account is not None and named.user:
        losses.append(Loss(f"account {wanted.account}", "an agent is always its user's"))
    elif wanted.account is not None:
        job["UserName"] = wanted.account
    return Rendered(_path(named), plistlib.dumps(job, sort_keys=False).decode(), tuple(losses))


def install(wanted: Wanted) -> list[str]:
    named, job = wanted.named, render(wanted)
    if job.losses:
        raise Refused(str(job.losses[0]), "leave it out, or install for the machine, without --user", REFUSED)
    tool.put(job.path, job.text.encode(), hint=_NO_ROOT)
    try:
        tool.order(["launchctl", "enable", _target(named)])  # it may have been disabled under this name before
        tool.order(["launchctl", "bootstrap", _domain(named), job.path])
    except Refused:
        tool.take_away(job.path, hint=_NO_ROOT)
        raise
    notices = [f"it runs already, for launchd starts what it is given; its own output is in {_log(named)}"]
    control = wanted.control or _control(wanted)
    return notices + ([f"commands come in by --control {control}"] if control else [])


def remove(named: Named) -> None:
    tool.demand(_path(named))
    if _print(named) is not None:
        answer = tool.ask(["launchctl", "bootout", _target(named)])
        if answer.returncode not in (0, _SLOW):
            raise Refused(f"launchctl bootout: exit code {answer.returncode}", answer.stderr.strip(), REFUSED)
        _wait(named, "to be let go", lambda: _print(named) is None)
    tool.take_away(_path(named), hint=_NO_ROOT)


def start(named: Named) -> None:
    """Start it; if somebody has had it unloaded, load it, which starts it as well. One that runs is left alone."""
    tool.demand(_path(named))
    shown = _print(named)
    if shown is None:
        tool.order(["launchctl", "bootstrap", _domain(named), _path(named)])
    elif _pid(shown) is None:
        tool.order(["launchctl", "kickstart", _target(named)])


def stop(named: Named) -> None:
    """Ask it to stop; it then ends with 0, which launchd takes for the end."""
    if _pid(_known(named)) is not None:
        tool.order(["launchctl", "kill", "SIGTERM", _target(named)])
        _wait(named, "to stop", lambda: _pid(_known(named)) is None)


def status(named: Named) -> Standing:
    tool.demand(_path(named))
    shown = _print(named)
    if shown is None:
        return Standing(False, "installed, and unloaded")
    if (pid := _pid(shown)) is not None:
        return Standing(True, f"running, process {pid}")
    code = re.search(r"^\s*last exit code = (.+)$", shown, re.MULTILINE)
    return Standing(False, "not running" + (f", last exit code {code[1]}" if code else ""))


def _known(named: Named) -> str:
    tool.demand(_path(named))
    return _print(named) or ""


def _print(named: Named) -> str | None:
    """Return what launchd says of the job, None if it has none of that name.

    The text is for people, as launchctl(1) says; there is no other way to ask for as much.
    """
    answer = tool.ask(["launchctl", "print", _target(named)])
    return None if answer.returncode else answer.stdout


def _pid(shown: str) -> int | None:
    found = re.search(r"^\s*pid = (\d+)$", shown, re.MULTILINE)
    return int(found[1]) if found else None


def _wait(named: Named, what: str, done: Any) -> None:
    with open(_path(named), "rb") as file:
        patience = plistlib.load(file).get("ExitTimeOut") or float("inf")
    deadline = time.monotonic() + patience + _SLACK
    while not done():
        if time.monotonic() > deadline:
            raise Refused(f"{named.name} takes too long {what}", "'launchctl print' and its log may say why")
        time.sleep(_PAUSE)


def _control(wanted: Wanted) -> str | None:
    """Return where root's is spoken to; others may make no folder there, and keep to their usual place."""
    return None if wanted.named.user or wanted.account else f"/var/run/{wanted.named.name}/control.sock"


def _domain(named: Named) -> str:
    return f"gui/{os.getuid()}" if named.user else "system"


def _target(named: Named) -> str:
    return f"{_domain(named)}/{named.name}"


def _path(named: Named) -> str:
    folder = os.path.expanduser("~/Library/LaunchAgents") if named.user else "/Library/LaunchDaemons"
    return f"{folder}/{named.name}.plist"


def _log(named: Named) -> str:
    folder = os.path.expanduser("~/Library/Logs") if named.user else "/Library/Logs"
    return f"{folder}/{named.name}.log"
