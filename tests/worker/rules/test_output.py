import pytest

from farmhand.worker.rules.output import LONGEST_LINE, Lines, ends_frame, saved_path


def lines_of(*pieces):
    lines = Lines()
    return [line for piece in pieces for line in lines.feed(piece)], lines.flush()


@pytest.mark.parametrize(
    ("pieces", "whole", "rest"),
    [
        pytest.param([b"one\ntwo\n"], ["one", "two"], [], id="lines"),
        pytest.param([b"on", b"e\ntw", b"o"], ["one"], ["two"], id="pieces"),
        pytest.param([b"a\n\nb\n"], ["a", "", "b"], [], id="empty lines are kept"),
        pytest.param([b"a\r\nb\r\n"], ["a", "b"], [], id="line ends of Windows"),
        pytest.param([b"a\r", b"\nb\n"], ["a", "b"], [], id="and cut between two reads"),
        pytest.param([b"10%\r20%\r30%"], ["10%", "20%"], ["30%"], id="progress on a terminal"),
        pytest.param([b"100%\r"], [], ["100%"], id="which ends"),
        pytest.param([b"\xff\xfe\x00ok\n"], ["\ufffd\ufffd\x00ok"], [], id="any bytes"),
        pytest.param([b""], [], [], id="nothing"),
    ],
)
def test_lines(pieces, whole, rest):
    assert lines_of(*pieces) == (whole, rest)


@pytest.mark.parametrize("ending", [b"\n", b""])
def test_endless_lines_are_not_cut_within_a_character(ending):
    text = "x" + "\N{EURO SIGN}" * LONGEST_LINE
    whole, rest = lines_of(text.encode(), ending)
    assert "".join(whole + rest) == text


def test_endless_lines_are_cut():
    whole, rest = lines_of(b"x" * (LONGEST_LINE * 2 + 5), b"\nnext\n")
    assert [len(line) for line in whole] == [LONGEST_LINE, LONGEST_LINE, 5, 4]
    assert rest == []


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("Saved: '/render/0001.png'", "/render/0001.png"),
        ("00:12.345  render | Saved: '/render/it's.png'", "/render/it's.png"),
        ("Saved: 'C:\\render\\1.jpg' ", "C:\\render\\1.jpg"),
        ("I Saved: '/no.png'", None),
        ("Saved: /no/quotes.png", None),
    ],
)
def test_saved_path(line, path):
    assert saved_path(line) == path


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        (" Time: 00:01.23 (Saving: 00:00.05)", True),
        ("Time: 00:01.23 (Saving: 00:00.05)", True),
        ("00:03.107  render           | Time: 00:01.23 (Saving: 00:00.05)", True),
        ('skipping existing frame "/render/0001.png"', True),
        ('00:03.107  render           | Skipping existing frame "/render/0001.png"', True),
        ("Fra:1 Mem:10M | Time:00:00.23 | Rendering", False),
        ("Time: soon", False),
        ("Saved: '/render/Time: 00.png'", False),
    ],
)
def test_ends_frame(line, ends):
    assert ends_frame(line) is ends


def test_a_line_that_is_no_utf_8_is_in_the_encoding_of_the_system():
    assert Lines("cp1252").feed(b"M\xfcller\nM\xc3\xbcller\n\x81\n") == [
        "Müller",
        "Müller",
        "\N{REPLACEMENT CHARACTER}",
    ]
