"""Small unit files and what systemd 252 made of them: whether they load, what `show` says, which lines it warns of.

Each line of readings.jsonl gives the text of a file, its LoadState=, properties (relations without what systemd
adds by itself), and the lines with warnings.
"""

import json
from pathlib import Path

from farmhand.supervisor.rules import properties
from farmhand.supervisor.rules.life import Life
from farmhand.units import machine
from farmhand.units.dialects import systemd
from farmhand.units.errors import BadConfig

READINGS = [json.loads(line) for line in Path(__file__).with_name("readings.jsonl").read_text().splitlines()]
SETS = ("After", "Before", "Wants", "Requires", "PassEnvironment", "UnsetEnvironment", "SupplementaryGroups")


def read(text):
    """Return what systemd's record of a file has: LoadState=, properties, lines with warnings."""
    try:
        reading = systemd.read("/etc/systemd/system/reading.service", text, machine.here({"HOME": "/root"}))
    except BadConfig as bad:
        return bad.load_state, {}, []
    shown = properties.properties(reading.service, Life(), properties.Facts())
    return "loaded", shown, sorted({notice.line for notice in reading.warnings})


def ordered(key, value):
    return " ".join(sorted(value.split())) if key in SETS else value


def test_files_are_read_as_systemd_reads_them():
    different = []
    for row in READINGS:
        load, shown, warns = read(row["unit"])
        wanted = {key: ordered(key, value) for key, value in row.get("shows", {}).items()}
        found = {key: ordered(key, shown[key]) for key in wanted if key in shown}
        if (load, found, warns if load == "loaded" else []) != (row["load"], wanted, row.get("warns", [])):
            different.append((row, load, {key: found.get(key) for key in wanted}, warns))
    assert not different, "\n".join(map(str, different[:5]))
