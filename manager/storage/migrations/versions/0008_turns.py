"""Whose turn it is, shared fairly."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nothing yet."""
