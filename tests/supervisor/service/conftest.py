"""A supervisor that is wanted, and a home where it may be installed."""

from dataclasses import replace

import pytest
from recorded import Recorded

from farmhand.supervisor.service.wanted import Named, Wanted


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """Put a program first on PATH that writes down how it is called."""
    return lambda name: Recorded(tmp_path, name, monkeypatch)


@pytest.fixture
def wanted():
    """Return what is wanted; for the user, for no test may change the machine."""
    usual = Wanted(Named("farm", user=True), ("/opt/my python/bin/python", "-P"), ("/srv/farm.yaml",), stop=30)
    return lambda **changes: replace(usual, **changes)
