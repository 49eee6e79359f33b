"""Tokens of programs, and people that somebody else vouches for."""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    pass
