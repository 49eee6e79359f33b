"""That a manager started is written down with its settings, and with no secret of theirs."""

import json

import pytest
from stores import opened

from farmhand.manager import started
from farmhand.manager.config import Settings
from farmhand.manager.rules.deeds import SETTINGS
from farmhand.manager.storage import audit
from farmhand.manager.targets import Notices, Webhook


def test_a_start_is_written_down_with_what_is_other_than_usual(tmp_path):
    with opened("sqlite", tmp_path, settings=Settings(manager_name="North", undo=0.0)) as store:
        started.note(store)
        [row] = audit.in_order(store.database, 10)
    assert (row.what, row.way, row.whom) == (SETTINGS, "command line", "the manager")
    assert json.loads(row.detail) == {"manager_name": "North", "undo": 0.0}


SECRET = "s3cret"


@pytest.mark.parametrize(
    "settings",
    [
        Settings(database=f"postgresql://farmhand:{SECRET}@db.example.org/farmhand"),
        Settings(notices=Notices((Webhook("ops", (), f"https://chat.example.org/{SECRET}", "slack"),))),
    ],
)
def test_no_secret_is_written_down(settings):
    shown = started.shown(settings)
    assert shown
    assert SECRET not in json.dumps(shown)
