"""The wheel of this checkout, built from a copy of it: setuptools leaves its build/ and *.egg-info where it builds."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("manager", "supervisor", "units", "worker")


def copy_of_checkout(to: Path) -> Path:
    """Copy what a wheel is built from."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, to)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, to / package, ignore=shutil.ignore_patterns("__pycache__"))
    return to


def wheel_of(checkout: Path, into: Path) -> Path:
    """Build the wheel of a copy."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*command, into, checkout], check=True)
    (wheel,) = into.glob("farmhand-*.whl")
    return wheel
