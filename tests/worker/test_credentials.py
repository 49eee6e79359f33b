"""Where a worker's credentials come from."""

import os
import stat
from pathlib import Path

import pytest

from farmhand.supervisor.platforms import native
from farmhand.worker.client import Credentials
from farmhand.worker.config import BadConfig
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


has_modes = pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no modes here")


@has_modes
def test_a_file_that_others_can_read_is_taken_from_them_with_a_word(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = data / NAME
    kept.chmod(0o644)
    assert load(data, native().keep_private) == Credentials("one", "s")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "could be read by others" in caplog.text
    caplog.clear()
    load(data, native().keep_private)
    assert caplog.text == ""


@has_modes
def test_one_that_cannot_be_taken_from_others_is_refused(data: Path) -> None:
    def fail(_path: str) -> None:
        raise PermissionError("not yours")

    (data / NAME).chmod(0o666)
    with pytest.raises(BadConfig, match="not yours"):
        load(data, fail)
