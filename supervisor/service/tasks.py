"""The Task Scheduler keeps a user's own supervisor running on Windows, from sign-in on.

A task of Windows is made for what ends: unless told otherwise it is stopped after three days, and as the computer goes
on battery, and not started there; it runs with less priority than other programs; and one that failed is started again
only in some cases. So its trigger comes again every few minutes, and does nothing while it runs.
"""

import csv
import getpass
import os
import subprocess
import tempfile
import time
import xml.etree.ElementTree as xml
from collections.abc import Mapping

from ...units.light import Any
from ...units.rendered import Loss, Rendered
from ..control.protocol import NoSupervisor, Request, ask, default_path
from ..exit_codes import BAD_INPUT
from . import tool
from .host import log_path
from .wanted import Named, NotInstalled, Refused, Standing, Wanted

_NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_NORMAL_PRIORITY = "5"  # 7 is the default: below normal, and slower at its files
_RUNNING = "267009"  # SCHED_S_TASK_RUNNING: the last result of a task that has none yet
_LAST_RESULT = 6  # the column of it; their names are in the language of the system
_PAUSE = 0.2

_Tree = Mapping[str, Any]  # elements in elements, and texts
_ATTRIBUTES: Mapping[str, dict[str, str]] = {"Principal": {"id": "Author"}, "Actions": {"Context": "Author"}}


def render(wanted: Wanted) -> Rendered:
    losses = [] if wanted.account is None else [Loss(f"account {wanted.account}", "a user's task is always the user's")]
    return Rendered(f"task {wanted.named.name} of the Task Scheduler", _text(_task(wanted)), tuple(losses))


def _task(wanted: Wanted) -> _Tree:
    user = _user()
    return {
        # Where it can be told to stop: whoever ends the task has no other word for it than to kill.
        "RegistrationInfo": {"Description": wanted.description, "Documentation": wanted.control or default_path()},
        "Triggers": {"LogonTrigger": {"Repetition": {"Interval": "PT5M"}, "Enabled": "true", "UserId": user}},
        "Principals": {
            "Principal": {"UserId": user, "LogonType": "InteractiveToken", "RunLevel": "LeastPrivilege"},
        },
        "Settings": {
            "MultipleInstancesPolicy": "IgnoreNew",
            "DisallowStartIfOnBatteries": "false",
            "StopIfGoingOnBatteries": "false",
            "RunOnlyIfNetworkAvailable": "false",
            "IdleSettings": {"StopOnIdleEnd": "false", "RestartOnIdle": "false"},
            "Enabled": "true",
            "ExecutionTimeLimit": "PT0S",
            "Priority": _NORMAL_PRIORITY,
            "RestartOnFailure": {"Interval": "PT1M", "Count": "999"},
        },
        "Actions": {
            "Exec": {
                "Command": _without_window(wanted.program[0]),
                "Arguments": subprocess.list2cmdline([*wanted.hosted(log_path(wanted.named), "--user"), *wanted.run]),
            },
        },
    }


def install(wanted: Wanted) -> list[str]:
    task = render(wanted)
    if task.losses:
        raise Refused(str(task.losses[0]), "leave it out, or install for the machine, without --user", BAD_INPUT)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "task.xml")
        with open(path, "w", encoding="utf-16") as file:
            file.write(task.text)
        _schtasks("/Create", wanted.named, "/XML", path)
    return ["it starts when you sign in; 'farmhand service start --user' starts it now"]


def remove(named: Named) -> None:
    stop(named)
    _schtasks("/Delete", named, "/F")


def start(named: Named) -> None:
    _demand(named)
    _schtasks("/Change", named, "/ENABLE")
    _schtasks("/Run", named)


def stop(named: Named) -> None:
    """Have it stop, and stay so until somebody starts it: its trigger would soon bring it back."""
    control = _demand(named)
    _schtasks("/Change", named, "/DISABLE")
    if not _runs(named):
        return
    try:
        ask(control, Request("shutdown"))
    except NoSupervisor:
        _schtasks("/End", named)
    while _runs(named):
        time.sleep(_PAUSE)


def status(named: Named) -> Standing:
    _demand(named)
    runs = _runs(named)
    return Standing(runs, "running" if runs else "not running")


def _demand(named: Named) -> str:
    """Return where the task's supervisor is spoken to; raises NotInstalled."""
    answer = tool.ask(["schtasks", "/Query", "/TN", named.name, "/XML", "ONE"])
    if answer.returncode:
        raise NotInstalled(named.name)
    return xml.fromstring(answer.stdout).findtext(f".//{{{_NAMESPACE}}}Documentation") or default_path()


def _runs(named: Named) -> bool:
    row = next(csv.reader(_schtasks("/Query", named, "/V", "/FO", "CSV", "/NH").splitlines()), [])
    return len(row) > _LAST_RESULT and row[_LAST_RESULT] == _RUNNING


def _schtasks(verb: str, named: Named, *words: str) -> str:
    return tool.order(["schtasks", verb, "/TN", named.name, *words]).stdout


def _text(tree: _Tree) -> str:
    root = xml.Element("Task", {"version": "1.2", "xmlns": _NAMESPACE})
    _fill(root, tree)
    xml.indent(root)
    return f'<?xml version="1.0" encoding="UTF-16"?>\n{xml.tostring(root, encoding="unicode")}\n'


def _fill(parent: xml.Element, tree: _Tree) -> None:
    for name, content in tree.items():
        child = xml.SubElement(parent, name, _ATTRIBUTES.get(name, {}))
        if isinstance(content, str):
            child.text = content
        else:
            _fill(child, content)


def _user() -> str:
    domain = os.environ.get("USERDOMAIN")
    return f"{domain}\\{getpass.getuser()}" if domain else getpass.getuser()


def _without_window(program: str) -> str:
    """Return the Python that has no console, if it is there: a task's own would stay on the screen."""
    folder, name = os.path.split(program)
    quiet = os.path.join(folder, name.replace("python", "pythonw", 1))
    return quiet if name.lower().startswith("python") and os.path.exists(quiet) else program
