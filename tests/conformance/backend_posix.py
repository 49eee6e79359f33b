"""Farmhand as `backend.py` plugs it in, but on what every POSIX system has: the platform of macOS and the BSDs.

All that Linux alone has is switched off: pidfd, orphans that come back, control groups, /proc.
"""

import sys
from pathlib import Path

import backend


def main() -> int:
    backend.take_checkout()
    sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))
    from portable import nothing_but_posix

    from farmhand.supervisor import platforms
    from farmhand.supervisor.platforms.posix import POSIX

    platforms.native = lambda: POSIX
    with nothing_but_posix():
        return backend.main()


if __name__ == "__main__":
    sys.exit(main())
