"""supervisord: a section [program:x] in an INI file, which it expands with `%` first and takes apart with shlex then.

With startsecs=0 each run counts as started, so that its exit code decides, and no number of starts is too many. Any
signal is an unexpected end. It kills the main process only, and sets no HOME.
Sources: supervisor's pages on configuration and subprocesses; supervisor/options.py, datatypes.py.
"""

import math
import re
import shlex
from configparser import RawConfigParser
from dataclasses import replace
from io import StringIO

from .. import run_script
from ..again import CODES, SIGNAL_NAMES, stays_down
from ..dialect import EVENT_NAMES, Commands, Dialect, Signs, Target
from ..errors import BadValue
from ..meaning import meaning
from ..rendered import Rendered
from ..settled import settled, started
from ..spec import INFINITY, Command, Folder, Service, StatusSet
from .supervisord_reader import read

_FOLDERS = {"system": "/etc/supervisor/conf.d", "user": "~/.config/supervisor/conf.d"}
_LOGS = {"system": "/var/log/supervisor", "user": "%(here)s"}
# supervisorctl, "status": NAME STATE and more
_SIGNS = Signs(
    running=r"^\S+ +(RUNNING|STARTING) ",
    failed=r"^\S+ +(FATAL|BACKOFF|UNKNOWN) ",
    enabled=r"^\S+ +(?!ERROR)[A-Z]+ ",
    process=r" pid \d+,",
)
_SAYS = """
    Description Documentation ExecStart Environment WorkingDirectory User UMask Nice StandardOutput StandardError
    KillSignal SendSIGKILL WantedBy Restart SuccessExitStatus RestartPreventExitStatus RestartForceExitStatus
"""
_FOR_EVER = 1_000_000_000  # seconds
_CUT = re.compile(r"(?<=\s)(?=[;#])|(?<=%)(?=\(here\))")  # it takes a comment for one in quotes, too


def means(service: Service, target: Target) -> Service:
    """A signal is never an expected end, and the pause before a start is what is left of its second."""
    codes, signals = stays_down(service)
    never = len(codes) == len(CODES) and len(signals) == len(SIGNAL_NAMES)
    prevent, force = service.restart_prevent_exit_status, service.restart_force_exit_status
    stubborn = frozenset() if never else frozenset(signals)
    return meaning(
        service,
        _SAYS,
        **run_script.can(service, own_user=target.scope == "user")
        | {"exec_start": _commands(service), "limits": {}, "group": None, "supplementary_groups": ()},
        working_directory=_folder(service.working_directory),
        restart_prevent_exit_status=StatusSet(prevent.codes, prevent.signals - stubborn),
        restart_force_exit_status=StatusSet(force.codes, force.signals | stubborn),
        nice=None if service.user and (service.nice or 0) < 0 else service.nice,  # it has become the user before
        restart_sec=1.0,
        start_limit_interval_sec=0.0,
        kill_mode="process",
        kill_signal=service.kill_signal if service.kill_signal in SIGNAL_NAMES else "SIGTERM",
        timeout_stop_sec=float(math.ceil(service.timeout_stop_sec)) if _kills(service) else INFINITY,
    )


def _kills(service: Service) -> bool:
    return service.send_sigkill and service.timeout_stop_sec < INFINITY


def _folder(folder: Folder | None) -> Folder | None:
    return Folder(folder.path) if folder and folder.path != "~" else None


def _commands(service: Service) -> tuple[Command, ...]:
    """Give the command; variables that the service does not set itself stand for nothing."""
    return tuple(
        settled(replace(command, argv0=None, privilege=""), service.environment) for command in service.exec_start[-1:]
    )


def write(service: Service, target: Target) -> Rendered:
    if ":" in service.name:
        raise BadValue(f'its name "{service.name}" has a colon, which supervisord takes for a group', "rename it")
    config = RawConfigParser()
    config.optionxform = str  # type: ignore[assignment, method-assign]
    section = f"program:{service.name}"
    config[section] = {key: text for key, text in _options(service, target).items() if text}
    text = StringIO()
    config.write(text, space_around_delimiters=False)
    comment = "".join(f"{line}\n" for line in run_script.comment(service))
    return Rendered(f"{_FOLDERS[target.scope]}/{service.name}.conf", comment + text.getvalue())


def _options(service: Service, target: Target) -> dict[str, str]:
    folder = service.working_directory
    seconds = service.timeout_stop_sec
    return {
        "command": _command(service),
        "directory": _plain(folder.path if folder else "/", "WorkingDirectory"),
        "user": _plain(service.user or "", "User"),
        "umask": f"{service.umask:03o}",
        "environment": _environment(service),
        "autostart": "true",
        **_restart(service),
        "startsecs": "0",
        "stopsignal": service.kill_signal.removeprefix("SIG"),
        "stopwaitsecs": str(_FOR_EVER) if seconds == INFINITY else f"{seconds:.0f}",
        **_output(service, target),
    }


def _restart(service: Service) -> dict[str, str]:
    codes, signals = stays_down(service)
    if not codes and not signals:
        return {"autorestart": "true"}
    if len(codes) == len(CODES) and signals:
        return {"autorestart": "false"}
    return {"autorestart": "unexpected", "exitcodes": ",".join(map(str, codes))}


def _command(service: Service) -> str:
    words = started(service.exec_start[0], service.environment)
    nice = ["nice", "-n", str(service.nice)] if service.nice else []
    text = shlex.join([*nice, *(_one_line(word, "ExecStart") for word in words)]).replace("%", "%%")
    return _CUT.sub("''", text)


def _plain(text: str, key: str) -> str:
    """Write a value that is not taken apart."""
    written = _one_line(text, key).replace("%", "%%")
    if text != text.strip() or _CUT.search(written):
        raise BadValue(f"{key}: supervisord takes a part of {text!r} for something else", "take ; # % and spaces out")
    return written


def _one_line(text: str, key: str) -> str:
    if re.search(r"[\n\r\0\ud800-\udfff]", text):
        raise BadValue(f"{key}: a line of supervisord.conf cannot hold {text!r}", "take out what is no line of text")
    return text


def _environment(service: Service) -> str:
    user = {"USER": service.user, "LOGNAME": service.user} if service.user else {}
    texts = {name: _value(text, "User") for name, text in user.items()}
    texts |= {name: _value(text, "Environment") for name, text in service.environment.items()}
    return ",".join(f"{name}={text}" for name, text in texts.items())


def _value(text: str, key: str) -> str:
    """Quote a value of the environment; in its quotes nothing can be escaped."""
    written = _one_line(text, key).replace("%", "%%")
    quote = next((mark for mark in "\"'" if mark not in text), None)
    if quote is None or text.strip("\"'") != text or _CUT.search(written):
        raise BadValue(f"{key}: supervisord cannot be told {text!r}", "take quotes, ; and # out of it")
    return f"{quote}{written}{quote}"


def _output(service: Service, target: Target) -> dict[str, str]:
    journal = f"{_LOGS[target.scope]}/{service.name}.log"
    options = _log("stdout", service.standard_output, journal)
    if service.standard_error == "inherit" or service.standard_error == service.standard_output:
        return {**options, "redirect_stderr": "true"}
    return options | _log("stderr", service.standard_error, journal.removesuffix(".log") + "-error.log")


def _log(stream: str, said: str, journal: str) -> dict[str, str]:
    """Say where a stream goes; the manager rotates its own log, and no other."""
    if said.startswith("append:"):
        path = _plain(said.removeprefix("append:"), f"Standard{stream[3:].title()}put")
        return {f"{stream}_logfile": path, f"{stream}_logfile_maxbytes": "0"}
    return {f"{stream}_logfile": "NONE" if said == "null" else journal}


def commands(service: Service, target: Target) -> Commands:
    control = ("supervisorctl",)
    return Commands(
        # `update` starts what is new or changed, and nothing else.
        install=((*control, "reread"), (*control, "update", service.name), (*control, "start", service.name)),
        uninstall=((*control, "stop", service.name), (*control, "remove", service.name)),
        gone=((*control, "reread"),),
        status=(*control, "status", service.name),
        signs=_SIGNS,
    )


DIALECT = Dialect(
    name="supervisord",
    title="supervisord",
    system=None,
    means=means,
    write=write,
    commands=commands,
    read=read,
    endings=(".conf",),
    checked={"4.2.5": EVENT_NAMES},
)
