"""The audit log as a chain: the hash of each entry covers that of the one before it. Pure.

Whoever changes, removes, adds or moves an entry has to make all later hashes anew; the head, the number and hash of the
newest entry, is then another. What a chain cannot notice by itself is one that was made anew as a whole, or one that
was cut off at its end together with the head that is kept beside it: for that a head has to be kept elsewhere. A seal,
made with a key that is not in the database, cannot be made anew by whoever has only the database; that a sealed chain
was put back to what it was earlier it does not notice either.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

# What the first entry follows.
NOTHING = "0" * 64

_FORM = "farmhand audit 1"


@dataclass(frozen=True)
class Entry:
    """One row of the log. detail: a JSON object as it was written. before: the hash of the entry before it.

    at: milliseconds since the epoch. way, address: whence.py. seal: of the hash, empty where there was no key.
    """

    seq: int
    at: int
    who: str
    way: str
    address: str
    what: str
    whom: str
    outcome: str
    detail: str
    before: str
    hash: str = ""
    seal: str = ""


@dataclass(frozen=True)
class Head:
    """The end of the chain. It is written as 812:0f3a…, the number and the hash of the newest entry."""

    seq: int = 0
    hash: str = NOTHING
    seal: str = ""

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


def read_head(text: str) -> Head:
    """Read a head as it is written; raises ValueError."""
    seq, colon, digest = text.strip().partition(":")
    if not colon or not (seq.isascii() and seq.isdigit()) or len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise ValueError(f'"{text}" is no head of an audit log; write it as `audit verify` printed it, NUMBER:HASH')
    return Head(int(seq), digest)


def canonical(entry: Entry) -> bytes:
    """Return the bytes that are hashed: a JSON array in ASCII without spaces, in the order of the fields."""
    return json.dumps(
        [
            *(_FORM, entry.seq, entry.at, entry.who, entry.way, entry.address),
            *(entry.what, entry.whom, entry.outcome, entry.detail, entry.before),
        ],
        separators=(",", ":"),
    ).encode("ascii")


def digest(entry: Entry) -> str:
    """Return the SHA-256 of an entry, in hexadecimal."""
    return hashlib.sha256(canonical(entry)).hexdigest()


def seal(key: bytes, hash: str) -> str:
    """Return the HMAC-SHA256 of an entry's hash, in hexadecimal; empty without a key."""
    return hmac.new(key, hash.encode(), hashlib.sha256).hexdigest() if key else ""


def linked(head: Head, entries: Iterable[Entry], key: bytes) -> list[Entry]:
    """Number the entries on from the head, and hash and seal each."""
    made = []
    for entry in entries:
        follows = replace(entry, seq=head.seq + 1, before=head.hash)
        hash = digest(follows)
        head = Head(follows.seq, hash, seal(key, hash))
        made.append(replace(follows, hash=hash, seal=head.seal))
    return made


# -- verifying


@dataclass(frozen=True)
class Whole:
    """The chain is as it was written. unsealed: how many of the entries have no seal."""

    head: Head
    unsealed: int = 0


@dataclass(frozen=True)
class Broken:
    """The chain is not. seq: the first row that is not right.

    kind: changed, missing, inserted, reordered or truncated.
    """

    seq: int
    kind: str
    why: str


# Reads the entries from a number on, in their order.
Read = Callable[[int], Iterator[Entry]]

# No row should have a number below 1, so that is looked for too.
_LOWEST = -(2**63)


def verify(read: Read, *, kept: Head, known: Head | None = None, key: bytes = b"") -> Whole | Broken:
    """Follow the chain, and name the first row that is not right.

    kept: the head as the database has it; known: one that was kept elsewhere, of any time. key: looks at the seals.
    """
    head, unsealed = Head(), 0
    for entry in read(_LOWEST):
        wrong = _link(head, entry, read, kept.seq) or _sealed(head, entry, key) or _known(entry, known)
        if wrong is not None:
            return wrong
        unsealed += not entry.seal
        head = Head(entry.seq, entry.hash, entry.seal)
    for end, whose in ((kept, "the database says"), (known, "the head that was given says")):
        if end is not None and end.seq > head.seq:
            why = f"the log ends with row {head.seq}, and {whose} that it went to row {end.seq}"
            return Broken(head.seq + 1, "truncated", why)
    if (kept.seq, kept.hash, kept.seal) != (head.seq, head.hash, head.seal):
        why = f"the log goes to row {head.seq}, and the database says that it ends with row {kept.seq}"
        same = kept.seq == head.seq
        why = f"the hash or seal that is kept of row {head.seq} is another than the row's" if same else why
        return Broken(head.seq if same else kept.seq + 1, "changed" if same else "inserted", why)
    if key and head.seq and not head.seal:
        return Broken(head.seq, "changed", "the newest row has no seal, and there is a key")
    return Whole(head, unsealed)


def _link(head: Head, entry: Entry, read: Read, end: int) -> Broken | None:
    """Say what is wrong with how an entry follows what is before it."""
    due = head.seq + 1
    if entry.seq != due:
        return _gap(due, entry.seq)
    if digest(entry) != entry.hash:
        return _unlike(entry, read, end)
    if entry.before != head.hash:
        return Broken(due, "changed", f"it does not follow row {head.seq}: one of the two was put in another's place")
    return None


def _gap(due: int, found: int) -> Broken:
    if found < due:
        return Broken(found, "inserted", f"row {found} is a row more than was written")
    rows = f"row {due} is" if found == due + 1 else f"rows {due} to {found - 1} are"
    return Broken(due, "missing", f"{rows} not there; row {found} is the next")


def _unlike(entry: Entry, read: Read, end: int) -> Broken:
    """Say what happened to an entry whose hash is not its own: it or its number was changed."""
    seq, was = entry.seq, _written_as(entry, min(end, entry.seq + _FAR))
    stands = next((other.seq for other in read(seq + 1) if digest(replace(other, seq=seq)) == other.hash), None)
    if was is None and stands is None:
        return Broken(seq, "changed", "its hash is not that of what it says")
    if was is not None and was < seq:
        return Broken(seq, "inserted", f"it was written as row {was}: something was put in before it")
    if stands is None:
        return Broken(seq, "missing", f"it was written as row {was}: what stood before it was taken out")
    if was is None:
        return Broken(seq, "inserted", f"what was written as row {seq} is row {stands} now")
    return Broken(seq, "reordered", f"it was written as row {was}, and what was written as row {seq} is row {stands}")


# An entry that was moved further than this counts as changed.
_FAR = 100_000


def _written_as(entry: Entry, end: int) -> int | None:
    """Return the number, up to `end`, under which an entry has its hash; None where something else was changed."""
    return next((seq for seq in range(1, end + 1) if digest(replace(entry, seq=seq)) == entry.hash), None)


def _sealed(head: Head, entry: Entry, key: bytes) -> Broken | None:
    if head.seal and not entry.seal:
        return Broken(entry.seq, "changed", "it has no seal, and the row before it has one")
    if key and entry.seal and not hmac.compare_digest(seal(key, entry.hash), entry.seal):
        return Broken(entry.seq, "changed", "its seal was not made with this key")
    return None


def _known(entry: Entry, known: Head | None) -> Broken | None:
    if known is not None and entry.seq == known.seq and entry.hash != known.hash:
        return Broken(entry.seq, "changed", "its hash is not the one of the head that was given")
    return None
