"""What all services of Windows have in common, whoever makes them. Standard library only."""

import re
from collections.abc import Sequence

RESTARTS = (1.0, 10.0, 60.0)  # seconds until it is started again after the first failure, the second, and all others
FORGET_AFTER = 86_400.0  # seconds without a failure after which the next is the first

# Accounts that need no password, by the names that people know them by.
ACCOUNTS = {
    "localsystem": "LocalSystem",
    "localservice": r"NT AUTHORITY\LocalService",
    "networkservice": r"NT AUTHORITY\NetworkService",
}
NOT_FOR_A_USER = "a service of Windows is the machine's; `farmhand service install --user` makes a task for one user"


def command_line(program: str, arguments: Sequence[str]) -> str:
    """Return the command line of a service. The program is in quotes whatever it is called: without them, C:\\Program
    would be tried first for one in "C:\\Program Files", and whoever may write that would be the service."""
    return " ".join([f'"{program}"', *map(word, arguments)])


def word(text: str) -> str:
    """Quote an argument as programs take their command line apart: CommandLineToArgvW, and the C library's start."""
    if text and not re.search(r"[\s\"]", text):
        return text
    return '"' + re.sub(r'(\\*)("|\Z)', _doubled, text) + '"'


def _doubled(found: re.Match[str]) -> str:
    """Double the backslashes before a quote, or the end, and protect the quote; elsewhere they are just themselves."""
    return found[1] * 2 + ('\\"' if found[2] else "")


def is_somebodys(account: str) -> bool:
    """Say whether an account is none of Windows' own, so that it has to be allowed to log on as a service."""
    return account.lower() not in ACCOUNTS and not account.lower().startswith("nt ")


def has_password(account: str) -> bool:
    """Say whether Windows wants to know the password of an account: not of its own, nor of managed ones, NAME$."""
    return is_somebodys(account) and not account.endswith("$")


def words(text: str) -> list[str]:
    """Take a command line apart, `word` the other way round: CommandLineToArgvW."""
    found: list[str] = []
    word: str | None = None
    quoted = False
    for slashes, char in re.findall(r"(\\*)([^\\]|\Z)", text):
        if char == '"':
            word = (word or "") + slashes[: len(slashes) // 2] + '"' * (len(slashes) % 2)
            quoted ^= len(slashes) % 2 == 0
        elif char in (" ", "\t", "\n", "\r") and not quoted:
            found += [] if word is None and not slashes else [(word or "") + slashes]
            word = None
        elif slashes or char:
            word = (word or "") + slashes + char
    return found if word is None else [*found, word]


# By the least of systemd's Nice= that means it; what is nicer to itself is high.
PRIORITIES = {15: "idle", 1: "belownormal", 0: "normal", -10: "abovenormal", -20: "high"}


def priority(nice: int) -> str:
    """Name the class of priority that a niceness is on Windows."""
    return next(name for least, name in PRIORITIES.items() if nice >= least)
