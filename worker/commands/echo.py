"""echo: write a message into the log."""

from .steps import BadParameters, Parameters, Say, Step


def plan(parameters: Parameters) -> Step:
    if "message" not in parameters:
        raise BadParameters("message: is missing")
    return Say(f'echo: "{parameters["message"]}"')
