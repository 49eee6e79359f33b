"""Carry out one of the commands that touch files: `python -m farmhand.worker.commands NAME JSON`."""

import json
import sys

from .steps import BadParameters
from .table import OWN


def main(argv: list[str]) -> int:
    name, parameters = argv
    try:
        OWN[name](json.loads(parameters))
    except (BadParameters, OSError) as problem:
        print(f"{name}: {problem}", file=sys.stderr, flush=True)
        return 1
    return 0


sys.exit(main(sys.argv[1:]))
