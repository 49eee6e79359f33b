"""What a test needs of the machine; where it is absent the test is skipped and says why."""

import os
import shutil
import sys

import pytest


def program(name: str) -> pytest.MarkDecorator:
    """Skip without a program on the PATH."""
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")


def systemd() -> pytest.MarkDecorator:
    """Skip where no systemd can be booted in namespaces of its own."""
    missing = [
        what
        for what, there in {
            "Linux": sys.platform == "linux",
            "root": hasattr(os, "geteuid") and os.geteuid() == 0,
            "systemd": os.path.exists("/lib/systemd/systemd"),
            "unshare": shutil.which("unshare") is not None,
        }.items()
        if not there
    ]
    return pytest.mark.skipif(bool(missing), reason=f"a systemd of its own needs {', '.join(missing)}")


as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may")
