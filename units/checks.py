"""The kinds of Condition…= and Assert…=: checks on the machine that a start depends on; systemd.unit(5).

All conditions of a unit are one list, and so are all its assertions: an empty value empties the whole list.
"""

from collections.abc import Mapping

from .errors import BadValue
from .kinds import Context, Escape, Kind, append, many
from .named import read_path
from .spec import Check

VERBS = {"Condition": "it is skipped", "Assert": "its start fails"}

# What is looked at -> what must be so. Those on a path take an absolute one.
ON_PATHS: Mapping[str, str] = {
    "PathExists": "the path is there",
    "PathExistsGlob": "something matches the pattern",
    "PathIsDirectory": "it is a folder",
    "PathIsSymbolicLink": "it is a symbolic link",
    "PathIsMountPoint": "something is mounted there",
    "PathIsReadWrite": "its file system can be written to",
    "DirectoryNotEmpty": "the folder has something in it",
    "FileNotEmpty": "it is a file with something in it",
    "FileIsExecutable": "it is a file that can be executed",
    "NeedsUpdate": "the folder (/etc or /var) is older than /usr",
}
ON_WORDS: Mapping[str, str] = {
    "Environment": "the supervisor has this variable, or NAME=value",
    "User": "the supervisor runs as this user (a name, a number or @system)",
    "Group": "the supervisor runs in this group",
    "Host": "the machine has this name (a pattern) or this machine id",
    "Architecture": "the processor is of this kind",
    "Virtualization": "it runs in such a container or virtual machine (yes, vm, container, or its name)",
    "KernelVersion": "the kernel has this version (a pattern, or such as >=5.10)",
    "KernelCommandLine": "the kernel was started with this word",
    "ACPower": "the machine is on mains power",
    "Memory": "the machine has so much memory (such as >=1G)",
    "CPUs": "it may use so many processors (such as >=4)",
    "ControlGroupController": "these control group controllers are there",
    "FirstBoot": "the system starts for the first time",
    "OSRelease": "os-release says so (such as ID=debian)",
    "Security": "this security technology is in use",
    "Capability": "the supervisor may have this capability",
    "Credential": "the supervisor was given this credential",
}
SINCE = {
    "Environment": 246,
    "User": 226,
    "Group": 226,
    "KernelVersion": 237,
    "Memory": 244,
    "CPUs": 244,
    "ControlGroupController": 240,
    "OSRelease": 249,
    "Credential": 252,
}


def kind(key: str, *, path: bool) -> Kind:
    """The kind of one check's values: `|` and `!` may stand before it, in this order."""

    def read(text: str, context: Context) -> tuple[Check, ...]:
        trigger, text = _prefixed(text, "|", spaced=not path)
        negated, text = _prefixed(text, "!", spaced=not path)
        if not text and context.strict:
            raise BadValue("it says nothing to look for", "write it after the prefix")
        value = read_path(text, context) if path else context.replace(text)
        return (Check(key, value, negated, trigger, context.place),)

    return Kind(
        "absolute path" if path else "text",
        read,
        lambda value, escape: [write(check, escape) for check in value if check.key == key],
        many({"type": ["string", "number", "boolean"]}),
        combine=append,
        resets=True,
        repeatable=True,
    )


def write(check: Check, escape: Escape = str) -> str:
    """Return a check's value as it is written."""
    return f"{'|' * check.trigger}{'!' * check.negated}{escape(check.value)}"


def _prefixed(text: str, prefix: str, *, spaced: bool) -> tuple[bool, str]:
    """Part a prefix from the rest; with paths, white space between them belongs to the path (systemd 252)."""
    if not text.startswith(prefix):
        return False, text
    return True, text[1:].lstrip() if spaced else text[1:]
