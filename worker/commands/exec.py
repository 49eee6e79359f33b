"""exec: run a program, without a shell."""

from .steps import Parameters, Step, run, text, words


def plan(parameters: Parameters) -> Step:
    return run([text(parameters, "exe"), *words(parameters, "args")])
