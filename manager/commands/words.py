"""What words on the command line mean: the manager's address, times, spans."""

import argparse
import os
from collections.abc import Callable
from datetime import datetime
from math import inf
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from ...units.errors import BadValue
from ...units.grammar import parse_span
from ..client import Manager
from ..clock import timestamp
from ..rules.passwords import refuse_name
from ..rules.times import read_moment

DEFAULT_URL = "http://127.0.0.1:8080/"


def add_manager(parser: argparse.ArgumentParser) -> None:
    """Add what every command has that calls a manager."""
    url = os.environ.get("FARMHAND_MANAGER", DEFAULT_URL)
    parser.add_argument("--manager", type=manager, default=url, metavar="URL", help=f"default: {url}")
    parser.add_argument(
        "--token-file",
        dest="api_token",
        type=token,
        metavar="FILE",
        help="the file of an API token; default: the token in FARMHAND_TOKEN",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def manager(text: str) -> Manager:
    with_scheme = text if "://" in text else f"http://{text}"
    if not _is_web_address(with_scheme):
        raise argparse.ArgumentTypeError(f'"{text}" is no address of a manager; write it as {DEFAULT_URL}')
    return Manager(with_scheme.rstrip("/") + "/")


def token(file: str) -> str:
    """Read an API token from a file; on the command line itself everybody on the machine could read it."""
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise argparse.ArgumentTypeError(f"{file}: {why}; name the file that has the token") from None


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0 and not parts.query and not parts.fragment
    except ValueError:  # the port is none, or a bracket is missing
        return False
    return named and parts.scheme in ("http", "https") and url.isprintable() and " " not in url


def moment(text: str) -> float | str:
    """Read "20min", "18:00" or RFC 3339 as the API takes it; a span counts from when the manager hears of it."""
    try:
        at = read_moment(text, datetime.now().astimezone())
        return timestamp(at) if ":" in text else parse_span(text)
    except BadValue as error:
        raise argparse.ArgumentTypeError(f'{error.problem}; write a time as "20min" or "18:00"') from None


def span(text: str) -> float:
    """Read "90", "10min" or "1h 30min" as seconds; no span is without an end."""
    try:
        seconds = parse_span(text)
    except BadValue as error:
        raise argparse.ArgumentTypeError(f'{error.problem}; write it as "90s" or "1h 30min"') from None
    if seconds == inf:
        raise argparse.ArgumentTypeError(f'"{text}" has no end; write a time span such as "1h 30min"')
    return seconds


def name(text: str) -> str:
    """Read the name of somebody, or of a token."""
    if wrong := refuse_name(text):
        raise argparse.ArgumentTypeError(wrong[:1].lower() + wrong[1:])
    return text


def identity(what: str, where: str) -> Callable[[str], str]:
    """Make what reads the id of something; where tells what prints it."""

    def read(text: str) -> str:
        try:
            return str(UUID(text))
        except ValueError:
            raise argparse.ArgumentTypeError(f'"{text}" is no {what}; take one from farmhand-manager {where}') from None

    return read


def number(low: int, high: int) -> Callable[[str], int]:
    """Make what reads a number between two."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f'"{text}" is no number from {low} to {high}')
        return int(text)

    return read
