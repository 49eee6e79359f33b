"""The requests that `farmhand` makes of a running supervisor, and how the answers are shown: systemctl's verbs."""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence

from ...units.light import Any, dataclass
from ..exit_codes import BAD_INPUT, FAILED, UNKNOWN
from .protocol import Reply, Request, ask, default_path

_LOOK_AGAIN = 0.1  # seconds between two looks at a log that is followed
_SHOWN_BY_STATUS = 10  # lines of the log


@dataclass(frozen=True)
class Verb:
    """One request to the supervisor. names: argparse's nargs. options: keys of OPTIONS. tells: its answer is output."""

    help: str
    names: str = "+"
    options: tuple[str, ...] = ()
    tells: bool = False


_TELLING = ("output", "full")
_JOB = ("no_block", "wait", "job_mode", *_TELLING)
_STARTLESS = ("no_block", "job_mode", *_TELLING)
VERBS: Mapping[str, Verb] = {
    "start": Verb("start services", options=_JOB),
    "stop": Verb("stop services", options=_STARTLESS),
    "restart": Verb("stop and start services", options=_JOB),
    "try-restart": Verb("restart those that run", options=_JOB),
    "reload": Verb("run ExecReload= of services", options=_STARTLESS),
    "reload-or-restart": Verb("reload those that can be, restart or start the others", options=_JOB),
    "try-reload-or-restart": Verb("reload or restart those that run", options=_JOB),
    "kill": Verb("send a signal to processes of services", options=("signal", "kill_whom", *_TELLING)),
    "reset-failed": Verb("forget failures and start limits; of all services if none is named", "*"),
    "status": Verb("show state and latest output", "*", ("lines", *_TELLING), tells=True),
    "show": Verb(
        "show properties by systemd's names", "*", ("property", "values", "value", "empty", *_TELLING), tells=True
    ),
    "cat": Verb("show the files that define services, and their drop-ins", tells=True, options=_TELLING),
    "is-active": Verb("say whether any of them runs (0) or none (3)", "+", ("quiet",), tells=True),
    "is-failed": Verb("say whether any of them failed (0) or none (1)", "+", ("quiet",), tells=True),
    "is-enabled": Verb("say whether services are started by themselves (0) or not (1)", "+", ("quiet",), tells=True),
    "why": Verb("explain why services are so, and what an exit would bring", "*", ("json", *_TELLING), tells=True),
    "await-change": Verb("wait until a service is not as it was told last", "*", ("since",), tells=True),
    "logs": Verb("show what services printed", "+", ("log_lines", "follow"), tells=True),
    "list": Verb("list services with their processes and restarts", "*", _TELLING, tells=True),
    "list-units": Verb("list units", "*", ("all", "state", "failed", "type", *_TELLING), tells=True),
    "list-dependencies": Verb("draw what units need", "+", ("reverse", "all", *_TELLING), tells=True),
    "daemon-reload": Verb("read all files again; what runs is left alone", "", tells=False),
    "reexec": Verb("replace the supervisor by its new program, without touching a service", "", tells=True),
    "shutdown": Verb("stop all services and the supervisor", "", ("no_block",), tells=True),
    "ping": Verb("say whether a supervisor answers", "", tells=True),
}
# What systemctl has and Farmhand has not: what to do instead.
ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(
        ("enable", "disable", "reenable", "preset", "link", "add-wants", "add-requires"),
        "'farmhand run FILE' starts all services of its files, 'farmhand run --system' what links in "
        "default.target.wants or multi-user.target.wants name; make such a link to the unit file, or remove it",
    ),
    **dict.fromkeys(
        ("mask", "unmask"),
        "a link NAME.service to /dev/null in the first folder for units masks it; then say 'farmhand daemon-reload'",
    ),
    **dict.fromkeys(
        ("edit", "revert", "set-property"),
        "'farmhand cat NAME' says which files there are; edit them, and then say 'farmhand daemon-reload'",
    ),
    **dict.fromkeys(
        ("isolate", "default", "rescue", "emergency", "halt", "poweroff", "reboot", "kexec", "suspend", "exit"),
        "Farmhand never touches the computer; 'farmhand shutdown' stops all services and the supervisor",
    ),
    "daemon-reexec": "it is called 'farmhand reexec'",
    "list-unit-files": "'farmhand list-units --all' lists what is known",
    "list-jobs": "'farmhand list-units' lists what is under way",
}


def count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of lines; write 0 or more")
    return int(text)


OPTIONS: Mapping[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "no_block": (("--no-block",), {"action": "store_true", "help": "do not wait until it is done"}),
    "signal": (("-s", "--signal"), {"metavar": "SIGNAL", "help": "which signal (default: SIGTERM)"}),
    "kill_whom": (("--kill-whom",), {"choices": ("main", "control", "all"), "help": "whom to send it (default: all)"}),
    "property": (("-p", "--property"), {"action": "append", "metavar": "NAME,…", "help": "only these properties"}),
    "values": (("-P",), {"action": "append", "dest": "values", "metavar": "NAME,…", "help": "only their values"}),
    "value": (("--value",), {"action": "store_true", "help": "print values without their names"}),
    "quiet": (("-q", "--quiet"), {"action": "store_true", "help": "print nothing"}),
    "json": (("--json",), {"action": "store_const", "const": "json", "dest": "output", "help": "the same as -o json"}),
    "output": (("-o", "--output"), {"choices": ("text", "json"), "help": "json: for programs"}),
    "lines": (("-n", "--lines"), {"type": count, "metavar": "N", "help": f"lines of output ({_SHOWN_BY_STATUS})"}),
    "log_lines": (("-n", "--lines"), {"type": count, "metavar": "N", "dest": "lines", "help": "how many lines (50)"}),
    "follow": (("-f", "--follow"), {"action": "store_true", "help": "go on as they are printed"}),
    "wait": (("--wait",), {"action": "store_true", "help": "wait until they have ended again; 1 if one failed"}),
    "job_mode": (("--job-mode",), {"metavar": "MODE", "help": "how this goes with other requests (default: replace)"}),
    "full": (("-l", "--full"), {"action": "store_true", "help": "nothing is cut short anyway; for systemctl's sake"}),
    "all": (
        ("-a", "--all"),
        {"action": "store_true", "help": "also what is inactive; below all units, not only targets"},
    ),
    "empty": (("-a", "--all"), {"action": "store_true", "help": "also properties that are empty"}),
    "state": (("--state",), {"metavar": "STATE,…", "help": "only those in one of these states"}),
    "failed": (("--failed",), {"action": "store_true", "help": "only those that failed"}),
    "type": (("-t", "--type"), {"metavar": "TYPE,…", "help": "only these types: service, target"}),
    "since": (("--since",), {"metavar": "MARK", "help": "what the last one printed; without it, print that at once"}),
    "reverse": (("--reverse",), {"action": "store_true", "help": "what needs them"}),
}
# Those that the supervisor needs to know; the others are about how its answer is shown.
TOLD = (
    *("no_block", "wait", "job_mode", "signal", "kill_whom", "property"),
    *("all", "state", "failed", "type", "reverse", "since"),
)


def _ask(arguments: argparse.Namespace, verb: str, names: Sequence[str] = ()) -> Reply:
    given = vars(arguments)
    options = {name: given[name] for name in TOLD if given.get(name)}
    if values := given.get("values"):
        options["property"] = [*options.get("property", ()), *values]
    return ask(arguments.control or default_path(), Request(verb, tuple(names), options))


def request(arguments: argparse.Namespace) -> int:
    """Ask, and print the answer: to standard output if it is one, to standard error if it is a complaint."""
    reply = _ask(arguments, arguments.verb, getattr(arguments, "names", ()))
    given = vars(arguments)
    if given.get("output") == "json":
        import json

        print(json.dumps(reply.data, indent=2))
        return reply.exit_code
    bare = given.get("value") or given.get("values")
    good = VERBS[arguments.verb].tells and reply.exit_code not in (BAD_INPUT, UNKNOWN)
    for line in () if given.get("quiet") else reply.lines:
        print(line.partition("=")[2] if bare else line, file=sys.stdout if good else sys.stderr)
    for line in reply.complaints:
        print(line, file=sys.stderr)
    return reply.exit_code


def status(arguments: argparse.Namespace) -> int:
    """Show the state of each service and the last lines it printed."""
    from .. import logs  # which the other commands need nothing of

    whole = _ask(arguments, "status", arguments.names)
    if arguments.output == "json" or whole.exit_code == BAD_INPUT or not whole.data:
        return request(arguments)
    told = {name: shown for name, shown in whole.data.items() if shown}
    for number, (name, shown) in enumerate(told.items()):
        reply = _ask(arguments, "status", [name])
        print(*([""] if number else []), *reply.lines, sep="\n")
        if path := shown.get("LogPath"):
            wanted = _SHOWN_BY_STATUS if arguments.lines is None else arguments.lines
            _write(b"".join(logs.tail(path, wanted)))
    for line in whole.complaints:
        print(line, file=sys.stderr)
    return whole.exit_code


def show_logs(arguments: argparse.Namespace) -> int:
    from .. import logs  # which the other commands need nothing of

    reply = _ask(arguments, "logs", arguments.names)
    paths = {name: path for name, path in (reply.data or {}).items() if path}
    if reply.exit_code or not paths:
        return fail("\n".join(reply.complaints or reply.lines), reply.exit_code or FAILED)
    lines = 50 if arguments.lines is None else arguments.lines
    show = logs.Prefixer(sys.stdout.buffer) if len(paths) > 1 else lambda name, part: _write(part)
    if not arguments.follow:
        for name, path in paths.items():
            show(name, b"".join(logs.tail(path, lines)))
        return 0
    followed = {name: logs.follow(path, lines) for name, path in paths.items()}
    while True:
        parts = {name: next(follower) for name, follower in followed.items()}
        for name, part in parts.items():
            show(name, part)
        if not any(parts.values()):
            time.sleep(_LOOK_AGAIN)


def _write(part: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()


def fail(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code
