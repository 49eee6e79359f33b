"""Where a worker's credentials come from."""

from pathlib import Path

import pytest

from farmhand.worker.client import Credentials
from farmhand.worker.credentials import NAME, folder, load

KEPT = "worker_id: one\nworker_secret: s\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / NAME).write_text(KEPT)
    return tmp_path / "data"


def test_what_the_service_manager_hands_over_counts(tmp_path: Path, data: Path) -> None:
    (tmp_path / NAME).write_text(KEPT.replace("one", "two"))
    assert load(folder({"CREDENTIALS_DIRECTORY": str(tmp_path)}, data)) == Credentials("two", "s")


def test_other_secrets_that_it_hands_over_are_no_credentials(tmp_path: Path, data: Path) -> None:
    assert folder({"CREDENTIALS_DIRECTORY": str(tmp_path)}, data) == data


def test_without_a_service_manager_they_are_with_the_workers_data(data: Path) -> None:
    assert load(folder({}, data)) == Credentials("one", "s")
