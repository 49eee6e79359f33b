"""farmhand-units check: the unit doctor."""

import argparse
import importlib.metadata
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from ..doctor import patient, report, sarif
from ..doctor.diagnosis import Diagnosis, diagnose
from ..doctor.patient import Exposure, Patient
from ..errors import BadConfig
from ..files import read_drop_ins, read_text
from . import source

UNREADABLE = 2
_POINTS = re.compile(r"exposure level for .*: (\d+\.\d)")


def add(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Say what is wrong with service files, in order of harm: what does not load, what will surprise, what is "
        "exposed, what is worth knowing; and print the drop-in that mends it. Drop-ins in FILE.d are read as well. "
        'A comment in the file silences a rule: "# farmhand: ignore RULE".'
    )
    parser.epilog = "Exit codes: 0 nothing found, 1 findings, 2 a file cannot be read."
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path, help="a .service file or Farmhand's YAML")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print it for programs")
    form.add_argument("--sarif", action="store_true", help="print it as SARIF 2.1.0, for code hosts and editors")
    parser.set_defaults(run=_check)


def _check(arguments: argparse.Namespace) -> int:
    read: dict[str, tuple[Patient, ...]] = {}
    for file in arguments.files:
        try:
            read[str(file)] = _examine(file)
        except BadConfig as bad:
            source.tell(str(bad))
    diagnoses = _diagnoses(read)
    if arguments.json:
        print(report.as_json(diagnoses), end="")
    elif arguments.sarif:
        print(sarif.as_sarif(diagnoses, importlib.metadata.version("farmhand")), end="")
    else:
        print("\n".join(map(report.text, diagnoses)), end="")
    if len(read) < len({str(file) for file in arguments.files}):
        return UNREADABLE
    return 1 if any(diagnosis.findings for diagnosis in diagnoses) else 0


def _diagnoses(read: Mapping[str, Iterable[Patient]]) -> tuple[Diagnosis, ...]:
    """Look at all files, each service knowing those of the others."""
    peers = tuple(each.service for patients in read.values() for each in patients)
    return tuple(diagnose(path, (replace(each, peers=peers) for each in patients)) for path, patients in read.items())


def _examine(file: Path) -> tuple[Patient, ...]:
    text = read_text(file)
    if file.suffix != ".service":
        return patient.of_ours(str(file), text)
    return (patient.of_unit(str(file), text, read_drop_ins(file), _exposure(file)),)


def _exposure(file: Path) -> Exposure:
    """Have systemd measure a unit, which is not loaded for it."""
    if (program := shutil.which("systemd-analyze")) is None:
        return Exposure(why="systemd-analyze is not installed here")
    done = subprocess.run(
        [program, "security", "--offline=true", "--no-pager", str(file)],
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = _POINTS.search(done.stdout)
    said = done.stderr.strip().splitlines()
    return Exposure(float(found[1])) if found else Exposure(why=said[-1] if said else "systemd-analyze says nothing")
