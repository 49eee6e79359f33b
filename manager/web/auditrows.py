"""A row of the audit log as its page shows it. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ..rules import deeds
from ..rules.chain import Entry
from .moments import Moment

# What the ids in a detail are of; they are counted, and the files have them.
_IDS = ("workers", "jobs", "tasks")

TONES: Mapping[str, str] = {deeds.DONE: "", deeds.REFUSED: "warn", deeds.FAILED: "bad"}

# A detail longer than this is cut on the page.
_LONGEST = 300


@dataclass(frozen=True)
class AuditRow:
    """One row. whence: the way and address; said: the rest of what is known, in words."""

    seq: int
    at: Moment
    who: str
    whence: str
    what: str
    whom: str
    outcome: str
    tone: str
    said: str
    digest: str


def row(entry: Entry, now: int) -> AuditRow:
    return AuditRow(
        seq=entry.seq,
        at=Moment(entry.at, now),
        who=entry.who or "nobody",
        whence=" · ".join(part for part in (entry.way, entry.address) if part),
        what=entry.what,
        whom=entry.whom,
        outcome=entry.outcome,
        tone=TONES.get(entry.outcome, "warn"),
        said=said(entry.detail, entry.whom),
        digest=entry.hash,
    )


def said(detail: str, whom: str) -> str:
    """Write a detail in words: what it has of texts and numbers that `whom` has not, and how many ids."""
    try:
        known = json.loads(detail)
    except ValueError:
        return detail[:_LONGEST]
    if not isinstance(known, dict):
        return detail[:_LONGEST]
    ids = {key: known[key] for key in _IDS if isinstance(known.get(key), dict | list)}
    words = [f"{key} {_words(value)}" for key, value in known.items() if _tells(key, value, whom)]
    counts = [f"{len(of):,} {key}" for key, of in ids.items() if len(of) > 1]
    text = " · ".join([*counts, *words])
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _tells(key: str, value: object, whom: str) -> bool:
    return key not in _IDS and value not in ("", None) and not (key == "name" and str(value) in whom)


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
