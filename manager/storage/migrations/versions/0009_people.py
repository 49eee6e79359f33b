"""Who may sign in, with what, and what they may do."""

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    pass
