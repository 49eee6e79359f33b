"""Commands for whoever starts a program just as it is written: their variables have to be replaced beforehand."""

import re
from collections.abc import Mapping

from .spec import Command
from .variables import expand, literal

_NAMES = re.compile(r"\$(?:\$|\{([^{}:]*)\})|^\$([^{$].*)")


def settled(command: Command, environment: Mapping[str, str]) -> Command:
    """Give a command as it is if its variables are all in the service's environment; the others stand for nothing."""
    names = {found[1] or found[2] for word in command.words for found in _NAMES.finditer(word)} - {None}
    if command.literal or names <= environment.keys():
        return command
    return Command(tuple(map(literal, expand(command, environment))))
