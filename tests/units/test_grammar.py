"""Values of directives against what systemd 252 made of them."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.units import formats, grammar, statuses
from farmhand.units.errors import BadValue
from farmhand.units.spec import Limit, StatusSet

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

# systemd.time(7), and the corners that it leaves open.
SPANS = [
    ("5", 5.0),
    ("100ms", 0.1),
    ("1.5s", 1.5),
    (".5s", 0.5),
    ("+5", 5.0),
    ("2h", 2 * HOUR),
    ("1h30m", 1.5 * HOUR),
    ("1min 30s", 90.0),
    ("1s 500ms 20us", 1.50002),
    ("500usec", 0.0005),
    ("500μs", 0.0005),
    ("500µs", 0.0005),
    ("2seconds", 2.0),
    ("2m", 2 * MINUTE),
    ("2M", 2 * 2629800.0),
    ("2 months", 2 * 2629800.0),
    ("1msec", 0.001),
    ("1y", 31557600.0),
    ("1w", 7 * DAY),
    ("20 30", 50.0),
    ("12s.5", 12.5),
    (" 5 ", 5.0),
    ("infinity", inf),
]
NO_SPANS = [
    "",
    "bogus",
    "5S",
    "1e3",
    "5.s",
    "5.",
    "1000ns",
    "1nsec",
    "5,5",
    "-1",
    "-0",
    "12.34.56",
    "infinity 1",
    "5\0",
]


@pytest.mark.parametrize(("text", "seconds"), SPANS)
def test_spans(text: str, seconds: float) -> None:
    assert grammar.parse_span(text) == seconds


@pytest.mark.parametrize("text", NO_SPANS)
def test_no_spans(text: str) -> None:
    with pytest.raises(BadValue, match="is not a time span"):
        grammar.parse_span(text)


NANOSECONDS = [
    ("10", 10),
    ("1 ns", 1),
    ("1.5us", 1500),
    ("1us 5nsec", 1005),
    ("1.0005ms", 1_000_500),
    ("infinity", None),
]


@pytest.mark.parametrize(("text", "count"), NANOSECONDS)
def test_nanoseconds(text: str, count: int | None) -> None:
    assert grammar.parse_nanoseconds(text) == count


@given(st.integers(0, 2**53).map(lambda us: us / 1e6) | st.just(inf))
def test_a_written_span_reads_back(seconds: float) -> None:
    assert grammar.parse_span(formats.format_span(seconds)) == seconds


@pytest.mark.parametrize(("seconds", "text"), [(320, "5min 20s"), (0, "0"), (0.1, "100ms"), (inf, "infinity")])
def test_spans_are_written_as_systemd_shows_them(seconds: float, text: str) -> None:
    assert formats.format_span(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.5, "1.500000s"),
        (0.0055, "5.500ms"),
        (90.5, "1min 30.500000s"),
        (0.1, "100ms"),
        (3600, "1h"),
        (inf, "infinity"),
    ],
)
def test_spans_are_shown_as_systemctl_shows_them(seconds: float, text: str) -> None:
    assert formats.show_span(seconds) == text


def test_no_timeout_is_written_as_0_too() -> None:
    assert grammar.parse_timeout("0") == inf


@pytest.mark.parametrize("text", ["1", "yes", "y", "t", "True", "oN"])
def test_yes(text: str) -> None:
    assert grammar.parse_boolean(text) is True


@pytest.mark.parametrize("text", ["0", "no", "n", "f", "FALSE", "off"])
def test_no(text: str) -> None:
    assert grammar.parse_boolean(text) is False


@pytest.mark.parametrize("text", ['"yes"', "2", "", "ja"])
def test_neither(text: str) -> None:
    with pytest.raises(BadValue, match="neither yes nor no"):
        grammar.parse_boolean(text)


STATUSES = [
    ("0", 0),
    ("255", 255),
    ("0x2f", 47),
    ("057", 47),
    ("TEMPFAIL", 75),
    ("CONFIG", 78),
    ("NOTRUNNING", 7),
    ("EXEC", 203),
    ("BPF", 244),
    ("SIGKILL", "SIGKILL"),
    ("KILL", "SIGKILL"),
    ("RTMIN+3", "SIGRTMIN+3"),
]


@pytest.mark.parametrize(("text", "status"), STATUSES)
def test_statuses(text: str, status: int | str) -> None:
    assert grammar.parse_status(text) == status


@pytest.mark.parametrize("text", ["256", "-1", "1,47", "40-50", '"47"', "tempfail", "sigkill", "089", "RTMIN+31"])
def test_no_statuses(text: str) -> None:
    with pytest.raises(BadValue):
        grammar.parse_status(text)


def test_a_near_miss_is_named() -> None:
    with pytest.raises(BadValue) as caught:
        grammar.parse_status("SIGTREM")
    assert caught.value.hint == 'did you mean "SIGTERM"?'


@given(st.frozensets(st.integers(0, 255)), st.frozensets(st.sampled_from([f"SIG{name}" for name in statuses.SIGNALS])))
def test_written_statuses_read_back(codes: frozenset[int], signals: frozenset[str]) -> None:
    statuses = StatusSet(codes, signals)
    words = grammar.format_statuses(statuses).split()
    assert grammar.status_set([grammar.parse_status(word) for word in words]) == statuses


@pytest.mark.parametrize(("text", "name"), [("15", "SIGTERM"), ("INT", "SIGINT"), ("SIGUSR1", "SIGUSR1")])
def test_signals(text: str, name: str) -> None:
    assert grammar.parse_signal(text) == name


@pytest.mark.parametrize(
    ("name", "number"), [("SIGHUP", 1), ("SIGTERM", 15), ("SIGSYS", 31), ("SIGRTMIN+3", 37), ("SIGRTMAX-1", 63)]
)
def test_numbers_of_signals(name: str, number: int) -> None:
    assert statuses.signal_number(name) == number


@pytest.mark.parametrize(("text", "size"), [("4096", 4096), ("1G", 2**30), ("1.5G", 3 * 2**29), ("1G 512M", 3 * 2**29)])
def test_sizes(text: str, size: int) -> None:
    assert grammar.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "1X", "512M 1G", "G", "-1", "1g"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(BadValue, match="is not a size"):
        grammar.parse_size(text)


LIMITS = [
    ("NOFILE", "1024", Limit(1024, 1024)),
    ("NOFILE", "1024:4096", Limit(1024, 4096)),
    ("NOFILE", "infinity", Limit(None, None)),
    ("AS", "8G", Limit(2**33, 2**33)),
    ("FSIZE", "1.5G:infinity", Limit(3 * 2**29, None)),
    ("CPU", "500ms", Limit(1, 1)),
    ("CPU", "1h:2h", Limit(3600, 7200)),
    ("RTTIME", "5", Limit(5, 5)),
    ("RTTIME", "1s", Limit(1_000_000, 1_000_000)),
    ("NICE", "+5", Limit(15, 15)),
    ("NICE", "5", Limit(5, 5)),
    ("CPU", "1h :2h", Limit(3600, 7200)),
    ("CPU", "1h: infinity", Limit(3600, None)),
    ("AS", "4096 : 8K", Limit(4096, 8192)),
]


@pytest.mark.parametrize(("name", "text", "limit"), LIMITS)
def test_limits(name: str, text: str, limit: Limit) -> None:
    assert grammar.parse_limit(name, text) == limit
    assert grammar.parse_limit(name, grammar.format_limit(name, limit)) == limit


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("NOFILE", "1K"), ("NOFILE", "1000:"), ("NOFILE", ":2000"), ("AS", "2G:1G"), ("AS", "infinity:1")),
        *(("AS", "1G :2G"), ("AS", "1G: infinity"), ("NOFILE", "1 :2")),
    ],
)
def test_no_limits(name: str, text: str) -> None:
    with pytest.raises(BadValue):
        grammar.parse_limit(name, text)


@pytest.mark.parametrize(("text", "mask"), [("022", 0o22), ("22", 0o22), ("000022", 0o22), ("0", 0), ("7777", 0o7777)])
def test_umasks(text: str, mask: int) -> None:
    assert grammar.parse_umask(text) == mask


@pytest.mark.parametrize("text", ["888", "u=rwx", "", "77777"])
def test_no_umasks(text: str) -> None:
    with pytest.raises(BadValue, match="is not a file mode"):
        grammar.parse_umask(text)


@pytest.mark.parametrize(("name", "value"), [("A-B", "x"), ("1A", "x"), ("", "x"), ("A", "\udce4")])
def test_no_variables(name: str, value: str) -> None:
    with pytest.raises(BadValue):
        grammar.check_environment(name, value)


def test_tab_and_newline_may_be_in_a_variable() -> None:
    grammar.check_environment("A", "a\tb\nc")
