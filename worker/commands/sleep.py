"""sleep: wait for some whole seconds."""

from .steps import BadParameters, Parameters, Step, Wait, number


def plan(parameters: Parameters) -> Step:
    seconds = number(parameters, "duration_in_seconds")
    if not 0 <= seconds < 2**31:
        raise BadParameters(f"duration_in_seconds: {seconds!r} is not a time to wait")
    return Wait(int(seconds), f"slept {_duration(int(seconds))}")


def _duration(seconds: int) -> str:
    """Write a time as Go does, and so Flamenco: 1h0m5s."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{seconds}s" if hours else f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
