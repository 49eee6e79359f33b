"""How a command line gets to a program of Windows unharmed: quotes, spaces, batch files and their traps, long paths."""

import os
import shutil

import pytest
from child import command
from gaps import gap

from farmhand.supervisor.platforms.windows import launch
from farmhand.supervisor.rules.exitstatus import Exit

SYSTEM = os.path.join(os.environ["SYSTEMROOT"], "system32")
ECHOES = '@echo off\r\n>"%~dp0told" echo [%1][%2]\r\nexit /b 47\r\n'
LONGER_THAN_MAX_PATH = 300


def batch(shell, name="echo.bat", folder=""):
    path = shell.folder / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ECHOES, newline="")
    return str(path)


@pytest.mark.parametrize("name", ["echo.bat", "ECHO.CMD"])
def test_a_batch_file_is_a_program(shell, name):
    assert shell.exit_of(shell.spawn(batch(shell, name), "one", "two")) == Exit(code=47)
    assert shell.text_in("told") == '["one"]["two"]'


@pytest.mark.parametrize(
    "word", ["two words", "a&b", "a|b", "a>b", "a<b", "a^b", "(a)", "a;b", "a,b", "a=b", "'a'", "&whoami&", "a\\"]
)
def test_what_means_something_to_the_interpreter_of_batch_files_is_text(shell, word):
    assert shell.exit_of(shell.spawn(batch(shell, folder="a & b"), word, "end")) == Exit(code=47)
    assert (shell.folder / "a & b/told").read_text().strip() == f'["{word}"]["end"]'


@pytest.mark.parametrize("word", ['"&whoami', "%PATH%", "%CMDCMDLINE:~-1%", "!PATH!", "a\nwhoami", "a\rb", "a\0b"])
@pytest.mark.parametrize("name", ["echo.bat", "echo.cmd", "echo.bat.", "echo.bat ", "echo.bat. .", "ECHO.BAT"])
def test_what_cannot_be_made_text_for_a_batch_file_is_refused(shell, word, name):
    """Windows drops dots and spaces from the end of a name: such a file is a batch file as well."""
    batch(shell)
    tree = shell.spawn(str(shell.folder / name), word)
    assert shell.exit_of(tree) == Exit(code=203)
    assert "a batch file cannot be given arguments with any of" in tree.refusal()
    assert not (shell.folder / "told").exists()


def test_a_program_that_is_no_batch_file_may_be_given_anything(shell):
    words = ['"&whoami', "%PATH%", "!PATH!", "a\nwhoami"]
    shell.spawn(*command("note('words', repr(sys.argv[2:]))"), *words, cwd=str(shell.folder))
    assert shell.text_in("words") == repr(words)


def test_a_program_may_be_in_a_folder_with_spaces(shell):
    folder = shell.folder / "Program Files (x86)"
    folder.mkdir()
    program = shutil.copy(f"{SYSTEM}\\hostname.exe", folder / "host name.exe")
    shutil.copy(f"{SYSTEM}\\hostname.exe", shell.folder / "Program.exe")
    assert shell.output_of(str(program), cwd=str(folder)).strip()
    assert shell.exit_of(shell.trees[-1]) == Exit(code=0)


@gap("long program path")
def test_a_program_may_have_a_long_path(shell):
    folder = str(shell.folder)
    while len(folder) < LONGER_THAN_MAX_PATH:
        folder = os.path.join(folder, "a" * 50)
    os.makedirs(f"\\\\?\\{folder}")
    program = os.path.join(folder, "hostname.exe")
    shutil.copy(f"{SYSTEM}\\hostname.exe", f"\\\\?\\{program}")
    assert shell.exit_of(shell.spawn(program)) == Exit(code=0)


def test_of_variables_whose_names_differ_in_capitals_only_the_last_counts(shell):
    given = {"farm": "first", "SYSTEMROOT": os.environ["SYSTEMROOT"], "Farm": "last", "FARM2": "x"}
    shell.child("note('env', [os.environ[name] for name in ('FARM', 'FARM2')])", bare_env=given)
    assert shell.text_in("env") == repr(["last", "x"])


def test_variables_are_in_order():
    assert list(launch.environment({"b": "1", "_": "2", "A": "3", "B": "4"})) == ["A", "B", "_"]
