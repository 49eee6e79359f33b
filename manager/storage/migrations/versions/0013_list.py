"""What the list of workers is filtered by."""

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    pass
