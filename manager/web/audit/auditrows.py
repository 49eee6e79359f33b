"""A row of the audit log as its page shows it: a sentence, and what else is known. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...rules import deeds
from ...rules.chain import Entry
from ..moments import Moment
from ..workers.listing import Part
from .auditwords import sentence

# What the ids in a detail are of; they are counted, and the files have them.
_IDS = ("workers", "jobs", "tasks")

TONES: Mapping[str, str] = {deeds.DONE: "", deeds.REFUSED: "warn", deeds.FAILED: "bad"}

# A detail longer than this is cut on the page.
_LONGEST = 300


@dataclass(frozen=True)
class AuditRow:
    """One row. did: what follows the name; whence: the address and the way; said: all that is known, as it is kept."""

    seq: int
    at: Moment
    who: str
    whence: str
    did: Sequence[Part]
    what: str
    outcome: str
    tone: str
    said: str
    digest: str


def row(entry: Entry, now: int) -> AuditRow:
    detail = known(entry.detail)
    return AuditRow(
        seq=entry.seq,
        at=Moment(entry.at, now),
        who=entry.who or "nobody",
        whence=whence(entry.address, entry.way),
        did=sentence(entry.who, entry.what, entry.whom, detail),
        what=entry.what,
        outcome=entry.outcome,
        tone=TONES.get(entry.outcome, "warn"),
        said=said(entry.detail, entry.whom),
        digest=entry.hash,
    )


# The ways in which somebody is known, as they complete "from 10.0.0.4 ...".
_WAYS: Mapping[str, str] = {
    "session": "in a browser",
    "token": "with a token",
    "network": "from an open network",
    "without login": "without login",
    "nobody signed in": "not signed in",
    "command line": "on the command line",
}


def whence(address: str, way: str) -> str:
    """Say from where somebody did something."""
    said = _WAYS.get(way, way)
    return f"from {address}, {said}" if address and said else f"from {address}" if address else said


def known(detail: str) -> Mapping[str, Any]:
    """Return what a detail has; nothing of one that is none of ours."""
    try:
        found = json.loads(detail)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def said(detail: str, whom: str) -> str:
    """Write a detail in words: what it has of texts and numbers that `whom` has not, and how many ids."""
    found = known(detail)
    if not found:
        return "" if detail in ("", "{}") else detail[:_LONGEST]
    ids = {key: found[key] for key in _IDS if isinstance(found.get(key), dict | list)}
    words = [f"{key} {_words(value)}" for key, value in found.items() if _tells(key, value, whom)]
    counts = [f"{len(of):,} {key}" for key, of in ids.items() if len(of) > 1]
    text = " · ".join([*counts, *words])
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _tells(key: str, value: object, whom: str) -> bool:
    return key not in _IDS and value not in ("", None) and not (key == "name" and str(value) in whom)


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
