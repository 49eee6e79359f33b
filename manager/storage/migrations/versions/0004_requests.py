"""What is asked of workers: deadlines, reasons, plans."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing yet."""
