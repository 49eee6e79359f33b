"""The drop-in that mends what was found; systemd.unit(5), "drop-in"."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby

from .. import known
from ..dialects import systemd
from ..directives import DIRECTIVES, in_section, section_names
from ..errors import BadConfig, Notice, nearest
from ..kinds import ACTION
from ..rendered import File
from .finding import Finding, Mend
from .patient import Patient, of_unit

_USERS_FOLDER = "~/.config/systemd/user"
_NAME = "90-mended.conf"


# As many rounds as there may be of mending what mending brings about: more has none of the rules.
_ROUNDS = 5


def drop_in(patient: Patient, findings: Iterable[Finding], look: Callable[[Patient], Iterable[Finding]]) -> File | None:
    """Give the file that mends what lines can mend; None if there is nothing, and for our YAML.

    look: the examination, by which what is mended is looked at again: a restart that a line brings needs others.
    """
    wanted = [finding for finding in findings if finding.mend]
    if not wanted or not patient.is_unit:
        return None
    file = _file(patient, wanted)
    (path, text), *more = patient.texts
    for _ in range(_ROUNDS):
        further = look(of_unit(path, text, [*more, (file.path, file.text)]))
        seen = {(finding.rule, finding.problem) for finding in wanted}
        if not (new := [each for each in further if each.mend and (each.rule, each.problem) not in seen]):
            break
        wanted += new
        file = _file(patient, wanted)
    return file


def _file(patient: Patient, findings: Iterable[Finding]) -> File:
    wanted = [(finding, mend) for finding in findings for mend in finding.mend]
    blocks = [_block(section, wanted) for section in known.SECTIONS]
    folder = _USERS_FOLDER if patient.of_user else systemd.FOLDER
    name = patient.path.replace("\\", "/").rpartition("/")[2]
    return File(f"{folder}/{name}.d/{_NAME}", "\n".join(block for block in blocks if block))


def _block(section: str, wanted: Iterable[tuple[Finding, Mend]]) -> str:
    """Write one section: below each rule's name its lines, less what is said already."""
    values: dict[str, tuple[str, ...]] = {}
    reasons: dict[str, dict[str, None]] = {}
    for finding, mend in wanted:
        if mend.section == section:
            values[mend.key] = _joined(mend, values.get(mend.key))
            reasons.setdefault(mend.key, {})[finding.rule] = None
    grouped = groupby(values, lambda key: ", ".join(reasons[key]))
    lines = [line for why, keys in grouped for line in (f"# {why}", *_written(keys, values))]
    return "".join(f"{line}\n" for line in (f"[{section}]", *lines)) if lines else ""


def _written(keys: Iterable[str], values: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    return (f"{key}={value}" for key in keys for value in values[key])


def _joined(mend: Mend, before: tuple[str, ...] | None) -> tuple[str, ...]:
    """Put two rules' lines for one directive together: lists add up, else what the graver finding says holds."""
    row = DIRECTIVES.get(mend.key)
    if before is None:
        return mend.values
    if row is None or not row.kind.repeatable or ("" in before and "" in mend.values):
        return before
    both = (*before, *mend.values)
    return (*dict.fromkeys(("", *both) if "" in both else both),)


def is_of_farmhand(notice: Notice) -> bool:
    """Say whether it is only Farmhand that does not act on a line: what systemd does to the computer."""
    row = DIRECTIVES.get(notice.key)
    return row is not None and row.kind is ACTION and not notice.problem.endswith("ignored")


def mend_ignored(patient: Patient, notice: Notice) -> Mend | None:
    """Say an ignored line as it was meant, where that is plain: in the right section, or by the nearest name."""
    line = next((line for line in patient.lines if (line.path, line.line) == (notice.path, notice.line)), None)
    if line is None or not line.value or in_section(line.section, line.key) or line.key in known.KEPT[line.section]:
        return None
    section = next((place for place in known.SECTIONS if line.key in section_names(place)), line.section)
    key = line.key if section != line.section else nearest(line.key, section_names(section))
    mend = Mend(section, key, (line.value,)) if key and _alike(key, line.key) else None
    return mend if mend and _is_sound(mend) else None


def _alike(name: str, written: str) -> bool:
    """Say whether it is sure enough what was meant: the same letters, but for one or two."""
    return abs(len(name) - len(written)) <= 2 and name.casefold()[:1] == written.casefold()[:1]


def _is_sound(mend: Mend) -> bool:
    """Say whether systemd would take the line."""
    text = f"[Service]\nExecStart=/x\n[{mend.section}]\n{mend.key}={mend.values[0]}\n"
    try:
        return not systemd.read("x.service", re.sub(r"%\w", "x", text)).warnings
    except BadConfig:
        return False
