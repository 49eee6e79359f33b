"""What a service manager makes of a definition that was written for it: read with its own parser, or run by sh itself.

A reading says what the manager would start, where, and as whom. Whatever in a text would make a manager do more than
read it is an error here.
"""

import json
import os
import plistlib
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from configparser import RawConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml
from hostile import evaluated

from farmhand.units import windows_service
from farmhand.units.dialects import farmhand, systemd
from farmhand.units.rendered import Rendered
from farmhand.units.settled import started
from farmhand.units.spec import Service


@dataclass(frozen=True)
class Reading:
    """argv and environment as the process would be given them; None where a definition does not say it readably."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: str | None = None
    user: str | None = None
    description: str | None = None


# The definition of a service, and a folder that stays -> what the manager makes of it
Reader = Callable[[Rendered, Path], Reading]


def facts(service: Service) -> Reading:
    """Say what a manager should make of a service."""
    folder = service.working_directory
    return Reading(
        started(service.exec_start[0], service.environment),
        service.environment,
        folder.path if folder else None,
        service.user,
        service.description,
    )


# -- systemd's words


def _systemd(rendered: Rendered, place: Path) -> Reading:
    path = rendered.path.removesuffix(".d/50-farmhand.conf")
    read = systemd.read(path, rendered.text)
    assert not read.warnings, read.warnings
    return facts(read.service)


def _farmhand(rendered: Rendered, place: Path) -> Reading:
    (service,) = farmhand.read(rendered.path, rendered.text).services
    return facts(service)


# -- sh


SHOW = f"""#!{sys.executable} -IS
import json, os, sys
with open(os.environ["SHOWN"], "w") as out:
    json.dump([sys.argv, dict(os.environ), os.getcwd()], out)
"""
# What a script that becomes a service calls; they tell whom it would become, which is the first account asked about.
STUBS = {
    "id": 'printf "%s" "$2" >>"$SHOWN.user.$$"; mv "$SHOWN.user.$$" "$SHOWN.user"; echo 0',
    "getent": "echo x:x:0:0::/root",
    "chpst": 'shift 2; exec "$@"',
    "s6-applyuidgid": 'shift 6; exec "$@"',
}


def _sh(lines: str, place: Path) -> Reading:
    """Run a script by sh, with what it calls to become another user replaced."""
    shown = place / "shown"
    for file in (shown, place / "shown.user"):
        file.unlink(missing_ok=True)
    environ = {"PATH": f"{_stubs(place)}:{os.defpath}", "SHOWN": str(shown), "LC_ALL": "C.UTF-8"}
    script = place / "script"
    script.write_text(lines, encoding="utf-8", errors="surrogateescape")
    ran = subprocess.run(["sh", str(script)], env=environ, cwd="/", capture_output=True, timeout=20, check=False)
    assert shown.exists(), ran.stderr.decode(errors="replace")
    argv, variables, folder = json.loads(shown.read_text())
    user = place / "shown.user"
    known = {*environ, "PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE", "USER", "LOGNAME", "HOME"}
    return Reading(
        argv,
        {name: said for name, said in variables.items() if name not in known},
        folder,
        user.read_text(errors="surrogateescape") if user.exists() else None,
    )


def _stubs(place: Path) -> Path:
    folder = place / "stubs"
    if not folder.exists():
        folder.mkdir()
        for name, script in STUBS.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / name).chmod(0o755)
    return folder


def _script(rendered: Rendered, place: Path) -> Reading:
    for file in rendered.files:
        if file.mode & 0o100:
            subprocess.run(["sh", "-n"], input=file.text.encode("utf-8", "surrogateescape"), check=True)
    return _sh(rendered.text, place)


# supervise-daemon.sh: start, which evaluates all words once more; supervise-daemon(8).
OPENRC = """
supervise_daemon() {
  while [ $# != 0 ] && [ "$1" != -- ]; do
    case $1 in
      --chdir) cd "$2" || exit; shift 2 ;;
      --user) printf %s "${2%%:*}" >"$SHOWN.user"; shift 2 ;;
      --stdout | --stderr | --pidfile) shift 2 ;;
      *) program=$1; shift ;;
    esac
  done
  shift
  exec "$program" "$@"
}
eval supervise_daemon \\
  ${directory:+--chdir} $directory ${output_log+--stdout} ${output_log} ${error_log+--stderr} $error_log \\
  ${pidfile:+--pidfile} $pidfile ${command_user+--user} $command_user \\
  $command -- $command_args
"""


def _openrc(rendered: Rendered, place: Path) -> Reading:
    return _sh(rendered.text + OPENRC, place)


# -- formats with a parser of their own


def _supervisord(rendered: Rendered, place: Path) -> Reading:
    """Read it as supervisor/options.py does: comments go, `%` is expanded, shlex takes the command apart."""
    config = RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    config.optionxform = str  # type: ignore[assignment, method-assign]
    config.read_string(rendered.text)
    (section,) = config.sections()
    options = {key: text.replace("%(here)s", "/here") for key, text in config[section].items()}
    told = {key: text % {} if key != "command" else text for key, text in options.items()}
    words = shlex.split(options["command"] % {})
    said = _pairs(told.get("environment", ""))
    return Reading(
        words,
        {key: text for key, text in said.items() if key not in ("USER", "LOGNAME")},
        told["directory"],
        told.get("user"),
    )


def _pairs(text: str) -> dict[str, str]:
    """Read supervisor/datatypes.py, dict_of_key_value_pairs."""
    lexer = shlex.shlex(text)
    lexer.wordchars += "/.+-():"
    tokens = list(lexer)
    return {tokens[at]: tokens[at + 2].strip("'\"") for at in range(0, len(tokens), 4)}


def _plist(rendered: Rendered, place: Path) -> Reading:
    said = plistlib.loads(rendered.text.encode())
    return Reading(
        [said.get("Program", said["ProgramArguments"][0]), *said["ProgramArguments"][1:]],
        {name: text for name, text in said.get("EnvironmentVariables", {}).items() if name != "PATH"},
        said.get("WorkingDirectory"),
        said.get("UserName"),
    )


def _winsw(rendered: Rendered, place: Path) -> Reading:
    """Read WinSW's XML; Environment.ExpandEnvironmentVariables takes what is between percent signs for a variable."""
    root = ElementTree.fromstring(rendered.text)
    said = {element.tag: element.text or "" for element in root}
    variables = {element.get("name", ""): element.get("value", "") for element in root.iter("env")}
    for text in (said["executable"], said.get("arguments", ""), said.get("workingdirectory", ""), *variables.values()):
        assert not re.search("%[^%=]+%", text), f"WinSW replaces something in {text!r}"
    for element in ("executable", "arguments", "workingdirectory"):
        assert not re.search(r"[\n\r]", said.get(element, "")), f"WinSW puts a space for a line break in {element}"
    return Reading(
        [said["executable"], *windows_service.words(said.get("arguments", ""))],
        variables,
        said.get("workingdirectory"),
        root.findtext("serviceaccount/username"),
        said["description"],
    )


_QUOTED = r"'(?:[^']|'')*'"
_EXPRESSION = re.compile(rf"\({_QUOTED}(?: \+ (?:{_QUOTED}|\[char\]0x[0-9a-f]{{4}}))+\)|{_QUOTED}")


def _windows(rendered: Rendered, place: Path) -> Reading:
    """Read the script of PowerShell: what makes the service, natively or by `farmhand service install`."""
    lines = rendered.text.splitlines()
    install = next((line for line in lines if " service install --name " in line), None)
    if install:
        program, _, config = map(evaluated, _EXPRESSION.findall(install))
        return Reading([program, "run", config], {})
    said = dict(re.findall(rf" -(\w+) ({_EXPRESSION.pattern})", next(line for line in lines if "New-Service" in line)))
    variables = next((line.partition("-Value ")[2] for line in lines if "-Name Environment" in line), "")
    pairs = [evaluated(each).partition("=") for each in _EXPRESSION.findall(variables)]
    user = next((line for line in lines if "Get-Credential" in line), None)
    # A backslash before a quote is one like any other in the program's own name.
    program, _, arguments = evaluated(said["BinaryPathName"]).removeprefix('"').partition('"')
    return Reading(
        [program, *windows_service.words(arguments)],
        {name: text for name, _, text in pairs},
        user=evaluated(re.findall(rf"-UserName ({_EXPRESSION.pattern})", user)[0]) if user else None,
        description=evaluated(said.get("Description", "''")),
    )


def _compose(rendered: Rendered, place: Path) -> Reading:
    """Read a Compose file; compose-go's template/template.go replaces variables in its values."""
    ((_, said),) = yaml.safe_load(rendered.text)["services"].items()
    said = _each_text(said, _interpolated)
    labels = said.get("labels", {})
    return Reading(
        said["entrypoint"],
        said.get("environment", {}),
        said.get("working_dir"),
        said["user"].partition(":")[0] if "user" in said else None,
        labels.get("description", ""),
    )


def _interpolated(text: str) -> str:
    left = text.replace("$$", "")
    assert "$" not in left, f"Compose replaces something in {text!r}"
    return text.replace("$$", "$")


def _each_text(node: Any, change: Callable[[str], str]) -> Any:
    if isinstance(node, dict):
        return {key: _each_text(value, change) for key, value in node.items()}
    if isinstance(node, list):
        return [_each_text(each, change) for each in node]
    return change(node) if isinstance(node, str) else node


def _kubernetes(rendered: Rendered, place: Path) -> Reading:
    workload = list(yaml.safe_load_all(rendered.text))[-1]
    pod = workload["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    user = pod.get("securityContext", {}).get("runAsUser")
    return Reading(
        [_expanded(word) for word in (*container["command"], *container.get("args", []))],
        {one["name"]: _expanded(one["value"]) for one in container.get("env", [])},
        container.get("workingDir"),
        None if user is None else str(user),
        workload["metadata"].get("annotations", {}).get("kubernetes.io/description", ""),
    )


def _expanded(text: str) -> str:
    """Replace as kubelet does: third_party/forked/golang/expansion/expand.go."""
    assert not re.search(r"(?<!\$)(\$\$)*\$\(", text), f"Kubernetes replaces something in {text!r}"
    return text.replace("$$", "$")


def _nomad(rendered: Rendered, place: Path) -> Reading:
    job = json.loads(rendered.text)["Job"]
    (task,) = job["TaskGroups"][0]["Tasks"]
    for text in (*task["Env"].values(), task["User"]):
        assert not re.search(r"\$\{[a-zA-Z0-9_.-]+\}", text), f"Nomad replaces something in {text!r}"
    config = _each_text(task["Config"], _of_hcl)
    user = task["User"]
    return Reading(
        config["entrypoint"],
        task["Env"],
        config.get("work_dir"),
        user.partition(":")[0] or None,
        job["Meta"].get("description", ""),
    )


def _of_hcl(text: str) -> str:
    """Read a template of HCL 2 that has nothing to replace: hclsyntax/scan_tokens.rl."""
    parts = re.split(r"(\$\$\{|%%\{)", text)
    assert not re.search(r"[$%]\{", "\n".join(parts[::2])), f"Nomad replaces something in {text!r}"
    return "".join(part[1:] if part in ("$${", "%%{") else part for part in parts)


READERS: dict[str, Reader] = {
    "systemd": _systemd,
    "farmhand": _farmhand,
    "openrc": _openrc,
    "runit": _script,
    "s6": _script,
    "supervisord": _supervisord,
    "launchd": _plist,
    "winsw": _winsw,
    "windows": _windows,
    "container": _compose,
    "kubernetes": _kubernetes,
    "nomad": _nomad,
}


def config(rendered: Rendered) -> tuple[str, str]:
    """Give the path and text of Farmhand's own file, wherever a definition has it."""
    if rendered.path.endswith(".nomad.json"):
        (template,) = json.loads(rendered.text)["Job"]["TaskGroups"][0]["Tasks"][0]["Templates"]
        assert template["LeftDelim"] not in template["EmbeddedTmpl"]
        return template["DestPath"], template["EmbeddedTmpl"]
    if rendered.path.startswith("/etc/farmhand/kubernetes"):
        return "farmhand.yaml", next(yaml.safe_load_all(rendered.text))["data"]["farmhand.yaml"]
    (file,) = (file for file in rendered.beside if file.path.endswith(".yaml"))
    return file.path, file.text


def missing(names: Iterable[str]) -> list[str]:
    """Name the dialects that nobody can read back yet."""
    return [name for name in names if name not in READERS]
