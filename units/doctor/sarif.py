"""What the doctor says as SARIF 2.1.0, which code hosts and editors show beside the lines.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0, sections 3.13 to 3.52.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal
from urllib.parse import quote

from .diagnosis import Diagnosis
from .finding import Finding, Harm
from .rules import RULES

_LEVELS: Mapping[Harm, Literal["error", "warning", "note"]] = {
    Harm.NOT_LOADED: "error",
    Harm.SURPRISE: "warning",
    Harm.EXPOSED: "warning",
    Harm.NOTE: "note",
}
_NUMBERS = {id: number for number, id in enumerate(RULES)}


def as_sarif(diagnoses: Iterable[Diagnosis], version: str) -> str:
    """Write one run of the doctor. version: this program's. What a comment silences is told as suppressed."""
    told = tuple(diagnoses)
    results = [
        *(_result(finding) for diagnosis in told for finding in diagnosis.findings),
        *(_result(finding, suppressed=True) for diagnosis in told for finding in diagnosis.silenced),
    ]
    driver = {"name": "farmhand-units", "version": version, "rules": [_rule(id) for id in RULES]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(id: str) -> dict[str, Any]:
    rule = RULES[id]
    return {
        "id": id,
        "shortDescription": {"text": rule.title},
        "defaultConfiguration": {"level": _LEVELS[rule.harm]},
        "properties": {"tags": [rule.harm.value]},
    }


def _result(finding: Finding, *, suppressed: bool = False) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": _NUMBERS[finding.rule],
        "level": _LEVELS[finding.harm],
        "message": {"text": f"{finding.key}: {finding.problem}; {finding.hint}".removeprefix(": ")},
        "locations": [{"physicalLocation": _location(finding)}],
    }
    if suppressed:
        result["suppressions"] = [{"kind": "inSource"}]
    if finding.mend:
        result["properties"] = {"mend": [f"[{m.section}] {m.key}={v}" for m in finding.mend for v in m.values]}
    return result


def _location(finding: Finding) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.path.replace("\\", "/"))}}
    if finding.line:
        place["region"] = {"startLine": finding.line}
    return place
