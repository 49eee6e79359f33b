"""The programs and files that service managers are spoken to by."""

import os
import subprocess
from collections.abc import Sequence

from ..exit_codes import REFUSED
from .wanted import NotInstalled, Refused

Answer = subprocess.CompletedProcess[str]


def ask(words: Sequence[str]) -> Answer:
    """Run a program and return what it said and ended with; raises Refused where there is no such program."""
    try:
        return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise Refused(f"{words[0]}: {error.strerror}", "it comes with the system's service manager") from None


def order(words: Sequence[str]) -> Answer:
    """Run a program that has to succeed; raises Refused with what it said."""
    answer = ask(words)
    if answer.returncode:
        raise Refused(f"{' '.join(words)}: exit code {answer.returncode}", _said(answer), REFUSED)
    return answer


def _said(answer: Answer) -> str:
    lines = (answer.stderr.strip() or answer.stdout.strip() or "it said nothing").splitlines()
    return " / ".join(line.strip() for line in lines)


def put(path: str, content: bytes, *, hint: str) -> None:
    """Write a new file whole or not at all; hint: what to do where this user may not. Raises Refused."""
    try:
        if os.path.lexists(path):
            raise Refused(f"{path} is there already", "'farmhand service remove' takes it away")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(f"{path}.new", "wb") as file:
            file.write(content)
        os.replace(f"{path}.new", path)
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}", hint, REFUSED) from None


def demand(path: str) -> None:
    """Raise NotInstalled if there is no such file."""
    if not os.path.exists(path):
        raise NotInstalled(path)


def take_away(path: str, *, hint: str) -> None:
    """Remove a file; raises Refused, and NotInstalled if there is none."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        raise NotInstalled(path) from None
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}", hint, REFUSED) from None
