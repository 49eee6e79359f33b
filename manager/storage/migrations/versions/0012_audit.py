"""Who did what, in a chain; and what is to be told to whom."""

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    pass
