"""`farmhand`: the door. The supervisor comes in by it without what reading a command line and service files takes."""

import os
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words[:1] == ["run"] and hasattr(os, "fork"):
        return _run(words)
    from . import cli

    return cli.main(words)


def _run(words: list[str]) -> int:
    """Read files aside, while the supervisor itself is loaded here; first what both of them need."""
    from . import aside
    from .definitions import plan as _  # noqa: F401
    from .platforms import native

    native()

    def plan() -> object:
        from . import cli

        return cli.plan_run(words)

    ready = aside.begin(plan)
    from . import daemon

    return daemon.run(*ready())


if __name__ == "__main__":
    sys.exit(main())
