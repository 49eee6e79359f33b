"""What all tests of units share. Property tests have no deadline: how long an example takes says more about the machine
than about the code."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("farmhand", deadline=None)
settings.load_profile("farmhand")


@pytest.fixture(scope="session")
def child(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The process that follows a script and tells what befalls it: tests/conformance/README.md."""
    program = tmp_path_factory.mktemp("child") / "child"
    source = Path(__file__).parents[1] / "conformance/child.c"
    subprocess.run(["cc", "-O2", "-static", "-o", program, source], check=True)
    return program
