"""supervisord.conf, read: what each key of its programs means in systemd's words, and what has none.

Sources: supervisor's pages on configuration and subprocesses; supervisor/options.py, `_processes_from_section`.
"""

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from configparser import Error, RawConfigParser
from dataclasses import dataclass

from ..dialect import Found
from ..errors import BadConfig, Notice
from ..foreign import Foreign
from ..spec import Service, StatusSet

_TRUE, _FALSE = ("yes", "true", "on", "1"), ("no", "false", "off", "0")
_EXPANSION = re.compile(r"%(?:%|\((\w+)\)(0?\d*)([sd])|(.?))")
_HEADER = re.compile(r"\s*\[([^\]]+)\]")
_KEY = re.compile(r"([A-Za-z_]\w*)\s*[=:]")
_DEFAULTS = {
    "autostart": "true",
    "autorestart": "unexpected",
    "startsecs": "1",
    "startretries": "3",
    "exitcodes": "0",
    "stopsignal": "TERM",
    "stopwaitsecs": "10",
    "stopasgroup": "false",
    "numprocs": "1",
    "numprocs_start": "0",
    "process_name": "%(program_name)s",
    "directory": "",
    "environment": "",
    "redirect_stderr": "false",
}
# Sections that say nothing of services; all others are told.
_NO_SERVICE = ("supervisord", "supervisorctl", "unix_http_server", "inet_http_server")
_ELSEWHERE = {
    "priority": ("it is about the order of starts", "say it with After= and Before="),
    "serverurl": ("it is about supervisord itself", "it is left out"),
    **{
        f"{stream}_{what}": ("it is about the log", "the journal has settings of its own, logrotate is for files")
        for stream in ("stdout", "stderr")
        for what in ("logfile_maxbytes", "logfile_backups", "capture_maxbytes", "events_enabled")
    },
}


@dataclass
class _Program:
    """One process of a section, and its keys, expanded."""

    foreign: Foreign
    values: dict[str, str]

    def text(self, key: str) -> str:
        return self.values.get(key, _DEFAULTS.get(key, ""))

    def number(self, key: str) -> int:
        try:
            return int(self.text(key))
        except ValueError:
            raise self.foreign.wrong(key, f'"{self.text(key)}" is not a number', "write a whole one") from None

    def yes(self, key: str) -> bool:
        text = self.text(key).lower()
        if text not in _TRUE + _FALSE:
            raise self.foreign.wrong(key, f'"{text}" is neither true nor false', "write true or false")
        return text in _TRUE


def read(path: str, text: str) -> Found:
    """Read all programs of a file; the processes of a program with numprocs= are services each. Raises BadConfig."""
    parser = RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    try:
        parser.read_string(text, path)
    except Error as error:
        line = getattr(error, "lineno", 0) or (getattr(error, "errors", None) or [(0, "")])[0][0]
        raise BadConfig(path, line, "", "it is no INI file", "write [program:NAME] and KEY=VALUE lines") from None
    services: list[Service] = []
    notices: list[Notice] = []
    for section in parser.sections():
        kind, _, name = section.partition(":")
        lines = dict(_lines(text, section))
        if kind == "program":
            for found in _processes(path, name.strip(), dict(parser[section]), lines):
                services += found.services
                notices += [each for each in found.notices if each not in notices]
        elif kind not in _NO_SERVICE:
            problem = f"[{section}] is nothing that a service can be"
            notices.append(Notice(path, lines.get("", 0), "", problem, "it is left out"))
    if not services:
        raise BadConfig(path, 0, "", "it has no [program:NAME]", "add one")
    return Found(tuple(services), tuple(notices))


def _lines(text: str, section: str) -> Iterator[tuple[str, int]]:
    """Give the line of each key of a section, and of its header as ""."""
    here = False
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            here = header[1] == section
            if here:
                yield "", number
        elif here and (key := _KEY.match(line)):
            yield key[1].lower(), number


def _processes(path: str, name: str, values: dict[str, str], lines: dict[str, int]) -> Iterator[Found]:
    whole = _Program(Foreign(path, lines), values)
    first = whole.number("numprocs_start")
    for number in range(first, first + whole.number("numprocs")):
        program = _Program(Foreign(path, lines), values)
        known: dict[str, object] = {
            "program_name": name,
            "group_name": name,
            "process_num": number,
            "numprocs": whole.number("numprocs"),
        }
        known |= {"here": posixpath.dirname(path)} if path.startswith("/") else {}
        environment = _environment(program, known)
        known |= {f"ENV_{key}": text for key, text in environment.items()}
        program.values = {
            key: "" if key == "environment" else _expanded(program, key, text, known) for key, text in values.items()
        }
        yield _process(program, _expanded(program, "process_name", program.text("process_name"), known), environment)


def _expanded(program: _Program, key: str, text: str, known: Mapping[str, object]) -> str:
    """Expand `%(name)s`; what only the machine knows cannot be. Raises BadConfig."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        if found[1] not in known:
            hint = "write what it stands for" if found[1] else "write %% for a percent sign"
            raise program.foreign.wrong(key, f'"{found[0]}" stands for nothing that the file says', hint)
        return f"%{found[2]}{found[3]}" % known[found[1]]

    return _EXPANSION.sub(value, text)


def _environment(program: _Program, known: Mapping[str, object]) -> dict[str, str]:
    text = _expanded(program, "environment", program.text("environment"), known)
    lexer = shlex.shlex(text)
    lexer.wordchars += "/.+-():"
    try:
        tokens = list(lexer)
    except ValueError:
        raise program.foreign.wrong("environment", "a quote is not closed", "close it") from None
    names, equals, values = tokens[::4], tokens[1::4], tokens[2::4]
    if len(tokens) % 4 not in (0, 3) or set(equals) - {"="} or len(names) != len(values):
        raise program.foreign.wrong("environment", f'"{text}" is no list of KEY="value"', 'write A="1",B="2"')
    return {name: value.strip("'\"") for name, value in zip(names, values, strict=True)}


def _process(program: _Program, name: str, environment: Mapping[str, str]) -> Found:
    foreign = program.foreign
    for key, value in environment.items():
        foreign.variable("environment", key, value)
    for say in (_command, _place, _restarts, _start_limit, _stop, _logs):
        say(program)
    for key in program.values:
        if key in _ELSEWHERE:
            foreign.ignore(key, *_ELSEWHERE[key])
        elif key not in _KNOWN:
            foreign.unknown(key, _KNOWN, "supervisord")
    return foreign.found(name)


def _command(program: _Program) -> None:
    try:
        words = shlex.split(program.text("command"))
    except ValueError:
        raise program.foreign.wrong("command", "a quote is not closed", "close it") from None
    if not words:
        raise program.foreign.wrong("command", "it says nothing", "name the program to run")
    program.foreign.command("command", "ExecStart", words)


def _place(program: _Program) -> None:
    for key, directive in (("directory", "WorkingDirectory"), ("user", "User"), ("umask", "UMask")):
        if text := program.text(key):
            program.foreign.say(key, directive, text)
    if program.yes("autostart"):
        program.foreign.put("autostart", "WantedBy", ("multi-user.target",))


def _restarts(program: _Program) -> None:
    """With autorestart=unexpected all endings but the exitcodes start it again, signals as well."""
    text = program.text("autorestart").lower()
    if text not in (*_TRUE, *_FALSE, "unexpected"):
        raise program.foreign.wrong("autorestart", f'"{text}" is no policy', "write true, false or unexpected")
    program.foreign.put("autorestart", "Restart", "no" if text in _FALSE else "always")
    program.foreign.put("autorestart", "RestartSec", 1.0)
    if text == "unexpected":
        codes = frozenset(_codes(program))
        program.foreign.put("exitcodes", "RestartPreventExitStatus", StatusSet(codes))
        program.foreign.put("exitcodes", "SuccessExitStatus", StatusSet(codes - {0}))


def _codes(program: _Program) -> list[int]:
    texts = [text.strip() for text in program.text("exitcodes").split(",") if text.strip()]
    if not all(text.isdecimal() and int(text) <= 255 for text in texts):
        raise program.foreign.wrong(
            "exitcodes", f"{', '.join(texts)!r} are no exit codes", "write numbers from 0 to 255"
        )
    return [int(text) for text in texts]


def _start_limit(program: _Program) -> None:
    """It counts runs that were too short only, and waits a second longer after each."""
    seconds, retries = program.number("startsecs"), program.number("startretries")
    if not seconds:
        program.foreign.put("startsecs", "StartLimitIntervalSec", 0.0)
        return
    program.foreign.put("startretries", "StartLimitBurst", retries + 1)
    pauses = retries * (retries + 1) / 2
    program.foreign.put("startsecs", "StartLimitIntervalSec", seconds * (retries + 1) + pauses + 1.0)
    problem = (
        f"what ends within {seconds}s of its start is started again whatever its exit code, a second later each time"
    )
    program.foreign.ignore(
        "startsecs", problem, "the start limit that is written counts all starts, and exit codes hold"
    )


def _stop(program: _Program) -> None:
    whole = program.yes("stopasgroup")
    rest = program.yes("killasgroup") if program.text("killasgroup") else whole
    program.foreign.put("stopasgroup", "KillMode", "control-group" if whole else "mixed" if rest else "process")
    if whole or rest:
        problem = "it is for the process group, and at a stop only"
        program.foreign.ignore("killasgroup", problem, "systemd's control groups hold all processes, at any end")
    program.foreign.say("stopsignal", "KillSignal", program.text("stopsignal").upper())
    program.foreign.put("stopwaitsecs", "TimeoutStopSec", float(program.number("stopwaitsecs")))


def _logs(program: _Program) -> None:
    _log(program, "stdout", "StandardOutput")
    if not program.yes("redirect_stderr"):
        _log(program, "stderr", "StandardError")


def _log(program: _Program, stream: str, directive: str) -> None:
    key = f"{stream}_logfile"
    text = "syslog" if program.text(f"{stream}_syslog").lower() in _TRUE else program.text(key)
    special = {"": "journal", "auto": "journal", "syslog": "journal", "none": "null", "off": "null"}
    program.foreign.say(key, directive, special.get(text.lower()) or f"append:{text}")


_KNOWN = {
    *_DEFAULTS,
    *_ELSEWHERE,
    *("command", "user", "umask", "killasgroup", "stdout_logfile", "stderr_logfile", "stdout_syslog", "stderr_syslog"),
}
