"""sleep: wait for some whole seconds."""

from .steps import BadParameters, Parameters, Step, Wait, number


def plan(parameters: Parameters) -> Step:
    seconds = number(parameters, "duration_in_seconds")
    if not 0 <= seconds < 2**31:
        raise BadParameters(f"duration_in_seconds: {seconds!r} is not a time to wait")
    return Wait(int(seconds), f"slept {int(seconds)}s")
