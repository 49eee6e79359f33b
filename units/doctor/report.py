"""What the doctor says, for people and for programs; the drop-in that mends it comes last."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Any

from .diagnosis import Diagnosis
from .finding import Finding
from .patient import Exposure


def text(diagnosis: Diagnosis) -> str:
    """Tell of one file: its findings by harm, its exposure, what is silenced, and the drop-in."""
    return "".join(f"{line}\n" for line in _lines(diagnosis))


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    names = ", ".join(diagnosis.services)
    if not diagnosis.findings:
        yield f"{diagnosis.path}: {names}: nothing to say against it"
    for harm, findings in groupby(diagnosis.findings, lambda each: each.harm):
        yield f"{harm.value}:"
        yield from (f"  {finding}" for finding in findings)
    if diagnosis.silenced:
        yield f"silenced by comments: {', '.join(sorted({each.rule for each in diagnosis.silenced}))}"
    if diagnosis.path.endswith(".service"):
        yield f"{diagnosis.path}: exposure: {exposure(diagnosis.exposure)}"
    if diagnosis.drop_in is not None:
        yield f"{diagnosis.path}: this drop-in mends what lines can mend:\n"
        yield f"# {diagnosis.drop_in.path}"
        yield diagnosis.drop_in.text.rstrip("\n")


def exposure(measured: Exposure) -> str:
    if measured.points is None:
        return f"not measured: {measured.why}"
    return f"{measured.points:.1f} of 10, as `systemd-analyze security --offline` measures it"


def as_json(diagnoses: Iterable[Diagnosis]) -> str:
    """Tell of all files as one JSON document; an exposure that was not measured is null."""
    return json.dumps([_document(diagnosis) for diagnosis in diagnoses], indent=2, ensure_ascii=False) + "\n"


def _document(diagnosis: Diagnosis) -> dict[str, Any]:
    mended = diagnosis.drop_in
    return {
        "path": diagnosis.path,
        "services": diagnosis.services,
        "findings": [_entry(finding) for finding in diagnosis.findings],
        "silenced": [_entry(finding) for finding in diagnosis.silenced],
        "exposure": diagnosis.exposure.points,
        "drop_in": None if mended is None else {"path": mended.path, "text": mended.text},
    }


def _entry(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "harm": finding.harm.value}
