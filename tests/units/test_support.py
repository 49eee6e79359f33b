"""The table of what directives mean on each system is whole, and says why."""

import re
from itertools import pairwise

import pytest

from farmhand.units import directives, known, specifiers, support
from farmhand.units.check import check
from farmhand.units.directives import DIRECTIVES
from farmhand.units.support import SYSTEMS, WORDS, System, cases, differences

EVERY = [
    *((row.section, name) for name, row in DIRECTIVES.items()),
    *((section, name) for section, names in known.KEPT.items() for name in sorted(names)),
]
SENTENCE = re.compile(r'([a-z/]|Windows|Farmhand|macOS|systemd|CTRL|NOTIFY|SIG|USER|GUI)[^"]*("[^"]*)*[^.;: ]')


def said(text: str, system: System) -> list[str]:
    return [str(each) for each in differences(check("a.service", text).services, system)]


def service(*lines: str, section: str = "Service") -> str:
    return "\n".join(["[Service]", "ExecStart=/bin/x", f"[{section}]", *lines, ""])


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_directive_has_a_word_and_a_sentence_if_it_is_not_the_same(system: System) -> None:
    for section, name in EVERY:
        for case in cases(section, name, system):
            assert case.word in WORDS
            assert bool(case.why) is (case.word != "same"), name
            assert not case.why or SENTENCE.fullmatch(case.why), case.why


def test_every_name_in_the_table_is_a_directives() -> None:
    named = {
        (name, system)
        for systems, _, names, *_ in support._ROWS
        for name in names.split()
        for system in systems.split()
    }
    assert {name for name, _ in named} <= DIRECTIVES.keys()
    assert {system for _, system in named} == SYSTEMS.keys()


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_case_stands_where_it_is_never_reached(system: System) -> None:
    for section, name in EVERY:
        words = [case.values.words for case in cases(section, name, system)]
        assert all(former for former, _ in pairwise(words)), f"{name}: one for all values comes first"
        assert len(words) == len(set(words)), name


def test_what_is_not_in_force_on_linux_is_what_farmhand_only_shows() -> None:
    lost = {
        name
        for name, row in DIRECTIVES.items()
        for case in cases(row.section, name, "linux")
        if case.word == "not in force"
    }
    assert lost == directives._NOT_ALWAYS.keys()


def test_what_is_kept_is_nowhere_in_force_and_what_needs_it_nowhere_started() -> None:
    for system in SYSTEMS:
        words = {name: {case.word for case in cases(section, name, system)} for section, name in EVERY}
        assert {name for name, found in words.items() if found == {"refused"}} >= known.REFUSED.keys()
        assert all(
            words[name] == {"not in force"} for names in known.KEPT.values() for name in names - known.REFUSED.keys()
        )


@pytest.mark.parametrize(
    ("line", "system", "words"),
    [
        pytest.param("KillSignal=SIGTERM", "windows", "near on Windows: it is CTRL_C", id="a signal that has an event"),
        pytest.param("KillSignal=SIGUSR1", "windows", "not in force on Windows: ", id="a signal that nobody hears"),
        pytest.param("User=render", "windows", "refused on Windows: ", id="an account"),
        pytest.param("Type=forking", "macos", "near on macOS: ", id="one value of several"),
        pytest.param("SuccessExitStatus=47 SIGSEGV", "windows", "near on Windows: ", id="a signal among codes"),
        pytest.param("ExecStartPre=/bin/make.cmd", "windows", "near on Windows: no argument", id="a batch file"),
        pytest.param("StandardOutput=fd:x", "linux", "refused on Linux: ", id="what Farmhand has on no system"),
        pytest.param("TasksMax=12", "windows", "near on Windows: ", id="a number"),
        pytest.param("TasksMax=12%", "windows", "not in force on Windows: ", id="a part of what nobody knows"),
        pytest.param("CPUWeight=20", "macos", "not in force on macOS: ", id="a share"),
        pytest.param("ProtectSystem=yes", "macos", "not in force on macOS: sandboxing", id="what is kept"),
        pytest.param('Environment=Path=1 "PATH=2"', "windows", "near on Windows: ", id="names that are one on Windows"),
    ],
)  # fmt: skip
def test_a_line_that_is_not_the_same_is_said_with_its_place(line: str, system: System, words: str) -> None:
    (found,) = said(service(line), system)
    assert found.startswith(f"a.service:4: {line.partition('=')[0]}: {words}")


LOSES_NOTHING = """
    Type=exec SuccessExitStatus=47 RestartForceExitStatus=47 Restart=on-failure RootDirectory=/ User= DynamicUser=no
    NoNewPrivileges=no StandardOutput=file:/x Environment=A=1 CPUWeight= SendSIGHUP=no PermissionsStartOnly=no
"""


@pytest.mark.parametrize("line", LOSES_NOTHING.split())
def test_what_loses_nothing_is_not_said(line: str) -> None:
    assert [each for system in SYSTEMS for each in said(service(line), system)] == []


def test_lines_are_said_in_the_order_of_the_file_and_once_for_all_instances() -> None:
    text = "services:\n  x@:\n    instances: [1, 2]\n    ExecStart: /bin/x\n    User: a\n    Nice: 5\n    Group: b\n"
    found = differences(check("farm.yaml", text).services, "windows")
    assert [(each.line, each.key, each.word) for each in found] == [
        (5, "User", "refused"),
        (6, "Nice", "near"),
        (7, "Group", "refused"),
    ]
    assert [each.is_loss for each in found] == [True, False, True]


def test_specifiers_are_letters_that_the_machine_gives_each_once() -> None:
    letters = [letter for letters in support.SPECIFIERS for letter in letters.split()]
    assert len(letters) == len(set(letters))
    assert set(letters) <= set(specifiers.MACHINE_LETTERS)
