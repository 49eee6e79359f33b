"""Whatever is done to the rows of the audit log by somebody who does not make the whole chain anew is found."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.manager.rules import chain
from farmhand.manager.rules.chain import Broken, Entry, Head, Whole

KEY = b"a key that is kept elsewhere"
TEXTS = ("who", "way", "address", "what", "whom", "outcome", "detail")


def entries(*whoms, key=b""):
    said = [
        Entry(0, 1000 + n, "kim", "session", "::1", "tag.made", whom, "done", "{}", "") for n, whom in enumerate(whoms)
    ]
    return chain.linked(Head(), said, key)


def verdict(rows, *, kept=None, known=None, key=b""):
    """Verify rows as a table holds them, whose kept head is that of the last one unless another is given."""
    table = sorted(rows, key=lambda row: row.seq)
    end = Head(table[-1].seq, table[-1].hash, table[-1].seal) if table else Head()
    return chain.verify(lambda seq: (row for row in table if row.seq >= seq), kept=kept or end, known=known, key=key)


LOG = entries("a", "b", "c", "d", "e", "f")
END = Head(6, LOG[-1].hash)


def test_what_was_written_is_whole():
    assert verdict(LOG) == Whole(END, unsealed=6)
    assert verdict([]) == Whole(Head())
    sealed = entries("a", "b", key=KEY)
    assert verdict(sealed, key=KEY) == Whole(Head(2, sealed[-1].hash, sealed[-1].seal))


def test_a_log_goes_on_from_its_head():
    more = chain.linked(END, [replace(LOG[0], whom="g")], b"")
    assert verdict([*LOG, *more]).head.seq == 7


FIELDS = st.sampled_from([*TEXTS, "at", "before", "hash"])


@given(st.lists(st.text(), min_size=1, max_size=6), st.data())
def test_any_single_change_is_found(whoms, data):
    rows = entries(*whoms)
    place, name = data.draw(st.integers(0, len(rows) - 1)), data.draw(FIELDS)
    was = getattr(rows[place], name)
    now = data.draw((st.integers() if name == "at" else st.text()).filter(lambda it: it != was))
    rows[place] = replace(rows[place], **{name: now})
    found = verdict(rows, kept=Head(len(whoms), entries(*whoms)[-1].hash))
    assert isinstance(found, Broken)
    assert (found.seq, found.kind) == (place + 1, "changed")


@given(st.lists(st.text(), min_size=1, max_size=6), st.data())
def test_any_row_taken_out_is_found(whoms, data):
    rows = entries(*whoms)
    place, end = data.draw(st.integers(0, len(rows) - 1)), Head(len(rows), rows[-1].hash)
    closed = data.draw(st.booleans())
    left = [*rows[:place], *(replace(row, seq=row.seq - closed) for row in rows[place + 1 :])]
    found = verdict(left, kept=end)
    assert isinstance(found, Broken)
    assert (found.seq, found.kind) == (place + 1, "truncated" if place + 1 == len(rows) else "missing")


@given(st.lists(st.text(), min_size=2, max_size=6), st.data())
def test_any_two_rows_that_changed_places_are_found(whoms, data):
    rows = entries(*whoms)
    first, second = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=2, max_size=2)))
    rows[first], rows[second] = replace(rows[second], seq=first + 1), replace(rows[first], seq=second + 1)
    found = verdict(rows, kept=Head(len(whoms), entries(*whoms)[-1].hash))
    assert isinstance(found, Broken)
    assert (found.seq, found.kind) == (first + 1, "reordered")


@given(st.lists(st.text(), min_size=1, max_size=6), st.data())
def test_any_row_put_in_is_found(whoms, data):
    """Also one with a hash that fits what is before it: then it is the next one that does not follow."""
    rows = entries(*whoms)
    place, fits = data.draw(st.integers(0, len(rows))), data.draw(st.booleans())
    head = Head(place, rows[place - 1].hash) if place else Head()
    [forged] = chain.linked(head, [replace(LOG[0], whom="forged")], b"")
    forged = forged if fits else replace(forged, hash="0" * 64)
    put = [*rows[:place], forged, *(replace(row, seq=row.seq + 1) for row in rows[place:])]
    found = verdict(put, kept=Head(len(rows), rows[-1].hash))
    assert isinstance(found, Broken)
    at_the_end = place == len(rows)
    assert found.seq == place + 1 + (fits and not at_the_end)
    assert found.kind == ("changed" if at_the_end and not fits else "inserted")


@pytest.mark.parametrize("seq", [0, -5])
def test_a_row_before_the_first_is_found(seq):
    found = verdict([replace(LOG[0], seq=seq), *LOG], kept=END)
    assert (found.seq, found.kind) == (seq, "inserted")


@given(st.integers(0, 5))
def test_an_end_cut_off_is_found_by_the_head_beside_it_or_by_one_kept_elsewhere(left):
    rows = LOG[:left]
    assert verdict(rows, kept=END).kind == "truncated"
    assert verdict(rows, known=END).kind == "truncated"
    assert isinstance(verdict(rows), Whole), "a chain by itself cannot notice that"


def test_a_chain_made_anew_is_found_by_a_head_kept_elsewhere():
    anew = entries("a", "b", "another", "d", "e", "f")
    assert isinstance(verdict(anew), Whole), "a chain by itself cannot notice that"
    assert verdict(anew, known=END) == Broken(6, "changed", "its hash is not the one of the head that was given")


def test_a_chain_made_anew_is_found_by_its_seals():
    sealed = entries("a", "b", "c", key=KEY)
    anew = entries("a", "b", "another")
    with_old_seals = [replace(row, seal=was.seal) for row, was in zip(anew, sealed, strict=True)]
    assert verdict(with_old_seals, key=KEY).why == "its seal was not made with this key"
    assert verdict(anew, key=KEY).why == "the newest row has no seal, and there is a key"
    assert verdict([*sealed[:2], anew[2]], key=KEY).seq == 3
    assert verdict(sealed, key=b"another key").seq == 1


def test_a_head_that_is_not_the_end_is_found():
    assert verdict(LOG, kept=Head(6, "0" * 64)).kind == "changed"
    assert verdict(LOG, kept=Head(5, LOG[4].hash)) == Broken(
        6, "inserted", "the log goes to row 6, and the database says that it ends with row 5"
    )


def test_a_head_is_read_as_it_is_written():
    assert chain.read_head(f" {END}\n") == END


@pytest.mark.parametrize("text", ["", "6", "6:ab", f"x:{'0' * 64}", f"6:{'G' * 64}", f"-1:{'0' * 64}"])
def test_what_is_no_head_is_refused(text):
    with pytest.raises(ValueError, match="is no head of an audit log"):
        chain.read_head(text)
