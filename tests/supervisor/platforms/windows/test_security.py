import ctypes
import sys
from ctypes import wintypes as types

import pytest

from farmhand.supervisor.rules.exitstatus import Exit

_DACL = 4
EVERYBODY_ELSE = ("WD", "BU", "AU", "AN", "IU")  # Everyone, Users, who has signed on, who has not, who sits at it


def who_may(path):
    """Return the DACL of a file as SDDL."""
    advanced = ctypes.WinDLL("advapi32", use_last_error=True)
    needed, text = types.DWORD(), types.LPWSTR()
    advanced.GetFileSecurityW(str(path), _DACL, None, 0, ctypes.byref(needed))
    descriptor = ctypes.create_string_buffer(needed.value)
    assert advanced.GetFileSecurityW(str(path), _DACL, descriptor, needed, ctypes.byref(needed))
    convert = advanced.ConvertSecurityDescriptorToStringSecurityDescriptorW
    assert convert(descriptor, 1, _DACL, ctypes.byref(text), None)
    return text.value


def test_what_is_private_is_for_nobody_else(shell):
    folder, file = shell.folder / "folder", shell.folder / "file"
    folder.mkdir()
    file.write_text("secret")
    for path in (folder, file):
        assert any(f";{who})" in who_may(path) for who in EVERYBODY_ELSE), who_may(path)
        shell.platform.keep_private(str(path))
        assert not [who for who in EVERYBODY_ELSE if f";{who})" in who_may(path)], who_may(path)
    assert file.read_text() == "secret"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_process_that_dies_of_a_signal_is_told_of_so(shell, name):
    script = f"{shell.native}\nplatform.die_of({name!r})"
    assert shell.exit_of(shell.spawn(sys.executable, "-c", script)) == Exit(signal=name)
