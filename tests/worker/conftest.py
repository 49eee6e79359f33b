"""What is about Windows alone is tested there."""

import sys

collect_ignore = [] if sys.platform == "win32" else ["windows"]
