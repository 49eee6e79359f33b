"""farmhand-manager enrolment, against a real manager."""

import pytest
from terminal import run

from farmhand.manager.storage import calls, enrolments, tags
from farmhand.manager.storage.store import Store

Capture = pytest.CaptureFixture[str]


def test_a_code_is_made_listed_used_and_revoked(url: str, store: Store, capsys: Capture) -> None:
    tags.add(store, "gpu", "", "kim")
    made = run(capsys, "enrolment", "make", "--uses", "2", "--expires", "1h", "--tag", "gpu")
    assert made.code == 0
    (code,) = made.lines
    assert len(code) == 39
    header, row = run(capsys, "enrolment").lines
    assert header.split() == ["CODE", "USED", "UNTIL", "TAGS", "MADE", "BY", "ID"]
    assert row.startswith(f"{code[:4]}-…  0 of 2")
    assert code not in run(capsys, "enrolment", "--json").out
    (kept,) = enrolments.known(store)
    assert run(capsys, "enrolment", "revoke", kept.id).lines == [f"enrolment {kept.id} is revoked"]
    assert "good for nothing" in run(capsys, "enrolment").out
    assert run(capsys, "enrolment", "revoke", kept.id).code == 1


def test_it_is_usable_in_a_script(url: str, store: Store, capsys: Capture) -> None:
    said = run(capsys, "enrolment", "make", "--json").json
    assert (said["uses"], said["used"], said["open"]) == (1, 0, True)
    calls.register(store, calls.Registration("n", "s" * 64, "linux", (), "", said["code"]))


@pytest.mark.parametrize(
    "words", [("make", "--uses", "0"), ("make", "--expires", "x"), ("make", "--tag", "none"), ("revoke", "x")]
)
def test_what_cannot_be_is_said(url: str, capsys: Capture, words: tuple[str, ...]) -> None:
    assert run(capsys, "enrolment", *words).code == 2
