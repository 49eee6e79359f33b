"""Rules about what is run, and about texts that are no shell's; systemd.service(5), "Command lines"."""

import re
from collections.abc import Iterator

from ..directives import in_section
from ..kinds import TEXT
from ..quoting import quote
from ..spec import Command
from .finding import Mend, Trouble
from .patient import Patient, Written, shell_stays

_EXEC = ("ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost")
_FIELDS = {key: re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower() for key in _EXEC}
_SHELL_ONLY = frozenset({"|", "||", "&", "&&", ">", ">>", "<", "<<", "2>", "2>>", "2>&1", "&>", "1>&2", ">&2"})
_VARIABLE = re.compile(r"\$(?:\{\w+\}|[A-Za-z_]\w*)")
_SCRIPT = re.compile(r"[\w.+-][\w./+-]*\.(?:py|js|sh|rb|pl|jar|php)")
_INTERPRETERS = re.compile(r"(?:python[\d.]*|node|ruby|perl|php|bash|sh)")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LAST = TEXT.combine  # what the second of two lines does that say one thing each
_HOMES = ("/home/", "/root/", "/run/user/")


def _commands(patient: Patient) -> Iterator[tuple[str, Command]]:
    for key, field in _FIELDS.items():
        yield from ((key, command) for command in getattr(patient.service, field))


def shell_syntax(patient: Patient) -> Iterator[Trouble]:
    for key, command in _commands(patient):
        if found := next((word for word in command.words[1:] if word in _SHELL_ONLY), None):
            yield Trouble(
                key,
                f'"{found}" is for a shell, and there is none: it is handed to the program as an argument',
                "use StandardOutput= for files, a line for each command, or /bin/sh -c 'exec ...'",
            )


def shell_hides_exit(patient: Patient) -> Iterator[Trouble]:
    """A shell that stays between systemd and a program whose exit codes and signals mean something."""
    concerned = patient.planned_codes or patient.is_of_a_farm
    if concerned and any(map(shell_stays, patient.service.exec_start)):
        yield Trouble(
            "ExecStart",
            "a shell stays between systemd and the program: it takes the signals, "
            "and of a pipe or a list the last command's exit code counts",
            "run the program itself, or have the shell replaced by it: exec",
        )


def comment_in_command(patient: Patient) -> Iterator[Trouble]:
    for key, command in _commands(patient):
        if "#" in command.words[1:]:
            yield Trouble(
                key,
                '"#" begins no comment here: it and what follows is handed to the program',
                "write comments on lines of their own",
                _without_comments(patient.written(key), key),
            )
            return


def _without_comments(lines: tuple[Written, ...], key: str) -> tuple[Mend, ...]:
    values = tuple(line.value.partition(" #")[0].rstrip() for line in lines if line.value)
    return (Mend("Service", key, ("", *values)),) if values else ()


def variable_as_program(patient: Patient) -> Iterator[Trouble]:
    for key, command in _commands(patient):
        if not command.literal and _VARIABLE.search(command.words[0]):
            yield Trouble(
                key,
                f'"{command.words[0]}": variables are not replaced in the program\'s name: there is no such file',
                "write its path in full",
            )


def tilde_not_replaced(patient: Patient) -> Iterator[Trouble]:
    for key, command in _commands(patient):
        if found := next((word for word in command.words[1:] if re.match(r"(--?[\w-]+=)?~/", word)), None):
            yield Trouble(
                key,
                f'"{found}": only a shell makes "~" a home folder: the program looks for a folder of that name',
                "write the path in full, or %h in a user's unit",
            )


def variable_not_replaced(patient: Patient) -> Iterator[Trouble]:
    """Environment= takes what it is given; `$` means something in command lines only."""
    for name, value in patient.service.environment.items():
        if not _VARIABLE.search(value):
            continue
        new = re.sub(r"\$(?:PATH\b|\{PATH\})", _SYSTEM_PATH, value)
        mended = name == "PATH" and not _VARIABLE.search(new)
        line = next(
            (line for line in reversed(patient.lines) if line.key == "Environment" and name in line.value), None
        )
        yield Trouble(
            "Environment",
            f'variables are not replaced in {name}: the program gets "{_VARIABLE.search(value)[0]}" as it stands',  # type: ignore[index]
            "write in full what it stands for",
            (Mend("Service", "Environment", (quote(f"{name}={new}"),)),) if mended else (),
            (line.path, line.line) if line else None,
        )


def relative_path(patient: Patient) -> Iterator[Trouble]:
    service = patient.service
    if service.working_directory is not None or service.root_directory or patient.of_user or not patient.is_unit:
        return
    for key, command in _commands(patient):
        program, *arguments = command.words
        first = arguments[0] if arguments else ""
        script = _INTERPRETERS.fullmatch(program.rpartition("/")[2]) and _SCRIPT.fullmatch(first)
        if found := next((word for word in arguments if word.startswith(("./", "../"))), first if script else None):
            yield Trouble(
                key,
                f'"{found}" is looked for in /, where the service runs without WorkingDirectory=',
                "write the path in full, or say WorkingDirectory=",
            )


def home_hidden(patient: Patient) -> Iterator[Trouble]:
    service, hidden = patient.service, patient.kept("ProtectHome").lower()
    if (
        hidden not in ("yes", "true", "on", "1", "y", "t", "tmpfs")
        or patient.kept("BindPaths")
        or patient.kept("BindReadOnlyPaths")
    ):
        return
    folder = (
        service.working_directory.path if service.working_directory and not service.working_directory.optional else ""
    )
    needed = [*(command.words[0] for command in service.exec_start), folder]
    if found := next((path for path in needed if f"{path}/".startswith(_HOMES)), None):
        yield Trouble(
            "ProtectHome",
            f"it hides {found}, without which the service does not start",
            'write "read-only", and name in ReadWritePaths= where it writes',
            (Mend("Service", "ProtectHome", ("read-only",)),),
        )


def said_twice(patient: Patient) -> Iterator[Trouble]:
    """Two lines of one file, of which the first is as if it were not there."""
    first: dict[tuple[str, str, str], Written] = {}
    for line in patient.lines:
        place = (line.path, line.section, line.key)
        rows = in_section(line.section, line.key)
        alone = all(row.kind.combine is _LAST for row in rows)
        if not (rows and alone and line.value):
            continue
        before = first.setdefault(place, line)
        if before.value != line.value:
            yield Trouble(
                line.key,
                f"it is said before, in line {before.line}, and that is not taken into account",
                "take one of them out",
                place=(line.path, line.line),
            )
