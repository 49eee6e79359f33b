"""What specifiers stand for on the machine that the tests run on."""

import os
import socket

import pytest

from farmhand.units import machine
from farmhand.units.places import SYSTEM_FOLDERS
from farmhand.units.specifiers import MACHINE_LETTERS


def test_this_machine() -> None:
    here = machine.here()
    assert here["H"] == socket.gethostname()
    assert here.keys() <= set(MACHINE_LETTERS)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root has the system's folders")
def test_root_has_the_systems_folders() -> None:
    assert machine.here().items() >= SYSTEM_FOLDERS.items()


def test_where_there_is_no_run_root_has_that_in_var(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(os.path, "isdir", lambda path: path == "/var/run")
    assert machine.folders() == {**SYSTEM_FOLDERS, "t": "/var/run"}


@pytest.mark.parametrize(("account", "folder"), [("/windows/profiles/system", "/all"), ("/users/kim", "/kims")])
def test_accounts_of_windows_itself_keep_things_where_all_can_find_them(
    monkeypatch: pytest.MonkeyPatch, account: str, folder: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    environ = {"SYSTEMROOT": "/windows", "USERPROFILE": account, "PROGRAMDATA": "/all", "LOCALAPPDATA": "/kims"}
    assert machine.folders({"HOME": "/x", **environ})["S"] == folder


def test_users_have_folders_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    here = machine.here({"HOME": "/home/kim", "XDG_CACHE_HOME": "/fast"})
    assert (here["h"], here["S"], here["L"], here["C"]) == (
        "/home/kim",
        "/home/kim/.local/state",
        "/home/kim/.local/state/log",
        "/fast",
    )
