"""The door of farmhand-manager: says what to install where its packages are missing."""

import sys


def main() -> int:
    """Run the command; return its exit code."""
    try:
        from .cli import main as run

        return run()
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("farmhand"):
            raise
        print(f"farmhand-manager: {missing.name} is not installed; pip install 'farmhand[manager]'", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
