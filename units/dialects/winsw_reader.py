"""WinSW's XML, of version 2 and 3, read: what each element means in systemd's words, and what none of them says."""

import re
from collections.abc import Callable, Mapping

from .. import windows_service
from ..dialect import Found
from ..errors import BadConfig
from ..foreign import Foreign
from ..unit_names import full_name
from ..xml_text import Element, parse

_SECONDS = {"ms": 0.001, "sec": 1, "min": 60, "hr": 3600, "hour": 3600, "day": 86400}
_SPAN = re.compile(r"(\d+)\s*(?:(ms)|(sec|min|hr|hour|day)s?)?")
_VARIABLE = re.compile("%[^%=]+%")
_STOP_TIMEOUT, _RESET = "15 sec", "1 day"  # the defaults
_NICE = {name: nice for nice, name in windows_service.PRIORITIES.items()} | {"realtime": -20}
_STEPS = {"prestart": "ExecStartPre", "poststart": "ExecStartPost", "prestop": "ExecStop", "poststop": "ExecStopPost"}

_ONLY_THERE = ("it is a matter of WinSW alone", "it is left out")
_NOT_SAID = {
    "download": ("it fetches a file before the start", "write an ExecStartPre= that does"),
    "sharedDirectoryMapping": ("it connects a network drive", "name its UNC path where it is used"),
    "extensions": ("it has WinSW do more", "see what each of them does"),
    "delayedAutoStart": ("it starts later than others", "After=network-online.target waits for the network"),
    "logpath": ("it says where the output goes", "StandardOutput=append:PATH names a file"),
    **dict.fromkeys(("securityDescriptor", "securtityDescriptor"), ("it says who may start it", "it is left out")),
    **dict.fromkeys(
        ("logname", "outfilepattern", "errfilepattern", "hidewindow", "interactive", "beeponshutdown", "waithint",
         "sleeptime", "stopparentprocessfirst", "autoRefresh", "preshutdown", "preshutdownTimeout"),
        _ONLY_THERE,
    ),
}  # fmt: skip
# Read together with another, or in the element that holds them.
_WITH_OTHERS = ("arguments", "argument", "startarguments", "startargument", "stoparguments", "stopargument",
                "onfailure", "resetfailure", "name", "id")  # fmt: skip


def read(path: str, text: str) -> Found:
    """Take the service of a file. Raises BadConfig."""
    root = parse(path, text)
    if root.name != "service":
        raise BadConfig(path, root.line, root.name, "it is no file of WinSW", "its root is <service>")
    foreign = Foreign(path, {})
    for element in root.children:
        foreign.lines.setdefault(element.name, element.line)
    for element in root.children:
        _read(foreign, element)
    _command(foreign, root, "ExecStart", "executable", ("argument", "arguments"), ("startargument", "startarguments"))
    if _texts(root, "stopexecutable") or _texts(root, "stopargument", "stoparguments"):
        _command(foreign, root, "ExecStop", "stopexecutable", ("stopargument", "stoparguments"))
    _failures(foreign, root)
    _as_by_default(foreign, root)
    return foreign.found(_text(root, "id"))


def _read(foreign: Foreign, element: Element) -> None:
    name = element.name
    foreign.lines[name] = element.line  # of those that come more than once, the one that is read now
    if name in _READERS:
        _READERS[name](foreign, element)
    elif name in _NOT_SAID:
        foreign.ignore(name, *_NOT_SAID[name])
    elif name not in _WITH_OTHERS:
        foreign.unknown(name, [*_READERS, *_NOT_SAID, *_WITH_OTHERS], "WinSW")


def _texts(root: Element, *names: str) -> list[str]:
    return [child.all_text() for child in root.children if child.name in names]


def _text(root: Element, name: str) -> str:
    return next(iter(_texts(root, name)), "")


def _plain(foreign: Foreign, key: str, text: str) -> str:
    """Tell of variables, for which WinSW puts their values."""
    if found := _VARIABLE.search(text):
        foreign.ignore(key, f"WinSW puts a variable's value for {found[0]}", "write it out")
    return text


def _command(foreign: Foreign, root: Element, directive: str, program: str, *arguments: tuple[str, str]) -> None:
    """Take a program, and its arguments word by word or, if there are none so, as a line."""
    executable = _text(root, program) or _text(root, "executable")
    if not executable:
        raise BadConfig(foreign.path, root.line, "executable", "it is missing", "name the program to run")
    key = program if _texts(root, program) else "executable"
    words = [_plain(foreign, key, executable)]
    for each, whole in arguments:
        one_by_one = [_plain(foreign, each, _unquoted(text)) for text in _texts(root, each)]
        words += one_by_one or [_plain(foreign, whole, word) for word in windows_service.words(_text(root, whole))]
    foreign.command(key, directive, words)


def _unquoted(text: str) -> str:
    """WinSW leaves an argument alone that is in quotes already."""
    return text[1:-1] if re.fullmatch('"[^"]*"', text) else text


def _step(foreign: Foreign, element: Element) -> None:
    executable = _text(element, "executable")
    if not executable:
        raise foreign.wrong(element.name, "it has no <executable>", "name the program to run")
    words = [_plain(foreign, element.name, word) for word in windows_service.words(_text(element, "arguments"))]
    foreign.command(element.name, _STEPS[element.name], [executable, *words], forgiven=True)


def _says(directive: str) -> Callable[[Foreign, Element], None]:
    return lambda foreign, element: foreign.say(element.name, directive, element.all_text().strip())


def _folder(foreign: Foreign, element: Element) -> None:
    folder = element.all_text()
    if _plain(foreign, element.name, folder) and not _VARIABLE.search(folder):
        foreign.say(element.name, "WorkingDirectory", folder)


def _environment(foreign: Foreign, element: Element) -> None:
    name, value = element.attributes.get("name"), element.attributes.get("value")
    if name is None or value is None:
        raise foreign.wrong("env", "it has no name or no value", 'write <env name="A" value="b"/>')
    foreign.variable("env", name, _plain(foreign, "env", value))


def _seconds(foreign: Foreign, key: str, text: str) -> float:
    found = _SPAN.fullmatch(text.strip())
    if not found:
        raise foreign.wrong(key, f'"{text}" is not a time span', 'write it as "10 sec"')
    return round(int(found[1]) * _SECONDS[found[2] or found[3] or "ms"], 3)


def _stop_timeout(foreign: Foreign, element: Element) -> None:
    foreign.put(element.name, "TimeoutStopSec", _seconds(foreign, element.name, element.all_text()))


def _priority(foreign: Foreign, element: Element) -> None:
    name = element.all_text().strip().lower()
    if name not in _NICE:
        raise foreign.wrong("priority", f'"{name}" is not a class of priority', f"there are {', '.join(_NICE)}")
    foreign.put("priority", "Nice", _NICE[name])


def _start_mode(foreign: Foreign, element: Element) -> None:
    mode = element.all_text().strip().lower()
    if mode not in ("automatic", "manual"):
        foreign.ignore("startmode", f'"{mode}" has no meaning elsewhere', "it does not start with the machine")


def _depend(foreign: Foreign, element: Element) -> None:
    for directive in ("Requires", "After"):
        foreign.say("depend", directive, full_name(element.all_text().strip()))


def _account(foreign: Foreign, element: Element) -> None:
    parts = {child.name: child.all_text().strip() for child in element.children}
    name = parts.get("username") or "\\".join(filter(None, (parts.get("domain"), parts.get("user"))))
    if parts.get("password"):
        foreign.ignore("serviceaccount", "the account's password is in the file", "it is left out; have it changed")
    if name and name.lower() != "localsystem":
        foreign.say("serviceaccount", "User", name)


def _log(foreign: Foreign, element: Element) -> None:
    mode = element.attributes.get("mode") or element.all_text().strip()
    if mode in ("none", "ignore"):
        for directive in ("StandardOutput", "StandardError"):
            foreign.say(element.name, directive, "null")
    elif mode not in ("append", "roll", "roll-by-size"):
        foreign.ignore(element.name, f'"{mode}" is a way of WinSW to keep logs', "the output goes to the journal")


def _disabled(directive: str) -> Callable[[Foreign, Element], None]:
    def read(foreign: Foreign, element: Element) -> None:
        if element.all_text().strip().lower() == "true":
            foreign.say(element.name, directive, "null")

    return read


_READERS: Mapping[str, Callable[[Foreign, Element], None]] = {
    "executable": lambda foreign, element: None,
    "stopexecutable": lambda foreign, element: None,
    "description": _says("Description"),
    "workingdirectory": _folder,
    "env": _environment,
    "stoptimeout": _stop_timeout,
    "priority": _priority,
    "startmode": _start_mode,
    "depend": _depend,
    "serviceaccount": _account,
    "log": _log,
    "logmode": _log,
    "outfiledisabled": _disabled("StandardOutput"),
    "errfiledisabled": _disabled("StandardError"),
    **dict.fromkeys(_STEPS, _step),
}


def _failures(foreign: Foreign, root: Element) -> None:
    """The first failure is followed by the first action, the second by the second, all others by the last."""
    actions = [child for child in root.children if child.name == "onfailure"]
    restarts = 0
    for element in actions:
        foreign.lines["onfailure"] = element.line
        action = element.attributes.get("action")
        if action not in ("restart", "none", "reboot"):
            raise foreign.wrong("onfailure", f'"{action}" is not an action', "there are restart, none and reboot")
        if action == "reboot":
            foreign.ignore("onfailure", "Windows reboots", "StartLimitAction=reboot does so, if it is meant")
        if action != "restart":
            break
        restarts += 1
    if not restarts:
        return
    delays = [_seconds(foreign, "onfailure", each.attributes.get("delay", "0")) for each in actions[:restarts]]
    foreign.put("onfailure", "Restart", "on-failure")
    foreign.put("onfailure", "RestartSec", delays[0])
    if len(set(delays)) > 1:
        foreign.ignore("onfailure", "later restarts wait for another time", "RestartSteps= can have them wait longer")
    _limit(foreign, root, None if restarts == len(actions) else restarts + 1)


def _limit(foreign: Foreign, root: Element, starts: int | None) -> None:
    """Say how many starts there may be, None for any number; Windows counts failures until there is none for a time."""
    if starts is None:
        foreign.put("onfailure", "StartLimitIntervalSec", 0.0)
        return
    reset = _seconds(foreign, "resetfailure", _text(root, "resetfailure") or _RESET)
    foreign.put("onfailure", "StartLimitIntervalSec", reset)
    foreign.put("onfailure", "StartLimitBurst", starts)


def _as_by_default(foreign: Foreign, root: Element) -> None:
    """Say what WinSW does unless it is told otherwise."""
    if not _texts(root, "description") and _text(root, "name"):
        foreign.say("name", "Description", _text(root, "name"))
    if not _texts(root, "stoptimeout"):
        foreign.put("id", "TimeoutStopSec", _seconds(foreign, "id", _STOP_TIMEOUT))
    if (_text(root, "startmode").strip() or "Automatic").lower() == "automatic":
        foreign.put("startmode", "WantedBy", ("multi-user.target",))
