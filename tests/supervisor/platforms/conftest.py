"""A platform for each test. What only some systems have is in the folders named for them."""

import sys
from pathlib import Path

from shells import PLATFORMS, fixture_of

HERE = Path(__file__).parent
PURE = {HERE / "windows/test_exits.py"}  # of Windows, but it needs none
if sys.platform == "win32":
    collect_ignore = ["posix", "linux", "test_unmet.py"]
else:
    collect_ignore = [str(path) for path in (HERE / "windows").glob("test_*.py") if path not in PURE]

shell = fixture_of(PLATFORMS)
