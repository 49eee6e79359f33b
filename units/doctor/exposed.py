"""Rules about what others can read or use: secrets, root, and what systemd measures of the sandbox."""

import re
from collections.abc import Iterator

from ..directives import DIRECTIVES
from ..hardening import BARS, Profile, harden
from .finding import Mend, Trouble
from .patient import Patient

_SECRET = r"(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)"
_SECRET_NAME = re.compile(rf"(?i){_SECRET}$")
_SECRET_OPTION = re.compile(rf"(?i)(?:^|\s)(--?[\w-]*?{_SECRET})(?:=|\s+)(?!-)(\S+)")
_SECRET_IN_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*)://[^/\s:@]+:[^/\s@]+@")
_NO_SECRET = re.compile(r"(?i)0|1|yes|no|true|false|on|off|none")
_INSTEAD = "put it in a file that root alone may read, and name that in LoadCredential="
# The profile that asks least of a worker, and what systemd measures at most with it.
_PROFILE: Profile = "compat"
TOLERABLE = BARS[_PROFILE]


def _is_secret(value: str) -> bool:
    """Say whether a value is one: a path names where one is."""
    return bool(value) and not value.startswith(("/", "%", "file:", "-")) and not _NO_SECRET.fullmatch(value)


def secret_in_environment(patient: Patient) -> Iterator[Trouble]:
    """The value is never told."""
    for name, value in patient.service.environment.items():
        named = _SECRET_NAME.search(name) and _is_secret(value)
        if named or _SECRET_IN_URL.search(value):
            line = next(
                (line for line in reversed(patient.lines) if line.key == "Environment" and name in line.value), None
            )
            yield Trouble(
                "Environment",
                f"{name} holds a secret: whoever may read the unit, or ask systemd for it, reads it",
                _INSTEAD,
                place=(line.path, line.line) if line else None,
            )


def secret_in_unit(patient: Patient) -> Iterator[Trouble]:
    for name, value in patient.service.set_credential.items():
        if _is_secret(value) and _SECRET_NAME.search(name):
            yield Trouble("SetCredential", f"{name} can be read by whoever may read the unit", _INSTEAD)


def secret_in_arguments(patient: Patient) -> Iterator[Trouble]:
    for key, commands in (("ExecStart", patient.service.exec_start), ("ExecStartPre", patient.service.exec_start_pre)):
        for command in commands:
            text = " ".join(command.words)
            options = [option for option, value in _SECRET_OPTION.findall(text) if _is_secret(value)]
            urls = [f"{scheme}://...@" for scheme in _SECRET_IN_URL.findall(text)]
            if found := [*options, *urls]:
                yield Trouble(
                    key,
                    f"{found[0]} hands over a secret on the command line, which every user of the machine sees in `ps`",
                    _INSTEAD,
                )


def is_root(patient: Patient) -> bool:
    service = patient.service
    return not patient.of_user and not service.dynamic_user and service.user in (None, "root", "0")


def runs_as_root(patient: Patient) -> Iterator[Trouble]:
    if patient.is_of_a_farm and is_root(patient):
        yield Trouble(
            "User" if patient.says("User") else "ExecStart",
            "the worker is root, and so is whatever a job has it run",
            "make an account for it, and name it in User=",
        )


def runs_as_nobody(patient: Patient) -> Iterator[Trouble]:
    if patient.service.user in ("nobody", "65534"):
        yield Trouble(
            "User",
            "nobody is an account that others use as well: they may read and signal what runs here",
            "make an account for it, or say DynamicUser=yes",
        )


def too_exposed(patient: Patient) -> Iterator[Trouble]:
    """A worker runs what it is sent."""
    exposure = patient.exposure.points or 0.0
    if patient.is_of_a_farm and not patient.of_user and exposure > TOLERABLE:
        yield Trouble(
            "",
            f"its exposure is {exposure:.1f} of 10, as systemd measures it: what a job runs may do much to the machine",
            "give it an account of its own first"
            if is_root(patient)
            else f'say what the hardening profile "{_PROFILE}" says, or a stricter one',
            () if is_root(patient) else _hardening(patient),
        )


def _hardening(patient: Patient) -> tuple[Mend, ...]:
    """Give the lines of the profile that asks least of a worker, but for those that the unit has its own idea of."""
    service = patient.service
    hardened = harden(service, _PROFILE)
    lines = [(line.key, line.value) for line in hardened.kept[len(service.kept) :]]
    for name, row in DIRECTIVES.items():
        if (value := getattr(hardened, row.field)) != getattr(service, row.field):
            lines += [(name, text) for text in row.kind.write(value, str)]
    keys = dict.fromkeys(key for key, _ in lines if not patient.says(key))
    return tuple(Mend("Service", key, tuple(value for name, value in lines if name == key)) for key in keys)
