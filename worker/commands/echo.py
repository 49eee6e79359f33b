"""echo: write a message into the log."""

import json

from .steps import BadParameters, Parameters, Say, Step


def plan(parameters: Parameters) -> Step:
    if "message" not in parameters:
        raise BadParameters("message: is missing")
    message = parameters["message"]
    return Say(f'echo: "{message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)}"')
