"""Command lines of Exec…= directives, read as systemd 252 reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.units.command_line import parse_commands, write_command
from farmhand.units.errors import BadValue
from farmhand.units.spec import Command


def parse(text: str) -> tuple[Command, ...]:
    return parse_commands(text, lambda word: word, lambda problem, hint: None)


READ = [
    ("/bin/x a b", Command(("/bin/x", "a", "b"))),
    ("-/bin/x", Command(("/bin/x",), ignore_failure=True)),
    (":/bin/x $A", Command(("/bin/x", "$A"), literal=True)),
    ("+/bin/x", Command(("/bin/x",), privilege="+")),
    ("!/bin/x", Command(("/bin/x",), privilege="!")),
    ("!!/bin/x", Command(("/bin/x",), privilege="!!")),
    ("@/bin/x name a", Command(("/bin/x", "a"), argv0="name")),
    ('@/bin/x "" a', Command(("/bin/x", "a"), argv0="")),
    ("@-/bin/x name", Command(("/bin/x",), argv0="name", ignore_failure=True)),
    ("-:@/bin/x name $A", Command(("/bin/x", "$A"), argv0="name", ignore_failure=True, literal=True)),
    ('"-/bin/x" a', Command(("/bin/x", "a"), ignore_failure=True)),
    ("env a", Command(("env", "a"))),
    ("//bin/./x", Command(("/bin/x",))),
    ("/usr/../bin/x", Command(("/usr/../bin/x",))),
    ("/bin/x a;b ';' \";\"", Command(("/bin/x", "a;b", ";", ";"))),
    ("/bin/x a \\; b", Command(("/bin/x", "a", ";", "b"))),
    ("/bin/x a ;", Command(("/bin/x", "a"))),
    ("/bin/x # not a comment", Command(("/bin/x", "#", "not", "a", "comment"))),
    ("C:/farm/x.exe a", Command(("C:/farm/x.exe", "a"))),
]


@pytest.mark.parametrize(("text", "command"), READ)
def test_reads(text: str, command: Command) -> None:
    assert parse(text) == (command,)


def test_a_lone_semicolon_parts_commands() -> None:
    assert parse("/bin/a x ; -/bin/b ; /bin/c") == (
        Command(("/bin/a", "x")),
        Command(("/bin/b",), ignore_failure=True),
        Command(("/bin/c",)),
    )


@pytest.mark.parametrize(
    "text", ["+!/bin/x", "./x", "/bin/x/", "/bin/x 'a", "@/bin/x", '"/bin/\\nx"', '"/bin/\'"', '"/bin/a\\\\b"']
)
def test_what_is_wrong_is_fatal(text: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse(text)
    assert caught.value.fatal


@pytest.mark.parametrize("text", ["-", "-./x", "-/bin/x 'a"])
def test_a_dash_forgives_even_a_broken_line(text: str) -> None:
    told: list[str] = []
    assert parse_commands(text, lambda word: word, lambda problem, hint: told.append(problem)) == ()
    assert told


ARGUMENTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
COMMANDS = st.builds(
    Command,
    st.tuples(st.from_regex(r"/bin/[a-zA-Z% $;]*[a-z]", fullmatch=True)).flatmap(
        lambda program: st.lists(ARGUMENTS, max_size=4).map(lambda rest: (*program, *rest))
    ),
    argv0=st.none() | ARGUMENTS,
    ignore_failure=st.booleans(),
    literal=st.booleans(),
    privilege=st.sampled_from(["", "+", "!", "!!"]),
)


@given(COMMANDS)
def test_what_is_written_reads_back(command: Command) -> None:
    text = write_command(command, lambda word: word)
    assert "\n" not in text
    assert parse(text) == (command,)


def test_a_program_that_would_read_as_a_prefix_is_refused() -> None:
    with pytest.raises(BadValue, match="cannot begin"):
        write_command(Command(("-x",)), lambda word: word)
