"""Tags, and what jobs keep of their submission."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Nothing yet."""
