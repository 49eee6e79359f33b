"""OpenRC's supervise-daemon: a script with variables, for a service that is started again whatever its exit code.

Every value is evaluated twice, first as the script's and then on the command line of supervise-daemon, which splits it
at white space; so words that are not plain are variables of their own, and are named there.
Sources: openrc-run(8), supervise-daemon(8), start-stop-daemon(8), supervise-daemon.sh.
"""

import math
import shlex
from dataclasses import replace

from .. import run_script
from ..dialect import EVENT_NAMES, Commands, Dialect, Signs, Target
from ..meaning import meaning
from ..rendered import Rendered
from ..spec import INFINITY, Folder, Limit, Service
from ..unit_names import unit_type

_FOLDERS = {"system": "/etc/init.d", "user": "~/.config/rc/init.d"}
_LOGS = {"system": "/var/log", "user": "~/.local/state"}
# openrc-run(8), "status"
_SIGNS = Signs(
    running=r"status: started$",
    failed=r"status: (crashed|unsupervised)$",
    enabled=r"^enabled$",
    process=r"^pid \d+$",
)
# `status` tells neither; supervise-daemon notes each start of the process there.
_ASK = (
    "rc-service {0} status; test -e /etc/runlevels/default/{0} && echo enabled; "
    'read -r pid </run/openrc/options/{0}/child_pid; echo "pid $pid"'
)
_SAYS = f"{run_script.SAYS} After Before Wants Requires NoNewPrivileges SendSIGKILL"
_NEVER = 1_000_000_000  # starts in a second: more than there will be
_DEPENDS = {"after": "after", "before": "before", "wants": "use", "requires": "need"}
_NETWORK = ("network.target", "network-online.target")


def means(service: Service, target: Target) -> Service:
    """It starts whatever ended again, in whole seconds, with a limit, and kills the main process only."""
    limited = service.start_limit_burst > 0 and 0 < service.start_limit_interval_sec < INFINITY
    return meaning(
        service,
        _SAYS,
        **{
            **run_script.can(service, own_user=target.scope == "user"),
            "supplementary_groups": (),
            "working_directory": _folder(service.working_directory),
            "limits": _limits(service),
        },
        restart="always",
        restart_sec=float(math.ceil(service.restart_sec)),
        start_limit_burst=max(2, service.start_limit_burst),
        start_limit_interval_sec=float(math.ceil(service.start_limit_interval_sec)) if limited else 0.0,
        kill_mode="process",
        timeout_stop_sec=_whole(service.timeout_stop_sec),
    )


def _limits(service: Service) -> dict[str, Limit]:
    return {name: each for name, each in service.limits.items() if name == "NOFILE" and each.soft == each.hard}


def _folder(folder: Folder | None) -> Folder | None:
    return folder and Folder(folder.path)


def _whole(seconds: float) -> float:
    return seconds if seconds == INFINITY else float(math.ceil(seconds))


def write(service: Service, target: Target) -> Rendered:
    lines = ["#!/sbin/openrc-run", *run_script.comment(service), "", *run_script.exports(service)]
    for name, text in _variables(service, target).items():
        lines += [] if text in ("", "''") else [f"{name}={text}"]
    for name, words in _evaluated(service, target).items():
        lines += _twice(name, words)
    lines += ["", "depend() {", *(f"    {line}" for line in _depend(service)), "}", *_open_logs(service, target)]
    return Rendered(f"{_FOLDERS[target.scope]}/{service.name}", "".join(f"{line}\n" for line in lines), mode=0o755)


def _variables(service: Service, target: Target) -> dict[str, str]:
    """Give the variables that are plain however often they are evaluated, as sh reads them."""
    burst, interval = service.start_limit_burst, service.start_limit_interval_sec
    return {
        "supervisor": "supervise-daemon",
        "description": run_script.quoted(service.description, "Description"),
        "umask": f"{service.umask:04o}",
        "supervise_daemon_args": f"'--nicelevel {service.nice}'" if service.nice else "",
        "rc_ulimit": _ulimit(service),
        "no_new_privs": "yes" if service.no_new_privileges else "",
        "respawn_delay": f"{service.restart_sec:.0f}" if service.restart_sec else "",
        "respawn_max": str(burst - 1 if interval else _NEVER),  # the first start is none
        "respawn_period": f"{interval:.0f}" if interval else "1",
        "retry": _retry(service),
    }


def _evaluated(service: Service, target: Target) -> dict[str, list[str]]:
    """Give the variables that are split and evaluated once more: the words of each, as sh reads them."""
    command = run_script.words(service.exec_start[0])
    account, folder = _account(service), service.working_directory
    out, error = _logs(service, target)
    return {
        "command": command[:1],
        "command_args": command[1:],
        "command_user": [run_script.quoted(account, "User")] if account else [],
        "pidfile": [shlex.quote(f"/run/{service.name}.pid")],
        "directory": [run_script.quoted(folder.path if folder else "/", "WorkingDirectory")],
        "output_log": [run_script.home_path(out)],
        "error_log": [run_script.home_path(error)],
    }


def _twice(name: str, words: list[str]) -> list[str]:
    """Assign words so that they are the same after one more evaluation; those that are not plain by a variable each."""
    lines, named = [], []
    for number, word in enumerate(words):
        plain = shlex.quote(word) == word
        lines += [] if plain else [f"{name}_{number}={word}"]
        named.append(word if plain else f'"${name}_{number}"')
    return [*lines, f"{name}={shlex.quote(' '.join(named))}"] if words else []


def _account(service: Service) -> str:
    return f"{service.user or 'root'}:{service.group}" if service.group else service.user or ""


def _logs(service: Service, target: Target) -> tuple[str, str]:
    """Say where output goes, and what is told of errors."""
    out = _log(service.standard_output, f"{_LOGS[target.scope]}/{service.name}.log")
    return out, _log(service.standard_error, out)


def _log(said: str, otherwise: str) -> str:
    return "/dev/null" if said == "null" else said.removeprefix("append:") if "append:" in said else otherwise


def _open_logs(service: Service, target: Target) -> list[str]:
    """Have the logs be the user's: supervise-daemon opens them when it has become that user."""
    account = _account(service)
    if not account:
        return []
    paths = [run_script.quoted(path, "StandardOutput") for path in dict.fromkeys(_logs(service, target))]
    owner = run_script.quoted(account, "User")
    lines = [f"    checkpath -f -m 0640 -o {owner} {path}" for path in paths if path != "/dev/null"]
    return ["", "start_pre() {", *lines, "}"] if lines else []


def _ulimit(service: Service) -> str:
    limit = service.limits.get("NOFILE")
    if limit is None:
        return ""
    return f"'-n {'unlimited' if limit.hard is None else limit.hard}'"


def _retry(service: Service) -> str:
    seconds = "forever" if service.timeout_stop_sec == INFINITY else f"{service.timeout_stop_sec:.0f}"
    return f"{service.kill_signal}/{seconds}{'/SIGKILL/5' if service.send_sigkill and seconds != 'forever' else ''}"


def _depend(service: Service) -> list[str]:
    lines = []
    for field, verb in _DEPENDS.items():
        names = [_needed(name) for name in getattr(service, field)]
        lines += [f"{verb} {shlex.join(dict.fromkeys(names))}"] if names else []
    return lines or [":"]


def _needed(name: str) -> str:
    """Name a unit as OpenRC does: the network is `net`, a service has no ending."""
    if name in _NETWORK:
        return "net"
    return name.removesuffix(".service") if not unit_type(name) else name


def commands(service: Service, target: Target) -> Commands:
    user = ("--user",) if target.scope == "user" else ()
    return Commands(
        install=(
            ("rc-update", *user, "add", service.name, "default"),
            ("rc-service", *user, service.name, "restart"),
        ),
        uninstall=(("rc-service", *user, service.name, "stop"), ("rc-update", *user, "del", service.name, "default")),
        status=("rc-service", *user, service.name, "status"),
        signs=_SIGNS if user else replace(_SIGNS, ask=("sh", "-c", _ASK.format(shlex.quote(service.name)))),
    )


DIALECT = Dialect(
    name="openrc",
    title="OpenRC",
    system="linux",
    means=means,
    write=write,
    commands=commands,
    checked={"0.45.2": EVENT_NAMES},
)
