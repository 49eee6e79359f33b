"""The examination: all rules over all units, silenced where a comment says so, in order of harm."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..rendered import File
from .finding import Finding, Rule, Trouble
from .mending import drop_in
from .patient import Exposure, Patient
from .rules import RULES

_UNASKED = Exposure()
_ORDER = {rule: number for number, rule in enumerate(RULES)}


@dataclass(frozen=True)
class Diagnosis:
    """What is said of one file. silenced: what comments keep from being findings. exposure: of a unit."""

    path: str
    services: tuple[str, ...]
    findings: tuple[Finding, ...]
    silenced: tuple[Finding, ...] = ()
    exposure: Exposure = _UNASKED
    drop_in: File | None = None


def diagnose(path: str, patients: Iterable[Patient]) -> Diagnosis:
    """Look at the services of one file: one of a unit, any number of our YAML."""
    looked_at = tuple(patients)
    found = [finding for patient in looked_at for finding in _findings(patient)]
    once = {(each.rule, each.path, each.line, each.key, each.problem): each for each in found}
    ordered = sorted(once.values(), key=lambda each: (_ORDER[each.rule], each.path, each.line))
    quiet = {ignore.rule for patient in looked_at for ignore in patient.ignores}
    findings = tuple(each for each in ordered if each.rule not in quiet)
    return Diagnosis(
        path,
        tuple(each.service.name for each in looked_at if each.service.name),
        findings,
        tuple(each for each in ordered if each.rule in quiet),
        next((each.exposure for each in looked_at), _UNASKED),
        drop_in(looked_at[0], findings, _unsilenced) if looked_at else None,
    )


def _unsilenced(patient: Patient) -> Iterator[Finding]:
    quiet = {ignore.rule for ignore in patient.ignores}
    return (finding for finding in _findings(patient) if finding.rule not in quiet)


def _findings(patient: Patient) -> Iterator[Finding]:
    for rule in RULES.values():
        if rule.ours_too or patient.is_unit:
            yield from (_finding(rule, trouble, patient) for trouble in rule.look(patient))


def _finding(rule: Rule, trouble: Trouble, patient: Patient) -> Finding:
    path, line = trouble.place or patient.place(trouble.key)
    return Finding(
        rule.id,
        rule.harm,
        patient.service.name,
        path,
        line,
        trouble.key,
        trouble.problem,
        trouble.hint,
        trouble.mend,
    )
