"""Commands for whoever starts a program just as it is written: their variables have to be replaced beforehand."""

import re
from collections.abc import Mapping
from dataclasses import replace

from .spec import Command, Service
from .variables import expand, literal

_NAMES = re.compile(r"\$(?:\$|\{([^{}:]*)\})|^\$([^{$].*)")


def settled(command: Command, environment: Mapping[str, str]) -> Command:
    """Give a command as it is if its variables are all in the service's environment; the others stand for nothing."""
    names = {found[1] or found[2] for word in command.words[1:] for found in _NAMES.finditer(word)} - {None}
    if command.literal or names <= environment.keys():
        return command
    return Command((command.words[0], *map(literal, expand(command, environment)[1:])))


def of_windows(service: Service) -> tuple[Command, ...]:
    """Give the one command of a service as Windows' own managers can start it: by its name, with its own rights."""
    commands = (replace(command, argv0=None, privilege="", ignore_failure=False) for command in service.exec_start[-1:])
    return tuple(settled(command, service.environment) for command in commands)


def started(command: Command, environment: Mapping[str, str]) -> list[str]:
    """Give the program, in which nothing is replaced, and its arguments; systemd.service(5), "Command lines"."""
    return [command.words[0], *expand(command, environment)[1:]]
