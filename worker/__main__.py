"""The door of farmhand-worker: says what to install where its packages are missing."""

import sys


def main() -> int:
    """Run the command; return its exit code."""
    try:
        from .cli import main as run
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("farmhand"):
            raise
        print(f"farmhand-worker: {missing.name} is not installed; pip install 'farmhand[worker]'", file=sys.stderr)
        return 2
    return run()


if __name__ == "__main__":
    sys.exit(main())
