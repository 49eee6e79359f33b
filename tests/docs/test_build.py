"""Sphinx builds the pages, and has nothing to warn of."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

MISSING = [name for name in ("sphinx", "myst_parser", "furo") if importlib.util.find_spec(name) is None]


@pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} is not installed")
def test_the_pages_build_without_a_warning(docs: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-d", tmp_path / "doctrees", docs, tmp_path / "html"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "html" / "reference" / "directives.html").exists()
