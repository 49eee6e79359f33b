"""What is wrong with a database that a newer program has moved on; who catches it needs no SQLAlchemy for that."""


class TooNew(Exception):
    """The database was made by a newer Farmhand; the text says so to the operator."""
