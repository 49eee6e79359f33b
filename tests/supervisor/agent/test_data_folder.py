"""Where an agent keeps what it has to, unless that is said."""

import os
from pathlib import Path

import pytest

from farmhand.supervisor.agent import command
from farmhand.supervisor.platforms import places


@pytest.mark.parametrize(
    ("user", "environment", "folder"),
    [
        (0, {}, "/var/lib/farmhand-agent"),
        (0, {"XDG_STATE_HOME": "/root/state"}, "/var/lib/farmhand-agent"),
        (1000, {"XDG_STATE_HOME": "/home/kim/state"}, "/home/kim/state/farmhand-agent"),
        (1000, {}, "~/.local/state/farmhand-agent"),
        (1000, {"STATE_DIRECTORY": "/var/lib/node:/var/lib/other"}, "/var/lib/node"),
    ],
)
def test_an_agent_keeps_its_data_where_the_platform_keeps_state(monkeypatch, user, environment, folder):
    monkeypatch.setattr(places.os, "geteuid", lambda: user)
    assert command._data_folder(environment) == Path(os.path.expanduser(folder))
