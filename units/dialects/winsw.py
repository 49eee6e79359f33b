"""WinSW: a program that Windows takes for a service, and the XML file that tells it which one to run.

When its program ends with 0 it reports to have stopped. With any other code, which a killed program has as well, it
disappears, and the Service Control Manager does as for a crash: <onfailure>, each failure the next of them, the last
for all others. It asks with CTRL_C, and kills after <stoptimeout>. Version 3 then also asks and kills what the program
had started, as far as each has its parent alive; version 2 does so at a requested stop only. It puts variables between
percent signs, for which it has no escape, and spaces for line breaks. Nothing of this was tried on Windows.
Sources: WinSW's docs, xml-config-file.md and logging-and-error-reporting.md; its WrapperService.cs, ConfigHelper.cs.
"""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from .. import windows_service
from ..again import CLEAN_SIGNALS
from ..dialect import Commands, Dialect, Signs, Target
from ..errors import BadValue
from ..meaning import meaning
from ..rendered import Loss, Rendered
from ..settled import of_windows
from ..spec import Folder, Service, StatusSet
from ..unit_names import unit_type
from ..variables import expand
from ..xml_text import checked, comment
from . import winsw_reader

_SAYS = "Description Documentation Environment Nice User WantedBy"
_FOLDER = "C:\\Program Files\\Farmhand\\"  # where none but administrators may put programs
_LOGS = "%ProgramData%\\Farmhand\\log"
_MOST_SECONDS = 2_147_483.0  # milliseconds of a signed number of 32 bits
_UP_TO_ANY_CODE = ("on-failure", "on-abnormal", "on-abort", "always")
_VARIABLE = re.compile("%[^%=]+%")
_UNFIT_NAME = re.compile(r'[<>:"/\\|?*\x00-\x1f]|[. ]$')


def means(service: Service, target: Target) -> Service:
    """A program that ended with 0 stays down, and with any other code it does not, however often."""
    again = service.restart in _UP_TO_ANY_CODE
    needed = tuple(name for name in service.requires if not unit_type(name))
    return meaning(
        service,
        _SAYS,
        exec_start=of_windows(service),
        working_directory=_folder(service.working_directory),
        requires=needed,
        after=tuple(name for name in service.after if name in needed),
        standard_output="null" if service.standard_output == "null" else "journal",
        standard_error="null" if service.standard_error == "null" else "inherit",
        restart="on-failure" if again else "no",
        restart_force_exit_status=StatusSet(signals=CLEAN_SIGNALS if again else frozenset()),
        restart_sec=round(service.restart_sec, 3),
        start_limit_interval_sec=0.0,
        kill_mode="process" if target.variant == "v2" else "control-group",
        kill_signal="SIGINT" if service.kill_signal == "SIGINT" else "SIGTERM",
        send_sigkill=True,
        timeout_stop_sec=min(round(service.timeout_stop_sec, 3), _MOST_SECONDS)
        if service.send_sigkill
        else _MOST_SECONDS,
    )


def _folder(folder: Folder | None) -> Folder | None:
    return Folder(folder.path) if folder and folder.path != "~" else None


def write(service: Service, target: Target) -> Rendered:
    if _UNFIT_NAME.search(service.name):
        raise BadValue(f'its name "{service.name}" cannot be that of a file on Windows', "rename it")
    root = ElementTree.Element("service")
    for element in _elements(service, target.variant == "v2"):
        root.append(element)
    ElementTree.indent(root)
    told = "".join(f"{comment(text)}\n" for text in service.documentation)
    text = f"{told}{ElementTree.tostring(root, encoding='unicode')}\n"
    return Rendered(f"{_FOLDER}{service.name}.xml", text, tuple(_losses(service, target)))


def _elements(service: Service, v2: bool) -> Iterator[ElementTree.Element]:
    command = service.exec_start[0]
    arguments = " ".join(map(windows_service.word, expand(command, service.environment)[1:]))
    folder = service.working_directory
    yield _element("id", service.name, "name")
    yield _element("name", service.name, "name")
    yield _element("description", service.description, "Description")
    for name, value in service.environment.items():
        yield _variable(name, value)
    yield _element("executable", _fixed(command.words[0], "ExecStart"), "ExecStart")
    if arguments:
        yield _element("arguments", _fixed(arguments, "ExecStart"), "ExecStart")
    if folder:
        yield _element("workingdirectory", _fixed(folder.path, "WorkingDirectory"), "WorkingDirectory")
    for name in service.requires:
        yield _element("depend", name, "Requires")
    if service.nice is not None:
        yield _element("priority", windows_service.priority(service.nice), "Nice")
    yield _element("stoptimeout", _span(service.timeout_stop_sec), "TimeoutStopSec")
    if service.restart != "no":
        yield ElementTree.Element("onfailure", action="restart", delay=_span(service.restart_sec))
    yield from _account(service.user, v2)
    yield from _log(service)


def _element(name: str, text: str, key: str) -> ElementTree.Element:
    element = ElementTree.Element(name)
    element.text = checked(text, key)
    return element


def _variable(name: str, value: str) -> ElementTree.Element:
    if not name or "=" in name:
        raise BadValue(f"Environment: Windows has no variable {name!r}", "name it otherwise")
    if found := _VARIABLE.search(value):
        raise BadValue(f"Environment: WinSW takes {found[0]!r} for a variable", "take a percent sign out")
    return ElementTree.Element("env", name=checked(name, "Environment"), value=checked(value, "Environment"))


def _fixed(text: str, key: str) -> str:
    """Give a text that WinSW changes nothing in."""
    if found := re.search(r"[\n\r]", text) or _VARIABLE.search(text):
        raise BadValue(f"{key}: WinSW puts something else for {found[0]!r}", "take line breaks and percent signs out")
    return text


def _span(seconds: float) -> str:
    return f"{seconds:.0f} sec" if seconds == int(seconds) else f"{seconds * 1000:.0f} ms"


def _account(user: str | None, v2: bool) -> Iterator[ElementTree.Element]:
    if user is None:
        return
    name = checked(windows_service.ACCOUNTS.get(user.lower(), user), "User")
    account = ElementTree.Element("serviceaccount")
    domain, _, own = name.rpartition("\\")
    parts = {"domain": domain, "user": own} if v2 else {"username": name}
    if windows_service.is_somebodys(user):
        parts["allowservicelogon"] = "true"
    if windows_service.has_password(user) and not v2:
        parts["prompt"] = "console"
    for part, text in parts.items():
        if text:
            ElementTree.SubElement(account, part).text = text
    yield account


def _log(service: Service) -> Iterator[ElementTree.Element]:
    out, error = service.standard_output != "null", service.standard_error != "null"
    if not out and not (error and service.standard_error != "inherit"):
        yield ElementTree.Element("log", mode="none")
        return
    yield _element("logpath", _LOGS, "StandardOutput")
    yield ElementTree.Element("log", mode="roll-by-size")
    if not error:
        yield _element("errfiledisabled", "true", "StandardError")


def _losses(service: Service, target: Target) -> Iterator[Loss]:
    if target.scope == "user":
        yield Loss("--scope", windows_service.NOT_FOR_A_USER)
    if target.variant == "v2" and service.user and windows_service.has_password(service.user):
        yield Loss("User", "WinSW 2 takes its password from the file alone: add <password>, and let none else read it")
    if target.variant != "v2" and target.config is None:
        yield Loss("KillMode", "WinSW does not find a process whose own parent has ended")


def commands(service: Service, target: Target) -> Commands:
    program = f"{_FOLDER}{service.name}.exe"
    return Commands(
        install=((program, "install"), (program, "start")),
        uninstall=((program, "stop"), (program, "uninstall")),
        status=(program, "status"),
        signs=Signs(running=r"^(Started|Active \(running\))", process=r"process id:? (\d+)"),
        anew=True,
        hint=f"put WinSW itself beside the file, as {service.name}.exe",
    )


DIALECT = Dialect(
    name="winsw",
    title="WinSW",
    system="windows",
    means=means,
    write=write,
    commands=commands,
    variants=("v3", "v2"),
    read=winsw_reader.read,
    endings=(".xml",),
)
