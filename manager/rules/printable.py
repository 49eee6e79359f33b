"""Texts that somebody else wrote, for terminals and logs: on one line, and nothing in them that is not shown. Pure."""

# For a class of a regular expression: what does not show and can mislead beside control characters. It turns the
# direction of what follows, or has no width, by which one name looks like another. Joiners (U+200C, U+200D) are
# letters' business and stay.
MISLEADING = r"\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"


def printable(text: str) -> str:
    """Return a text with a replacement character for each that a terminal would obey, or nobody would see."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "\ufffd" for each in text)
