"""What names and passwords people may have. Pure."""

import unicodedata

SHORTEST, LONGEST = 12, 200
LONGEST_NAME = 60


def folded(name: str) -> str:
    """Return a name as names are compared: no two people have names that look alike but for their case."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


def refuse_name(name: str) -> str | None:
    """Say what is wrong with a name; None where nothing is."""
    if not folded(name):
        return "Write a name"
    if len(name) > LONGEST_NAME:
        return f"The name has more than {LONGEST_NAME} characters; write a shorter one"
    if any(unicodedata.category(letter)[0] in "CZ" and letter != " " for letter in name):
        return "The name has characters that do not show; write it with letters"
    return None


def refuse_password(password: str, name: str) -> str | None:
    """Say what is wrong with a new password; None where nothing is. No rules on its letters: length is what counts."""
    if len(password) < SHORTEST:
        return f"The password has fewer than {SHORTEST} characters; a few words in a row make a good one"
    if len(password) > LONGEST:
        return f"The password has more than {LONGEST} characters; write a shorter one"
    if len(set(password)) < 5:
        return "The password is the same few characters over and over; a few words in a row make a good one"
    if len(folded(password).replace(folded(name) or "\0", "")) < SHORTEST // 2:
        return "The password is little more than your name; choose something else"
    return None
