"""s6: a folder with a script `run`, started again when it ends, a `finish` that may forbid that, and files of settings.

What the service started is left alone. Sources: s6's servicedir, s6-supervise, s6-permafailon, s6-applyuidgid.
"""

import math

from .. import run_script
from ..dialect import EVENT_NAMES, Commands, Dialect, Signs, Target
from ..meaning import meaning
from ..rendered import File, Rendered
from ..spec import INFINITY, Service
from ..statuses import SIGNALS

_FOLDERS = {"system": "/etc/s6/sv", "user": "~/.config/s6/sv"}
_LINKS = {"system": "/run/service", "user": "~/.config/s6/service"}
_LOGS = {"system": "/var/log", "user": "~/.local/state/log"}
# s6-svstat; what is linked is there.
_SIGNS = Signs(running=r"^up ", enabled=r"^(up|down) ", process=r"^up \(pid \d+")
_SAYS = f"{run_script.SAYS} Restart SuccessExitStatus RestartPreventExitStatus RestartForceExitStatus"
_SAYS += " StartLimitBurst SendSIGKILL"
_MOST_DEATHS = 4096  # that s6-supervise remembers
_EVENTS = ",".join(["0-255", *(f"SIG{name}" for name in SIGNALS)])
_FINISH_SECONDS = 5  # what the script may take besides its pause


def means(service: Service, target: Target) -> Service:
    """It has no readiness that sd_notify speaks, and kills the main process only; the pause is whole seconds."""
    limited = 0 < service.start_limit_burst <= _MOST_DEATHS and 0 < service.start_limit_interval_sec < INFINITY
    return meaning(
        service,
        _SAYS,
        **run_script.can(service, own_user=target.scope == "user"),
        restart_sec=float(max(1, math.ceil(service.restart_sec))),
        start_limit_interval_sec=float(math.ceil(service.start_limit_interval_sec)) if limited else 0.0,
        kill_mode="process",
        timeout_stop_sec=service.timeout_stop_sec if service.send_sigkill else INFINITY,
    )


def write(service: Service, target: Target) -> Rendered:
    folder = f"{_FOLDERS[target.scope]}/{service.name}"
    settings = {
        "timeout-finish": f"{(service.restart_sec + _FINISH_SECONDS) * 1000:.0f}",
        "timeout-kill": _milliseconds(service.timeout_stop_sec) if service.send_sigkill else "0",
        "down-signal": service.kill_signal,
        "max-death-tally": str(max(100, service.start_limit_burst) if service.start_limit_interval_sec else 100),
    }
    files = [File(f"{folder}/{name}", f"{text}\n") for name, text in settings.items()]
    files.append(File(f"{folder}/finish", _finish(service), 0o755))
    files.append(File(f"{folder}/log/run", _log(service, target), 0o755))
    return Rendered(f"{folder}/run", run_script.script(service, _become(service)), mode=0o755, beside=tuple(files))


def _milliseconds(seconds: float) -> str:
    """0 is for ever."""
    return "0" if seconds == INFINITY else str(max(1, round(seconds * 1000)))


def _become(service: Service) -> str:
    if service.user is None and service.group is None and not service.supplementary_groups:
        return ""
    user, own, groups = run_script.ids(service)
    return f's6-applyuidgid -u "{user}" -g "{own}" -G "$(echo {groups} | tr \' \' ,)" '


def _finish(service: Service) -> str:
    pause = f"sleep {service.restart_sec - 1:.0f}"  # and it waits a second more itself
    if service.start_limit_interval_sec:
        limit = f"{service.start_limit_interval_sec:.0f} {service.start_limit_burst}"
        pause = f"exec s6-permafailon {limit} {_EVENTS} {pause}"
    lines = [
        "#!/bin/sh",
        "# $1: the exit code, 256 if a signal ended it; $2: that signal",
        '[ "$(s6-svstat -o wantedup .)" = true ] || exit 0  # no pause if it was asked to stop',
        *run_script.after(service, "256", "exit 125"),
        pause,
    ]
    return "".join(f"{line}\n" for line in lines)


def _log(service: Service, target: Target) -> str:
    place = run_script.home_path(f"{_LOGS[target.scope]}/{service.name}")
    return f"#!/bin/sh\nmkdir -p {place}\nexec s6-log -- t n10 s1000000 {place}\n"


def commands(service: Service, target: Target) -> Commands:
    folder, place = f"{_FOLDERS[target.scope]}/{service.name}", _LINKS[target.scope]
    link = f"{place}/{service.name}"
    quoted = run_script.home_path(link)
    make = f"ln -sfn {run_script.home_path(folder)} {quoted}"
    scan = f"s6-svscanctl -a {run_script.home_path(place)}"
    return Commands(
        # A service that runs is started anew, by what is written now.
        install=(("sh", "-c", f"s6-svok {quoted} 2>&- && s6-svc -wr -r {quoted} || {{ {make} && {scan}; }}"),),
        uninstall=(("s6-svunlink", place, service.name),),
        litter=(folder,),
        status=("s6-svstat", link),
        signs=_SIGNS,
    )


DIALECT = Dialect(
    name="s6",
    title="s6",
    system="linux",
    means=means,
    write=write,
    commands=commands,
    checked={"2.11.3.2": EVENT_NAMES},
)
