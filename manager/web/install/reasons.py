"""A definition's text line by line: what in it is a key, and why the line stands there. Pure.

Reasons are told in systemd's words; a table says which of its directives a word of another format stands for.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ....units import hardening
from ....units.carried import FILES, RECIPE
from ....units.recipe import Recipe
from ....units.rendered import File
from ....units.worker_unit import WHY as WORKER_WHY

# The lines that the restart contract rests on.
VITAL = frozenset({"ExecStart", "Restart", "RestartForceExitStatus", "SuccessExitStatus"})

WHY: Mapping[str, str] = {
    **WORKER_WHY,
    "Description": "Its name in status and logs",
    "UMask": "Frames are for others to read",
    "KillSignal": "How the worker is asked to stop",
    "StandardOutput": "Where the log is",
    "depend": "What must be there first",
}

# Why a definition tells of itself.
CARRIED_WHY: Mapping[str, str] = {
    RECIPE: "Of what this was made: the manager makes it again, and sees whether it was changed since",
    FILES: "Where this is: the worker hashes it when it signs on",
}

# Why a line stands in what keeps Farmhand running, which then keeps the worker running.
KEEPERS_WHY: Mapping[str, str] = {
    "Description": WHY["Description"],
    "After": WHY["After"],
    "Wants": WHY["Wants"],
    "ExecStart": "Farmhand, which runs the worker by its own file, the other one here",
    "Restart": "Farmhand is to run always; when the worker is started again, it decides by the worker's exit code",
    "RestartSec": "A pause, in case that Farmhand cannot start at all",
    "StartLimitIntervalSec": "Farmhand is never given up",
    "TimeoutStopSec": "Longer than Farmhand takes to have the worker end its task",
    "StandardOutput": "Where Farmhand's own log is",
    "KillSignal": "How Farmhand is asked to stop",
    "WantedBy": WHY["WantedBy"],
    "depend": WHY["depend"],
}

# The words of other formats, scripts among them, that stand for a directive.
_WORDS = {
    "Description": "description",
    "ExecStart": "exec command command_args entrypoint ENTRYPOINT args ProgramArguments executable arguments Command",
    "Restart": "supervisor autorestart restart restartPolicy RestartPolicy case KeepAlive onfailure",
    "RestartSec": "respawn_delay ThrottleInterval sleep",
    "StartLimitIntervalSec": "respawn_max",
    "RestartPreventExitStatus": "exitcodes",
    "TimeoutStopSec": "retry stopwaitsecs stop_grace_period terminationGracePeriodSeconds KillTimeout ExitTimeOut"
    " stoptimeout",
    "KillSignal": "stopsignal stop_signal STOPSIGNAL KillSignal",
    "User": "command_user user UserName serviceaccount",
    "Group": "GroupName",
    "WorkingDirectory": "cd directory working_dir workingDir workingdirectory",
    "Environment": "export environment env Env EnvironmentVariables",
    "OOMScoreAdjust": "oom_score_adj",
    "UMask": "umask Umask",
    "StandardOutput": "output_log stdout_logfile StandardOutPath",
    "WantedBy": "autostart RunAtLoad startmode",
}
STANDS_FOR: Mapping[str, str] = {word: directive for directive, words in _WORDS.items() for word in words.split()}

_COMMENT = re.compile(r"\s*(#|<!--|<\?|<!)")
_SECTION = re.compile(r"\[.*\]\s*")
_PLIST_KEY = re.compile(r"(\s*<key>)([^<]*)(</key>.*)")
_KEY = re.compile(r"""(\s*(?:- )?"?)([A-Za-z_][\w.-]*)("?\s*[:=].*)""")
_WORD = re.compile(r"(\s*<?)([A-Za-z_][\w.-]*)(.*)")


@dataclass(frozen=True)
class Line:
    """One line: `head` is its key, between what stands before and after. kind: "section", "comment" or ""."""

    before: str
    head: str
    after: str
    why: str = ""
    kind: str = ""
    vital: bool = False


def lines(file: File, made_of: Recipe) -> Sequence[Line]:
    """Take a file apart. In the supervised way, those that do not carry the worker's recipe are about Farmhand."""
    if made_of.way == "supervised" and RECIPE not in file.text:
        return [_line(text, KEEPERS_WHY, made_of.target.farmhand) for text in file.text.splitlines()]
    return [_line(text, WHY, made_of.worker.program) for text in file.text.splitlines()]


def _line(text: str, why: Mapping[str, str], program: str) -> Line:
    if _COMMENT.match(text):
        return Line("", text, "", kind="comment")
    if _SECTION.fullmatch(text):
        return Line("", text, "", why.get(text.strip(), ""), kind="section")
    found = _PLIST_KEY.fullmatch(text) or _KEY.fullmatch(text) or _WORD.fullmatch(text)
    if found is None:
        return Line(text, "", "")
    before, key, after = found.groups()
    directive = STANDS_FOR.get(key, key)
    if before.endswith("<") and directive == key:
        return Line(text, "", "")
    if key == "exec" and program not in text:  # another program of a script
        return Line(before, key, after)
    carried = next((said for name, said in CARRIED_WHY.items() if name in text), "")
    said = carried or why.get(directive) or hardening.WHY.get(text, "")
    return Line(before, key, after, said, vital=directive in VITAL and bool(said))
