"""runit: a folder with a script `run`, started again a second after it ended, and `finish`, told how it ended.

It asks with SIGTERM and waits for ever; what the service started is left alone. Sources: runsv(8), sv(8), chpst(8).
"""

import math

from .. import run_script
from ..dialect import EVENT_NAMES, Commands, Dialect, Signs, Target
from ..meaning import meaning
from ..rendered import File, Rendered
from ..spec import INFINITY, Service

_FOLDERS = {"system": "/etc/sv", "user": "~/.config/sv"}
_LINKS = {"system": "/etc/service", "user": "~/.config/service"}
_LOGS = {"system": "/var/log", "user": "~/.local/state/log"}
# sv(8), "status"; what is linked starts with the machine.
_SIGNS = Signs(running=r"^run: ", enabled=r"^(run|down|finish): ", process=r"^\w+: \S+ \(pid \d+\)")
_SAYS = f"{run_script.SAYS} Restart SuccessExitStatus RestartPreventExitStatus RestartForceExitStatus"


def means(service: Service, target: Target) -> Service:
    """It has no start limit, no readiness, and kills nobody; the pause is whole seconds."""
    return meaning(
        service,
        _SAYS,
        **run_script.can(service, own_user=target.scope == "user"),
        restart_sec=float(max(1, math.ceil(service.restart_sec))),
        start_limit_interval_sec=0.0,
        kill_mode="process",
        send_sigkill=False,
        timeout_stop_sec=INFINITY,
    )


def write(service: Service, target: Target) -> Rendered:
    folder = f"{_FOLDERS[target.scope]}/{service.name}"
    files = [File(f"{folder}/finish", _finish(service), 0o755), File(f"{folder}/log/run", _log(service, target), 0o755)]
    if service.kill_signal != "SIGTERM":
        files.append(File(f"{folder}/control/t", _signal(service), 0o755))
    return Rendered(f"{folder}/run", run_script.script(service, _become(service)), mode=0o755, beside=tuple(files))


def _become(service: Service) -> str:
    if service.user is None and service.group is None and not service.supplementary_groups:
        return ""
    user, _, groups = run_script.ids(service)
    return f"chpst -u \":{user}:$(echo {groups} | tr ' ' :)\" "


def _finish(service: Service) -> str:
    lines = [
        "#!/bin/sh",
        "# $1: the exit code, -1 if a signal ended it; $2: that signal",
        "grep -qE 'want (down|exit)' supervise/stat && exit  # no pause if it was asked to stop",
        *run_script.after(service, "-1", "exec sv down ."),
        f"sleep {service.restart_sec:.0f}",
    ]
    return "".join(f"{line}\n" for line in lines)


def _log(service: Service, target: Target) -> str:
    place = run_script.home_path(f"{_LOGS[target.scope]}/{service.name}")
    return f"#!/bin/sh\nmkdir -p {place}\nexec svlogd -tt {place}\n"


def _signal(service: Service) -> str:
    name = service.kill_signal.removeprefix("SIG")
    return f'#!/bin/sh\n# instead of SIGTERM\nexec kill -s {name} "$(cat supervise/pid)"\n'


def commands(service: Service, target: Target) -> Commands:
    folder, link = f"{_FOLDERS[target.scope]}/{service.name}", f"{_LINKS[target.scope]}/{service.name}"
    quoted = run_script.home_path(link)
    make = f"ln -sfn {run_script.home_path(folder)} {quoted}"
    return Commands(
        # A service that runs is started anew, by what is written now; one that is new is seen within five seconds.
        install=(("sh", "-c", f"{make} && if sv status {quoted} >/dev/null 2>&1; then sv restart {quoted}; fi"),),
        uninstall=(("sv", "force-stop", link), ("rm", "-f", link)),
        litter=(folder,),
        status=("sv", "status", link),
        signs=_SIGNS,
    )


DIALECT = Dialect(
    name="runit",
    title="runit",
    system="linux",
    means=means,
    write=write,
    commands=commands,
    checked={"2.1.2": EVENT_NAMES},
)
