"""A worker's program at a farm that does not let everybody in."""

import contextlib
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from manager_server import serving
from polling import until
from stores import fresh
from worker_process import worker

from farmhand.manager.config import Settings
from farmhand.manager.rules.joining import Joining
from farmhand.manager.storage import agents, enrolments, joining
from farmhand.worker.credentials import NAME
from farmhand.worker.wire import DENIED_EXIT_CODE, Status

FARMHAND = str(Path(sys.executable).with_name("farmhand"))


@pytest.fixture
def farm(tmp_path):
    """Return a function that serves a farm where workers get in by a way."""
    with contextlib.ExitStack() as stack:

        def serve(way):
            store = fresh(tmp_path / "farm", Settings(without_login=True, registration=way))
            stack.callback(store.close)
            return store, stack.enter_context(serving(store))

        yield serve


def only(store):
    found = store.workers()
    return found[0] if len(found) == 1 else None


def is_status(store, status):
    found = only(store)
    return found is not None and found.status is status and found.pushes


def test_it_waits_asleep_and_works_as_soon_as_it_is_let_in(farm, tmp_path):
    store, url = farm(Joining.APPROVAL)
    with worker(url, tmp_path / "w") as started:
        until(lambda: is_status(store, Status.ASLEEP), "it to sleep")
        assert "is not let in yet" in started.log
        joining.let_in(store, [only(store).id], "kim")
        let_in = time.monotonic()
        until(lambda: is_status(store, Status.AWAKE), "it to be awake")
        print(f"awake after {time.monotonic() - let_in:.2f} s")


def test_one_that_is_turned_away_ends_and_says_why(farm, tmp_path):
    store, url = farm(Joining.APPROVAL)
    with worker(url, tmp_path / "w") as started:
        until(lambda: is_status(store, Status.ASLEEP), "it to sleep")
        joining.turn_away(store, [only(store).id], "kim")
        assert started.exit_code() == DENIED_EXIT_CODE
        assert "revoked these credentials: it was not let in; start once with --register" in started.log


def test_one_whose_credentials_are_revoked_ends_at_once_and_has_to_be_let_in_anew(farm, tmp_path):
    store, url = farm(Joining.APPROVAL)
    code = enrolments.make(store, "kim").code
    with worker(url, tmp_path / "w", env={"FARMHAND_ENROLMENT_CODE": code}) as started:
        until(lambda: is_status(store, Status.AWAKE), "it to be awake")
        joining.revoke(store, [only(store).id], "kim", "sold")
        assert started.exit_code() == DENIED_EXIT_CODE
        assert "revoked these credentials: sold" in started.log
    with worker(url, tmp_path / "w", "--register", env={"FARMHAND_ENROLMENT_CODE": code}):
        until(lambda: is_status(store, Status.ASLEEP), "it to wait")
        assert only(store).waiting


def test_without_a_code_it_is_told_how_to_get_one(farm, tmp_path):
    _, url = farm(Joining.CODE)
    with worker(url, tmp_path / "w") as started:
        assert started.exit_code() == DENIED_EXIT_CODE
        assert "does not let this worker join: who joins this farm needs an enrolment code" in started.log


def test_a_code_in_a_file_lets_it_in_and_its_credentials_are_its_own(farm, tmp_path):
    store, url = farm(Joining.CODE)
    code = enrolments.make(store, "kim").code
    (tmp_path / "code").write_text(f"{code}\n")
    with worker(url, tmp_path / "w", "--enrolment-code-file", str(tmp_path / "code")) as started:
        until(lambda: is_status(store, Status.AWAKE), "it to be awake")
        assert code not in started.log
    kept = tmp_path / "w" / "data" / NAME
    if os.name == "posix":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert code not in kept.read_text()


# -- agents


@contextlib.contextmanager
def agent(url, folder, **env):
    """Run an agent that sees no supervisor, which is nothing to its manager."""
    words = [FARMHAND, "agent", "--manager", url, "--service", "worker@*", "--data", str(folder / "agent")]
    control = {"FARMHAND_CONTROL": str(folder / "nowhere.sock")}
    with subprocess.Popen(words, env={**os.environ, **control, **env}, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_an_agent_waits_and_ends_when_it_is_turned_away(farm, tmp_path):
    store, url = farm(Joining.APPROVAL)
    with agent(url, tmp_path) as process:
        until(lambda: joining.waiting(store), "it to enrol")
        (guest,) = joining.waiting(store)
        assert guest.kind == "agent"
        joining.turn_away(store, [guest.id], "kim")
        _, said = process.communicate(timeout=40)
        assert process.returncode == DENIED_EXIT_CODE
        assert "revoked these credentials: it was not let in" in said


def test_an_agent_shows_its_code(farm, tmp_path):
    store, url = farm(Joining.CODE)
    with agent(url, tmp_path) as process:
        _, said = process.communicate(timeout=20)
        assert process.returncode == DENIED_EXIT_CODE
        assert "who joins this farm needs an enrolment code" in said
    with agent(url, tmp_path, FARMHAND_ENROLMENT_CODE=enrolments.make(store, "kim").code):
        until(lambda: agents.known(store), "it to enrol")
        assert joining.waiting(store) == []
