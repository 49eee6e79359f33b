"""How workers and agents are let in."""

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    pass
