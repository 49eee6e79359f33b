"""Run tests within Windows' Python under Wine: all that are for Windows, or the files and options that are named.

Farmhand is there as users get it: its wheel, installed by Windows' pip.
"""

import sys
import tempfile
from pathlib import Path

from install import install
from wine import ROOT, WindowsPython, as_windows_has_it, show

sys.path.insert(0, str(ROOT / "tests/support"))
from wheel import copy_of_checkout, wheel_of

# What pytest collects there. Folders of what Windows has not are left out by their conftest.
_OF_WORKER = ("commands", "rules", "windows", "test_client.py", "test_config.py", "test_outbox.py")
FOR_WINDOWS = ("tests/supervisor/platforms", *(f"tests/worker/{name}" for name in _OF_WORKER))
OPTIONS = ("-p", "no:cacheprovider", "-rxX", "--durations=5")


def ready() -> WindowsPython:
    """Return a Windows' Python that has this checkout's farmhand."""
    windows = WindowsPython()
    install(windows)
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder, "checkout")
        checkout.mkdir()
        wheel = wheel_of(copy_of_checkout(checkout), Path(folder))
        windows.check("-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--force-reinstall", name(wheel))
    return windows


def name(path: Path) -> str:
    return as_windows_has_it(path)


def main(words: list[str]) -> int:
    windows = ready()
    config = (f"--rootdir={name(ROOT)}", f"--config-file={name(ROOT / 'pyproject.toml')}")
    places = [name(ROOT / word) if (ROOT / word.partition("::")[0]).exists() else word for word in words]
    if places == words:  # options alone
        places += [name(ROOT / place) for place in FOR_WINDOWS]
    with windows.started("-m", "pytest", *config, *OPTIONS, *places) as process:
        return show(process)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
