import winreg

import pytest

from farmhand.supervisor.platforms import opener

CLASSES = r"Software\Classes"
KIND = "farmhand.test"


@pytest.fixture
def suffix():
    """Register a kind of file that is opened with the command interpreter: for all users, as Wine heeds no other."""
    keys = {".farmhand-test": KIND, rf"{KIND}\shell\open\command": r'"C:\windows\system32\cmd.exe" /c "%1"'}
    for key, value in keys.items():
        winreg.SetValue(winreg.HKEY_LOCAL_MACHINE, rf"{CLASSES}\{key}", winreg.REG_SZ, value)
    yield ".farmhand-test"
    within = [rf"{KIND}{more}" for more in (r"\shell\open\command", r"\shell\open", r"\shell", "")]
    for key in (".farmhand-test", *within):
        winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, rf"{CLASSES}\{key}")


def test_the_program_that_opens_a_kind_of_file(suffix):
    found = opener(suffix)
    assert found is not None
    assert found.lower() == r"c:\windows\system32\cmd.exe"


def test_a_kind_that_nobody_opens():
    assert opener(".farmhand-nobody") is None
