"""What comes along with a request: the parameters of an address, or the fields of a form."""

from typing import Protocol


class Given(Protocol):
    """Texts by their names, as Flask and Starlette have them."""

    def get(self, key: str, default: str, /) -> str: ...

    def getlist(self, key: str, /) -> list[str]: ...


def whole_number(text: str) -> int | None:
    """Read a whole number that every database can count with; None for anything else.

    int() reads more, such as "٣", and raises for what has thousands of digits; str.isdigit() knows "²" for one.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def page_number(given: Given) -> int | None:
    """Read which page of a list is asked for, the first where nothing is said; None for what is no page."""
    found = whole_number(given.get("page", "") or "1")
    return found if found and found < 1_000_000 else None
