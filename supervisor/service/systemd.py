"""systemd keeps the supervisor running: a unit of its own, which runs `farmhand run`."""

import os

from ...units.dialects import systemd
from ...units.light import replace
from ...units.rendered import Rendered
from ...units.spec import INFINITY, Assignment, Command, ExecDirectory, Service, StatusSet
from ...units.variables import literal
from ..exit_codes import BAD_INPUT, REFUSED
from . import tool
from .wanted import Named, Refused, Standing, Wanted

_SYSTEM = "/etc/systemd/system"
_BOOTED = "/run/systemd/system"  # there is one exactly where systemd is process 1; sd_booted(3)
_NO_ROOT = "run it as root (sudo), or install your own with --user"
_ONLINE = "network-online.target"


def render(wanted: Wanted) -> Rendered:
    """Return the unit. Whatever the supervisor starts dies with it, and a new one begins anew: where services have
    limits, its control group shares out, and systemd could put no second supervisor into it."""
    named, user = wanted.named, wanted.named.user
    run = wanted.run if user else wanted.run_at(_control(named))
    service = Service(
        named.name,
        description=wanted.description,
        after=() if user else (_ONLINE, "remote-fs.target"),
        wants=() if user else (_ONLINE,),
        start_limit_interval_sec=0.0,
        type="notify",
        exec_start=(Command((wanted.program[0], *map(literal, (*wanted.program[1:], "run", *run)))),),
        restart="on-failure",
        restart_sec=2.0,
        restart_prevent_exit_status=StatusSet(frozenset({BAD_INPUT})),
        timeout_start_sec=INFINITY,
        timeout_stop_sec=wanted.stop,
        watchdog_sec=60.0,
        kill_mode="mixed",
        oom_policy="continue",
        user=wanted.account,
        runtime_directory=() if user else (ExecDirectory(named.name),),
        wanted_by=("default.target" if user else "multi-user.target",),
        kept=(Assignment("Service", "Delegate", "yes"),),
    )
    return replace(systemd.write(service), path=_path(wanted.named))


def install(wanted: Wanted) -> list[str]:
    _demand_systemd()
    unit = render(wanted)
    tool.put(unit.path, unit.text.encode(), hint=_NO_ROOT)
    try:
        _systemctl(wanted.named, "daemon-reload")
        _systemctl(wanted.named, "enable", _unit(wanted.named))
    except Refused:
        tool.take_away(unit.path, hint=_NO_ROOT)
        raise
    if wanted.named.user:
        return ["it ends as you sign out, unless you say 'loginctl enable-linger'"]
    return [f"commands come in by --control {wanted.control or _control(wanted.named)}"]


def remove(named: Named) -> None:
    tool.demand(_path(named))
    _systemctl(named, "disable", "--now", _unit(named))
    tool.take_away(_path(named), hint=_NO_ROOT)
    _systemctl(named, "daemon-reload")


def start(named: Named) -> None:
    tool.demand(_path(named))
    _systemctl(named, "start", _unit(named))


def stop(named: Named) -> None:
    tool.demand(_path(named))
    _systemctl(named, "stop", _unit(named))


def status(named: Named) -> Standing:
    tool.demand(_path(named))
    shown = tool.order([*_program(named), "show", "--property=ActiveState,SubState,MainPID", _unit(named)]).stdout
    facts = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    running = facts.get("ActiveState") in ("active", "activating", "reloading")
    pid = f", process {facts['MainPID']}" if facts.get("MainPID", "0") != "0" else ""
    return Standing(running, f"{facts.get('ActiveState', '?')} ({facts.get('SubState', '?')}){pid}")


def _control(named: Named) -> str:
    """Return where the machine's is spoken to: root's own place is another one while root is signed in."""
    return f"/run/{named.name}/control.sock"


def _demand_systemd() -> None:
    if not os.path.isdir(_BOOTED):
        raise Refused(
            "systemd does not run this machine",
            "have 'farmhand run' started by what does: in a container, as its main process",
            REFUSED,
        )


def _path(named: Named) -> str:
    if not named.user:
        return f"{_SYSTEM}/{_unit(named)}"
    settings = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return f"{settings}/systemd/user/{_unit(named)}"


def _unit(named: Named) -> str:
    return f"{named.name}.service"


def _program(named: Named) -> list[str]:
    return ["systemctl", "--user"] if named.user else ["systemctl"]


def _systemctl(named: Named, *words: str) -> None:
    tool.order([*_program(named), *words])
